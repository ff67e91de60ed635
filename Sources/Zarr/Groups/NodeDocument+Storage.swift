extension NodeDocument {
  /// Reads the document that makes a node, or returns nil if there is none.
  ///
  /// Where both versions of Zarr have one, that of version 3 counts, as in zarr-python.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)`` and ``StoreError``.
  static func read(
    from store: any Store, at path: NodePath, _ limits: MetadataLimits
  ) throws -> NodeDocument? {
    for name in names {
      guard let fields = try object(named: name, from: store, at: path, limits) else { continue }
      let isVersion2 = name != names[0]
      let attributes = isVersion2 ? try object(named: attributesName, from: store, at: path, limits) : nil
      do {
        return try NodeDocument(named: name, fields, attributes: attributes)
      } catch {
        throw ZarrError.metadata(path: ZarrArray.location(store, path), reason: error)
      }
    }
    return nil
  }

  /// Reads a document of a node, or returns nil if there is none.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)`` if it is no object, and ``StoreError``.
  static func object(
    named name: String, from store: any Store, at path: NodePath, _ limits: MetadataLimits
  ) throws -> JSONObject? {
    let limit = limits.byteCount(ofDocument: name)
    let bytes: [UInt8]
    do {
      guard let found = try store.bytes(of: path.storeKey(name), limit: limit) else { return nil }
      bytes = found
    } catch StoreError.tooLarge(_, let byteCount, _) {
      throw ZarrError.metadata(
        path: ZarrArray.location(store, path),
        reason: MetadataLimits.tooLarge(name, byteCount: byteCount, limit: limit))
    }
    do throws(MetadataError) {
      let parser = JSONParser(maximumDepth: limits.depth, maximumByteCount: limit)
      let document = try MetadataFields(decoding: bytes, with: parser).object
      try limits.check(document, named: name, byteCount: bytes.count)
      return document
    } catch {
      // A node of Zarr v2 has several documents, so the error has to tell which one.
      let location = ZarrArray.location(store, path)
      let path = name == names[0] ? location : "\(location)/\(name)"
      throw ZarrError.metadata(path: path, reason: error)
    }
  }

  /// Writes a document of a node.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)`` if it is larger than what is read, and ``StoreError``.
  static func write(
    _ document: JSONObject, named name: String, to store: any Store, at path: NodePath,
    _ limits: MetadataLimits
  ) throws {
    let bytes = try encode(document, named: name, of: ZarrArray.location(store, path), limits)
    // SAFETY: Bytes have no padding.
    try store.write(path.storeKey(name), unsafe bytes.span.bytes)
  }

  /// The bytes of a document of a node.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)`` if it is larger than what is read.
  static func encode(
    _ document: JSONObject, named name: String, of location: String, _ limits: MetadataLimits
  ) throws -> [UInt8] {
    let bytes = JSONWriter().bytes(of: .object(document))
    do {
      try limits.check(document, named: name, byteCount: bytes.count)
    } catch {
      throw ZarrError.metadata(path: location, reason: error)
    }
    return bytes
  }
}

extension NodePath {
  /// The key in the store of something that belongs to the node, which has a name that is known to be one.
  func storeKey(_ name: String) -> StoreKey { StoreKey(checked: key(name)) }
}
