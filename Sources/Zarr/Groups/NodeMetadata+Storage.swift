extension NodeMetadata {
  /// Reads the documents of a node, of whichever version of Zarr they are.
  ///
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/metadata(path:reason:)``, and ``StoreError``.
  static func read(
    from store: any Store, at path: NodePath, _ limits: MetadataLimits = MetadataLimits()
  ) throws -> NodeMetadata {
    let location = ZarrArray.location(store, path)
    guard let document = try NodeDocument.read(from: store, at: path, limits) else {
      throw ZarrError.notFound(path: location)
    }
    do {
      return try document.metadata()
    } catch {
      throw ZarrError.metadata(path: location, reason: error)
    }
  }

  /// Whether there is a document that makes a node.
  static func exists(in store: any Store, at path: NodePath) throws -> Bool {
    for name in NodeDocument.names where try store.byteCount(of: path.storeKey(name)) != nil {
      return true
    }
    return false
  }

  /// Writes the documents of a node.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)`` if a document is larger than what is read, and
  ///   ``StoreError``.
  func write(
    to store: any Store, at path: NodePath, _ limits: MetadataLimits = MetadataLimits()
  ) throws {
    for (name, document) in documents {
      try NodeDocument.write(document, named: name, to: store, at: path, limits)
    }
  }
}
