import ChunkEngine
import Zarr

/// A store that keeps the documents of nodes apart until they are published, so that no reader finds the nodes.
///
/// Everything else goes to the keys that it has in the end.
final class UnpublishedStore: DirectoryStore, BatchingStore {
  /// Has the values.
  private let base: any Store

  /// Gets the documents.
  private let target: any Store

  /// Where the documents are for an import that goes on, or nil if none does.
  private let documentsKey: StoreKey?

  private let documents = MemoryStore()

  /// The names of documents, the main ones last.
  static let documentNames = [".zmetadata", ".zattrs", ".zgroup", ".zarray", "zarr.json"]

  /// The most bytes of all documents.
  private static let maximumByteCount = 256 << 20

  /// Begins with no documents, or with those of a stopped import.
  ///
  /// - Parameters:
  ///   - base: The store that gets the values.
  ///   - target: The store that gets the documents when they are published.
  ///   - documentsKey: Where the documents are until they are published, or nil for an import that cannot go on.
  /// - Throws: `StoreError`, and ``ToolError`` if there is something else than documents.
  init(_ base: any Store, publishingTo target: any Store, documentsKey: StoreKey?) throws {
    self.base = base
    self.target = target
    self.documentsKey = documentsKey
    guard let documentsKey, let bytes = try base.bytes(of: documentsKey, limit: Self.maximumByteCount) else {
      return
    }
    guard case .object(let found)? = try? JSONParser().parse(bytes) else {
      throw ToolError("\(base.location)/\(documentsKey) was not written by an import")
    }
    for (key, document) in found {
      guard let key = try? StoreKey(key), key.isDocument else { continue }
      let bytes = JSONWriter().bytes(of: document)
      try documents.write(key, bytes.rawSpan)
    }
  }

  /// Gives the documents their keys, first those of members and last the one that makes the root a node.
  ///
  /// - Throws: `StoreError.changed` if there is another node at the root by now.
  func publish() throws {
    try base.synchronize()
    let keys = try documents.list("").sorted { Self.rank($0) < Self.rank($1) }
    for key in keys {
      guard let bytes = try documents.bytes(of: key, limit: Self.maximumByteCount) else { continue }
      // What a stopped import has published of members is the same.
      try target.write(key, over: key == keys.last ? .seen(nil) : .anything, bytes.rawSpan)
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
      do { try base.write(key, over: .seen(nil), bytes.rawSpan) } catch StoreError.changed { continue }
    }
  }

  var location: String { target.location }
  var rangeJoining: RangeJoining { base.rangeJoining }
  var requestConcurrency: Int { base.requestConcurrency }

  func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    try store(of: key).read(part, of: key, ifVersion: version, limit: limit, into: &arena)
  }

  func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try store(of: key).write(key, byteCount: byteCount, durability: durability, gathering: gather)
    if key.isDocument { try save() }
  }

  func delete(_ key: StoreKey) throws {
    try store(of: key).delete(key)
    if key.isDocument { try save() }
  }

  func list(_ prefix: String) throws -> [StoreKey] {
    try base.list(prefix).filter { !$0.isDocument && !StoreDestination.isOwn($0) } + documents.list(prefix)
  }

  func listDirectory(_ prefix: String) throws -> DirectoryListing {
    var listing = try base.listDirectory(prefix)
    listing.values.removeAll { Self.documentNames.contains($0) }
    if prefix.isEmpty { listing.prefixes.removeAll { $0 == StoreDestination.ownName } }
    let unpublished = try documents.listDirectory(prefix)
    listing.values += unpublished.values
    listing.prefixes += unpublished.prefixes.filter { !listing.prefixes.contains($0) }
    return listing
  }

  func deleteAll(_ prefix: String) throws {
    if prefix.isEmpty { try StoreDestination.clear(base) } else { try base.deleteAll(prefix) }
    try documents.deleteAll(prefix)
    try save()
  }

  func synchronize() throws { try base.synchronize() }

  private func store(of key: StoreKey) -> any Store { key.isDocument ? documents : base }

  /// Writes the documents to where an import that goes on finds them.
  private func save() throws {
    guard let documentsKey else { return }
    var all: JSONObject = [:]
    for key in try documents.list("") {
      guard let bytes = try documents.bytes(of: key, limit: Self.maximumByteCount) else { continue }
      all[key.description] = try JSONParser().parse(bytes)
    }
    let bytes = JSONWriter().bytes(of: .object(all))
    try base.write(documentsKey, bytes.rawSpan)
  }

  /// Orders documents as they are published.
  private static func rank(_ key: StoreKey) -> (depth: Int, name: Int) {
    let names = FilePath.names(in: key.description)
    return (-names.count, documentNames.firstIndex(of: String(names.last ?? "")) ?? 0)
  }
}
