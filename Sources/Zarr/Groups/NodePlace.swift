import ChunkEngine

/// A place in a store where a node is to be.
struct NodePlace {
  let store: any Store
  let path: NodePath

  /// The place as people read it in errors.
  var location: String { ZarrArray.location(store, path) }

  /// Makes way for a new node, and creates the groups above it that do not exist.
  ///
  /// - Parameters:
  ///   - format: The version of the format of the node, which is that of the groups above it too.
  ///   - overwrites: Whether a node that is there is removed, with all that it holds.
  /// - Throws: ``ZarrError/alreadyExists(path:)``, ``ZarrError/wrongNode(path:expected:)`` if there is an
  ///   array above, ``ZarrError/mixedFormats(path:found:expected:)``, and ``StoreError``.
  func prepare(for format: ZarrFormat = .version3, overwrites: Bool) throws {
    let documents = try documents()
    if !documents.isEmpty && !overwrites { throw ZarrError.alreadyExists(path: location) }
    let missing = try missingGroups(for: format)
    if !documents.isEmpty { try remove(documents) }
    // From the top, so that each of them can be found from the root as soon as it is there.
    for group in missing.reversed() {
      try NodeMetadata.group(GroupMetadata(zarrFormat: format)).write(to: store, at: group)
    }
  }

  /// The paths above for which there is no group yet, the nearest one first.
  private func missingGroups(for format: ZarrFormat) throws -> [NodePath] {
    var missing: [NodePath] = []
    var next = path.parent
    while let group = next {
      if try NodeMetadata.exists(in: store, at: group) {
        let metadata = try NodeMetadata.read(from: store, at: group)
        let location = ZarrArray.location(store, group)
        guard case .group = metadata else {
          throw ZarrError.wrongNode(path: location, expected: "group")
        }
        guard metadata.zarrFormat == format else {
          throw ZarrError.mixedFormats(path: location, found: metadata.zarrFormat, expected: format)
        }
        return missing
      }
      missing.append(group)
      next = group.parent
    }
    return missing
  }

  /// A document that makes a node, as it was found.
  struct Document {
    fileprivate let key: StoreKey
    fileprivate let value: any StoredValue
    fileprivate let bytes: [UInt8]
  }

  /// The documents that make the node that is here.
  func documents() throws -> [Document] {
    try NodeDocument.names.compactMap { try document(at: path.storeKey($0)) }
  }

  private func document(at key: StoreKey) throws -> Document? {
    guard try store.byteCount(of: key) != nil, let value = try store.openValue(key) else { return nil }
    var arena = ByteArena()
    // Enough to tell documents apart.
    try value.read(0..<min(value.byteCount, 1 << 20), into: &arena)
    return Document(key: key, value: value, bytes: unsafe arena.bytes.withUnsafeBytes { unsafe Array($0) })
  }

  /// Removes the node that was found here, with all that it holds.
  ///
  /// - Throws: ``StoreError/changed(path:)`` if there is another node by now, which stays.
  func remove(_ documents: [Document]) throws {
    // The documents go last: if this is interrupted, the node is still there to be removed.
    let prefix = path.description
    let listing = try store.listDirectory(prefix)
    try check(documents)
    // What a link leads to is another node, which stays.
    guard !listing.isLinked else { return try store.deleteAll(prefix) }
    for name in listing.prefixes {
      try check(documents)
      try store.deleteAll(path.key(name))
    }
    for name in listing.values where !NodeDocument.names.contains(name) {
      try check(documents)
      try store.delete(path.storeKey(name))
    }
    for document in documents {
      do {
        try store.delete(document.value, at: document.key)
      } catch StoreError.changed {
        // A link to a document always looks changed.
        try check(document)
        try store.delete(document.key)
      }
    }
    if try !NodeMetadata.exists(in: store, at: path) { try store.deleteAll(prefix) }
  }

  /// Checks that documents are as they were found.
  private func check(_ documents: [Document]) throws { for document in documents { try check(document) } }

  private func check(_ document: Document) throws {
    guard let found = try self.document(at: document.key), found.bytes == document.bytes,
      found.value.byteCount == document.value.byteCount
    else {
      throw StoreError.changed(path: "\(store.location)/\(document.key)")
    }
  }
}
