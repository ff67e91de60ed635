extension NodeDocument {
  /// Reads the main document of a node, or returns nil if there is none.
  ///
  /// If both versions of Zarr have one, that of version 3 counts, as in zarr-python.
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
  /// - Throws: ``ZarrError/metadata(path:reason:)`` if it is not an object, and ``StoreError``.
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
      // A node of Zarr v2 has several documents, so the error names the document.
      let location = ZarrArray.location(store, path)
      let path = name == names[0] ? location : "\(location)/\(name)"
      throw ZarrError.metadata(path: path, reason: error)
    }
  }

  /// Writes a document of a node.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)`` if it exceeds the limits, and ``StoreError``.
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
  /// - Throws: ``ZarrError/metadata(path:reason:)`` if it exceeds the limits.
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
  /// The key of a value of the node, whose name must be valid.
  func storeKey(_ name: String) -> StoreKey { StoreKey(checked: key(name)) }
}

extension NodeMetadata {
  /// Reads the documents of a node, of either version of Zarr.
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

  /// Whether a node has a main document.
  static func exists(in store: any Store, at path: NodePath) throws -> Bool {
    for name in NodeDocument.names where try store.byteCount(of: path.storeKey(name)) != nil {
      return true
    }
    return false
  }

  /// Writes the documents of a new node, unless one exists by now.
  ///
  /// - Throws: ``ZarrError/alreadyExists(path:)``, and as ``write(to:at:_:)``.
  func create(
    in store: any Store, at path: NodePath, _ limits: MetadataLimits = MetadataLimits()
  ) throws {
    let location = ZarrArray.location(store, path)
    // Not all stores check what they replace.
    guard try !Self.exists(in: store, at: path) else { throw ZarrError.alreadyExists(path: location) }
    do {
      for (name, document) in documents {
        let key = path.storeKey(name)
        let bytes = try NodeDocument.encode(document, named: name, of: location, limits)
        // Attributes without a node are left over from an old one.
        let old = NodeDocument.names.contains(name) ? nil : try store.openValue(key)
        // SAFETY: Bytes have no padding.
        try store.write(key, over: .seen(old), byteCount: bytes.count) { append in
          try append(unsafe bytes.span.bytes)
        }
      }
    } catch StoreError.changed {
      throw ZarrError.alreadyExists(path: location)
    }
  }

  /// Writes the documents of a node.
  ///
  /// If `old` is given, the main document is replaced only if it is still `old`.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)`` if a document exceeds the limits,
  ///   ``StoreError/changed(path:)``, and other errors of the store.
  func write(
    to store: any Store, at path: NodePath, _ limits: MetadataLimits = MetadataLimits(),
    replacing old: (any StoredValue)? = nil
  ) throws {
    for (name, document) in documents {
      if let old, NodeDocument.names.contains(name) {
        let bytes = try NodeDocument.encode(
          document, named: name, of: ZarrArray.location(store, path), limits)
        // SAFETY: Bytes have no padding.
        try store.write(path.storeKey(name), over: .seen(old), byteCount: bytes.count) { append in
          try append(unsafe bytes.span.bytes)
        }
      } else {
        try NodeDocument.write(document, named: name, to: store, at: path, limits)
      }
    }
  }
}
