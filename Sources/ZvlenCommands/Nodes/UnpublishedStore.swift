import ChunkEngine
import Synchronization
import Zarr

/// A store that keeps the documents of nodes apart until they are published, so that no reader finds the nodes.
///
/// Everything else goes to the keys that it has in the end.
final class UnpublishedStore: DirectoryStore, BatchingStore {
  private struct Document {
    let bytes: [UInt8]
    let version: StoredVersion
  }

  private let base: any Store

  /// Where the documents are for an import that goes on, or nil if none does.
  private let documentsKey: StoreKey?

  private let documents: Mutex<[StoreKey: Document]>
  private let nextVersion = Atomic<UInt64>(0)

  /// The names of documents, the main ones last.
  static let documentNames = [".zmetadata", ".zattrs", ".zgroup", ".zarray", "zarr.json"]

  /// The most bytes of all documents.
  private static let maximumByteCount = 256 << 20

  /// Begins with no documents, or with those of a stopped import.
  ///
  /// - Parameters:
  ///   - base: The store that gets the values.
  ///   - documentsKey: Where the documents are until they are published, or nil for an import that cannot go on.
  /// - Throws: `StoreError`, and ``ToolError`` if there is something else than documents.
  init(_ base: any Store, documentsKey: StoreKey?) throws {
    self.base = base
    self.documentsKey = documentsKey
    documents = Mutex([:])
    guard let documentsKey, let bytes = try base.bytes(of: documentsKey, limit: Self.maximumByteCount) else {
      return
    }
    guard case .object(let found)? = try? JSONParser().parse(bytes) else {
      throw ToolError("\(base.location)/\(documentsKey) was not written by an import")
    }
    for (key, document) in found {
      guard let key = try? StoreKey(key), key.isDocument else { continue }
      put(JSONWriter().bytes(of: document), at: key)
    }
  }

  /// Gives the documents their keys, first those of members and last the one that makes the root a node.
  ///
  /// - Throws: `StoreError.changed` if there is another node at the root by now.
  func publish() throws {
    try base.synchronize()
    let keys = documents.withLock { Array($0.keys) }.sorted { Self.rank($0) < Self.rank($1) }
    for key in keys {
      guard let bytes = documents.withLock({ $0[key]?.bytes }) else { continue }
      // What a stopped import has published of members is the same.
      try Self.write(bytes, at: key, of: base, over: key == keys.last ? .seen(nil) : .anything)
    }
    if let documentsKey { try base.delete(documentsKey) }
  }

  /// Copies documents to another store, in the same order, where none are there.
  ///
  /// - Throws: `StoreError`
  static func publish(documentsOf models: any Store, to base: any Store) throws {
    for key in try models.list("").filter(\.isDocument).sorted(by: { rank($0) < rank($1) }) {
      guard let bytes = try models.bytes(of: key, limit: maximumByteCount) else { continue }
      // Another process makes the same.
      do { try write(bytes, at: key, of: base, over: .seen(nil)) } catch StoreError.changed { continue }
    }
  }

  private static func write(
    _ bytes: [UInt8], at key: StoreKey, of store: any Store, over old: ReplacedValue
  ) throws {
    try store.write(key, over: old, byteCount: bytes.count) { append in
      // SAFETY: Bytes have no padding.
      try append(unsafe bytes.span.bytes)
    }
  }

  var location: String { base.location }
  var rangeJoining: RangeJoining { base.rangeJoining }
  var requestConcurrency: Int { base.requestConcurrency }

  func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    guard key.isDocument else {
      return try base.read(part, of: key, ifVersion: version, limit: limit, into: &arena)
    }
    guard let document = documents.withLock({ $0[key] }) else { return nil }
    if let version, version != document.version { throw StoreError.changed(path: "\(location)/\(key)") }
    let range = part.range(in: document.bytes.count)
    guard range.count <= limit else {
      throw StoreError.tooLarge(path: "\(location)/\(key)", byteCount: range.count, limit: limit)
    }
    // SAFETY: Bytes have no padding.
    try arena.append(copying: unsafe document.bytes.span.bytes.extracting(range))
    return ValueInfo(byteCount: document.bytes.count, version: document.version)
  }

  func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    guard key.isDocument else {
      return try base.write(key, byteCount: byteCount, durability: durability, gathering: gather)
    }
    var bytes: [UInt8] = []
    try gather { part in
      // SAFETY: The bytes are read inside of the closure only.
      unsafe part.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }
    put(bytes, at: key)
    try save()
  }

  func delete(_ key: StoreKey) throws {
    guard key.isDocument else { return try base.delete(key) }
    documents.withLock { $0[key] = nil }
    try save()
  }

  func list(_ prefix: String) throws -> [StoreKey] {
    try base.list(prefix).filter { !$0.isDocument && !StoreDestination.isOwn($0) }
      + documents.withLock { Array($0.keys) }
      .filter { prefix.isEmpty || $0.description.utf8.starts(with: "\(prefix)/".utf8) }
  }

  func listDirectory(_ prefix: String) throws -> DirectoryListing {
    var listing = try base.listDirectory(prefix)
    listing.values.removeAll { Self.documentNames.contains($0) }
    if prefix.isEmpty { listing.prefixes.removeAll { $0 == StoreDestination.ownName } }
    let start = prefix.isEmpty ? "" : "\(prefix)/"
    for key in documents.withLock({ Array($0.keys) }) where key.description.utf8.starts(with: start.utf8) {
      let rest = FilePath.names(in: String(Substring(key.description.utf8.dropFirst(start.utf8.count))))
      if rest.count == 1 {
        listing.values.append(String(rest[0]))
      } else if !listing.prefixes.contains(String(rest[0])) {
        listing.prefixes.append(String(rest[0]))
      }
    }
    return listing
  }

  func deleteAll(_ prefix: String) throws {
    if prefix.isEmpty { try StoreDestination.clear(base) } else { try base.deleteAll(prefix) }
    documents.withLock { documents in
      documents = documents.filter {
        !prefix.isEmpty && !$0.key.description.utf8.starts(with: "\(prefix)/".utf8)
      }
    }
    try save()
  }

  func synchronize() throws { try base.synchronize() }

  private func put(_ bytes: [UInt8], at key: StoreKey) {
    let version = StoredVersion(nextVersion.add(1, ordering: .relaxed).newValue)
    documents.withLock { $0[key] = Document(bytes: bytes, version: version) }
  }

  /// Writes the documents to where an import that goes on finds them.
  private func save() throws {
    guard let documentsKey else { return }
    var all: JSONObject = [:]
    for (key, document) in documents.withLock({ $0 }) {
      all[key.description] = try JSONParser().parse(document.bytes)
    }
    let bytes = JSONWriter().bytes(of: .object(all))
    // SAFETY: Bytes have no padding.
    try base.write(documentsKey, unsafe bytes.span.bytes)
  }

  /// Orders documents as they are published.
  private static func rank(_ key: StoreKey) -> (depth: Int, name: Int) {
    let names = FilePath.names(in: key.description)
    return (-names.count, documentNames.firstIndex(of: String(names.last ?? "")) ?? 0)
  }
}
