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

  /// Writes the documents of a new node, unless there is one by now.
  ///
  /// - Throws: ``ZarrError/alreadyExists(path:)``, and as ``write(to:at:_:)``.
  func create(
    in store: any Store, at path: NodePath, _ limits: MetadataLimits = MetadataLimits()
  ) throws {
    let location = ZarrArray.location(store, path)
    // Not all stores look at what they replace.
    guard try !Self.exists(in: store, at: path) else { throw ZarrError.alreadyExists(path: location) }
    do {
      for (name, document) in documents {
        let key = path.storeKey(name)
        let bytes = try NodeDocument.encode(document, named: name, of: location, limits)
        // Attributes without a node are what was left of one.
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
  /// Of the documents, the one that makes the node is replaced only as long as it is `old`, if that is given.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)`` if a document is larger than what is read,
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
