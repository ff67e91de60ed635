import ChunkEngine

/// An array or a group in a store.
public enum ZarrNode: Sendable {
  /// The node is an array.
  case array(ZarrArray)
  /// The node is a group.
  case group(ZarrGroup)

  /// Opens the node at a path, an array or a group of either version of Zarr.
  ///
  /// - Parameters:
  ///   - store: The store that holds the node.
  ///   - path: The path in the store, empty for its root.
  ///   - access: The run-time settings, if the node is an array.
  ///   - usingConsolidatedMetadata: As in `ZarrGroup.open(in:at:usingConsolidatedMetadata:limits:)`.
  /// - Returns: The node.
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/metadata(path:reason:)``, and
  ///   ``ZarrError/store(path:reason:)``.
  @available(*, noasync)
  public static func open(
    in store: any Store, at path: String = "", access: ArrayAccess = ArrayAccess(),
    usingConsolidatedMetadata: Bool = true
  ) throws(ZarrError) -> ZarrNode {
    let path = try NodePath(existing: path, in: store)
    return try zarrErrors(at: ZarrArray.location(store, path)) {
      try ZarrNode(
        NodeMetadata.read(from: store, at: path, access.metadataLimits), in: store, at: path, access: access,
        usingConsolidatedMetadata: usingConsolidatedMetadata)
    }
  }

  /// Creates a node from its metadata.
  init(
    _ metadata: NodeMetadata, in store: any Store, at path: NodePath, access: ArrayAccess,
    usingConsolidatedMetadata: Bool
  ) throws {
    switch metadata {
    case .array(let metadata):
      self = .array(try ZarrArray(metadata, store: store, path: path, access: access))
    case .group(let metadata):
      let copies =
        usingConsolidatedMetadata
        ? try ConsolidatedMetadata.read(of: metadata, at: path, in: store, access.metadataLimits) : nil
      self = .group(
        ZarrGroup(metadata, copies: copies, store: store, path: path, limits: access.metadataLimits))
    }
  }

  /// The kind of the node.
  public var kind: NodeKind {
    switch self {
    case .array: .array
    case .group: .group
    }
  }

  /// The store that holds the node.
  public var store: any Store {
    switch self {
    case .array(let array): array.store
    case .group(let group): group.store
    }
  }

  /// The path in the store.
  public var path: NodePath {
    switch self {
    case .array(let array): array.path
    case .group(let group): group.path
    }
  }

  /// The current metadata of the node.
  public var metadata: NodeMetadata {
    switch self {
    case .array(let array): .array(array.metadata)
    case .group(let group): .group(group.metadata)
    }
  }
}

extension NodePath {
  /// The path of a node that may exist, with errors that name the store.
  init(existing text: String, in store: any Store) throws(ZarrError) {
    do {
      try self.init(existing: text)
    } catch {
      throw .metadata(path: store.location, reason: error)
    }
  }
}

/// The place in a store of a new or old node.
struct NodePlace {
  let store: any Store
  let path: NodePath

  /// The place for error messages.
  var location: String { ZarrArray.location(store, path) }

  /// Prepares for a new node, and creates missing groups above it.
  ///
  /// - Parameters:
  ///   - format: The version of the format of the node and of the groups above it.
  ///   - overwrites: Whether an existing node is removed with its content.
  /// - Throws: ``ZarrError/alreadyExists(path:)``, ``ZarrError/wrongNode(path:expected:)`` if there is an
  ///   array above, ``ZarrError/mixedFormats(path:found:expected:)``, and ``StoreError``.
  func prepare(for format: ZarrFormat = .version3, overwrites: Bool) throws {
    let documents = try documents()
    if !documents.isEmpty && !overwrites { throw ZarrError.alreadyExists(path: location) }
    let missing = try missingGroups(for: format)
    if !documents.isEmpty { try remove(documents) }
    try createGroups(at: missing, for: format)
  }

  /// Creates missing groups above, of a version of the format.
  ///
  /// - Throws: The same as ``prepare(for:overwrites:)``.
  func createGroups(for format: ZarrFormat) throws {
    try createGroups(at: missingGroups(for: format), for: format)
  }

  /// Creates groups at paths, nearest first, where another writer may create them meanwhile.
  private func createGroups(at paths: [NodePath], for format: ZarrFormat) throws {
    let documents = NodeMetadata.group(GroupMetadata(zarrFormat: format)).documents
    // From the top, so that each group can be found from the root at once.
    for group in paths.reversed() {
      for (name, document) in documents {
        let bytes = JSONWriter().bytes(of: .object(document))
        do {
          try store.write(group.storeKey(name), over: .seen(nil), bytes.rawSpan)
        } catch StoreError.changed {
          // What another writer has written stays.
          if name != NodeDocument.attributesName { try checkGroup(at: group, format) }
        }
      }
    }
  }

  /// The paths of missing groups above, nearest first.
  private func missingGroups(for format: ZarrFormat) throws -> [NodePath] {
    var missing: [NodePath] = []
    var next = path.parent
    while let group = next, try !NodeMetadata.exists(in: store, at: group) {
      missing.append(group)
      next = group.parent
    }
    if let next { try checkGroup(at: next, format) }
    return missing
  }

  /// Checks that a node is a group of a version of the format.
  private func checkGroup(at path: NodePath, _ format: ZarrFormat) throws {
    let metadata = try NodeMetadata.read(from: store, at: path)
    let location = ZarrArray.location(store, path)
    guard case .group = metadata else { throw ZarrError.wrongNode(path: location, expected: "group") }
    guard metadata.zarrFormat == format else {
      throw ZarrError.mixedFormats(path: location, found: metadata.zarrFormat, expected: format)
    }
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
    // What is no file is no document.
    guard try store.byteCount(of: key) != nil, let value = try store.openValue(key) else { return nil }
    var arena = ByteArena()
    // Enough to tell documents apart.
    try value.read(0..<min(value.byteCount, 1 << 20), into: &arena)
    return Document(key: key, value: value, bytes: unsafe arena.bytes.withUnsafeBytes { unsafe Array($0) })
  }

  /// Removes the node that was found here, with its content.
  ///
  /// - Throws: ``StoreError/changed(path:)`` if another node has taken its place, which stays.
  func remove(_ documents: [Document]) throws {
    // The documents go last: after an interruption, the node still exists and can be removed.
    let prefix = path.description
    let listing = try store.listDirectory(prefix)
    try check(documents)
    // A link leads to another node, which stays.
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
        try store.delete(document.key, over: .seen(document.value))
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
