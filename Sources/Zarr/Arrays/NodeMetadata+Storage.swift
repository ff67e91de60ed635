extension NodeMetadata {
  /// The most bytes of a document that are read.
  private static let maximumByteCount = 64 << 20

  /// The key of a node's document.
  static func key(of path: NodePath) -> StoreKey {
    StoreKey(checked: path.key("zarr.json"))
  }

  /// Reads the document of a node.
  ///
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/metadata(path:reason:)``, and ``StoreError``.
  static func read(from store: any Store, at path: NodePath) throws -> NodeMetadata {
    let location = ZarrArray.location(store, path)
    guard let bytes = try store.bytes(of: key(of: path), limit: maximumByteCount) else {
      throw ZarrError.notFound(path: location)
    }
    do {
      return try NodeMetadata(decoding: bytes)
    } catch {
      throw ZarrError.metadata(path: location, reason: error)
    }
  }

  /// Whether there is a document of a node.
  static func exists(in store: any Store, at path: NodePath) throws -> Bool {
    try store.byteCount(of: key(of: path)) != nil
  }

  /// Writes the document of a node.
  func write(to store: any Store, at path: NodePath) throws {
    // SAFETY: Bytes have no padding.
    try store.write(Self.key(of: path), unsafe encoded().span.bytes)
  }
}
