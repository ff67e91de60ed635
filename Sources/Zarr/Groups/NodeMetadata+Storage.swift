import ChunkEngine
import ZarrPlatform

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
    try store.write(path.storeKey(name), bytes.rawSpan)
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

extension StoreKey {
  /// Whether values with this name are documents of nodes, which are small and change often.
  package var isDocument: Bool {
    let name = FileStore.name(of: description)
    return NodeDocument.isName(name) || name == NodeDocument.consolidatedName
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
        try store.write(key, over: .seen(old), bytes.rawSpan)
      }
    } catch StoreError.changed {
      throw ZarrError.alreadyExists(path: location)
    }
  }

  /// Writes the documents of a node.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)`` if a document exceeds the limits, and ``StoreError``.
  func write(
    to store: any Store, at path: NodePath, _ limits: MetadataLimits = MetadataLimits()
  ) throws {
    for (name, document) in documents {
      try NodeDocument.write(document, named: name, to: store, at: path, limits)
    }
  }

  /// A store that replaces the documents of a node only if they are still those that were read through it.
  ///
  /// - Throws: ``StoreError/unconditional(path:)`` if the store cannot compare what it replaces.
  static func editingStore(_ store: any Store, at path: NodePath) throws -> any Store {
    guard store is any ConditionalStore, (store as? FileStore)?.durability != Durability.none else {
      throw StoreError.unconditional(path: ZarrArray.location(store, path))
    }
    return EditingStore(store, at: path)
  }

  /// Calls `body` with a store that replaces the documents of a node only if they are still those that were
  /// read.
  ///
  /// If another writer has replaced one meanwhile, as can happen without a lock or after it was lost, calls
  /// `body` again, for half a minute.
  ///
  /// - Parameters:
  ///   - path: The path of the node.
  ///   - store: The store.
  ///   - reportRetry: Is called before `body` is called again.
  ///   - body: Reads and writes the documents.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws, and `ChunkError.cancelled`.
  static func edit<Result>(
    at path: NodePath, in store: any Store, reportRetry: (any Error) -> Void = { _ in },
    _ body: (any Store) throws -> Result
  ) throws -> Result {
    let deadline = ContinuousClock.now + .seconds(30)
    var pause: useconds_t = 1000
    while true {
      do {
        return try body(EditingStore(store, at: path))
      } catch let error as StoreError {
        guard case .changed = error, ContinuousClock.now < deadline else { throw error }
        reportRetry(error)
        try ProgressMonitor.checkCurrent()
        usleep(pause)
        pause = min(pause * 2, 40_000)
      }
    }
  }
}

/// A store that replaces documents of a node only if they are still those that were read through it.
private final class EditingStore: DirectoryStore {
  private let base: any Store
  private let path: NodePath
  private let seen = Locked<[StoreKey: (any StoredValue)?]>([:])

  init(_ base: any Store, at path: NodePath) {
    self.base = base
    self.path = path
  }

  var location: String { base.location }

  func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    guard part == .all, names.contains(where: { path.storeKey($0) == key }) else {
      return try base.read(part, of: key, ifVersion: version, limit: limit, into: &arena)
    }
    let value = try base.openValue(key, reading: part, limit: limit, into: &arena)
    seen.withLock { $0[key] = .some(value) }
    return value?.info
  }

  func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try base.write(
      key, over: replaced(key), byteCount: byteCount, durability: durability, gathering: gather)
    seen.withLock { $0[key] = nil }
  }

  func delete(_ key: StoreKey) throws { try base.delete(key, over: replaced(key)) }

  func list(_ prefix: String) throws -> [StoreKey] { try base.list(prefix) }

  func listDirectory(_ prefix: String) throws -> DirectoryListing { try base.listDirectory(prefix) }

  func deleteAll(_ prefix: String) throws { try base.deleteAll(prefix) }

  private var names: [String] {
    NodeDocument.names + [NodeDocument.attributesName, NodeDocument.consolidatedName]
  }

  private func replaced(_ key: StoreKey) -> ReplacedValue {
    seen.withLock { $0[key] }.map { .seen($0) } ?? .anything
  }
}
