extension ConsolidatedMetadata {
  /// Reads the copies that a group holds, or returns nil if it holds none.
  ///
  /// - Parameters:
  ///   - group: What the group's own metadata says.
  ///   - path: The path of the group.
  ///   - store: The store that holds the group.
  ///   - limits: The most that the metadata can make the reader take.
  /// - Returns: The copies.
  /// - Throws: ``ZarrError/metadata(path:reason:)`` and ``StoreError``.
  static func read(
    of group: GroupMetadata, at path: NodePath, in store: any Store, _ limits: MetadataLimits
  ) throws -> Self? {
    do {
      switch group.zarrFormat {
      case .version3:
        guard let value = group.consolidatedMetadata, value != .null else { return nil }
        return try ConsolidatedMetadata(version3: value, holder: path)
      case .version2:
        guard let document = try NodeDocument.object(named: version2Name, from: store, at: path, limits)
        else {
          return nil
        }
        return try ConsolidatedMetadata(version2: document, holder: path)
      }
    } catch let error as MetadataError {
      throw ZarrError.metadata(path: ZarrArray.location(store, path), reason: error)
    }
  }

  /// Copies the documents of all nodes below a group.
  ///
  /// - Parameters:
  ///   - path: The path of the group.
  ///   - store: The store that holds it.
  ///   - format: The version of Zarr that all of them have to be of.
  ///   - limits: The most that metadata can make the reader take.
  ///   - leaveOut: Is told of each node that cannot be among the copies, and why.
  /// - Returns: The copies.
  /// - Throws: What `leaveOut` throws, and ``StoreError`` if the group cannot be listed.
  static func collect(
    below path: NodePath, in store: any Store, format: ZarrFormat, _ limits: MetadataLimits,
    leavingOut leaveOut: (NodeEntry, any Error) throws -> Void
  ) throws -> Self {
    var documents: [NodePath: Result<NodeDocument, MetadataError>] = [:]
    try HierarchyWalk(maximumDepth: Int.max) {
      try NodeEntry.children(of: $0, in: store, limits, atMost: $1)
    }
    .run(from: path) { entry, _ in
      do {
        let document = try entry.content.get()
        guard document.format == format else {
          throw ZarrError.mixedFormats(path: entry.location, found: document.format, expected: format)
        }
        documents[entry.path] = .success(document)
      } catch {
        try leaveOut(entry, error)
      }
    }
    return ConsolidatedMetadata(holder: path, format: format, documents: documents)
  }

  /// Writes the copies to the group that holds them, in place of those that are there.
  ///
  /// - Parameters:
  ///   - group: What the group's own metadata says; it is written too, except in Zarr v2.
  ///   - store: The store that holds the group.
  ///   - limits: The most that is read of them.
  /// - Throws: ``ZarrError/metadata(path:reason:)`` if they are larger than what is read, and ``StoreError``.
  func write(with group: inout GroupMetadata, to store: any Store, _ limits: MetadataLimits) throws {
    switch format {
    case .version3:
      group.consolidatedMetadata = version3
      try NodeMetadata.group(group).write(to: store, at: holder, limits)
    case .version2:
      try NodeDocument.write(version2(of: group), named: Self.version2Name, to: store, at: holder, limits)
    }
  }

  /// The nodes directly below a group, which is the holder or below it.
  func entries(of path: NodePath, in store: any Store) -> [NodeEntry] {
    children(of: path).compactMap { entry(at: $0, in: store) }
  }

  /// The node with a path, or nil if there is no copy of its documents.
  func entry(at path: NodePath, in store: any Store) -> NodeEntry? {
    documents[path].map { content in
      let location =
        "\(ZarrArray.location(store, path)), by the consolidated metadata of \(ZarrArray.location(store, holder))"
      return NodeEntry(
        path: path, location: location,
        content: content.mapError { ZarrError.metadata(path: location, reason: $0) })
    }
  }
}
