package import ChunkEngine
package import Zarr

/// The values of a store below a prefix.
package final class StoreBelow: DirectoryStore, OpeningStore, BatchingStore, FinishingStore {
  private let base: any Store
  private let prefix: NodePath

  /// Makes a store of what has a prefix in another one.
  package init(_ base: any Store, _ prefix: NodePath) {
    self.base = base
    self.prefix = prefix
  }

  package var location: String {
    base.location + (base.location.hasSuffix(":") ? "" : "/") + prefix.description
  }
  package var rangeJoining: RangeJoining { base.rangeJoining }
  package var requestConcurrency: Int { base.requestConcurrency }

  package func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    try base.read(part, of: self.key(key), ifVersion: version, limit: limit, into: &arena)
  }

  package func openValue(_ key: StoreKey) throws -> (any StoredValue)? { try base.openValue(self.key(key)) }

  package func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try base.write(self.key(key), byteCount: byteCount, durability: durability, gathering: gather)
  }

  package func delete(_ key: StoreKey) throws { try base.delete(self.key(key)) }

  fileprivate var isBaseListable: Bool { base.isListable }

  package func list(_ prefix: String) throws -> [StoreKey] {
    try base.list(below(prefix)).map { key in
      try StoreKey(String(Substring(key.description.utf8.dropFirst(self.prefix.description.utf8.count + 1))))
    }
  }

  package func listDirectory(_ prefix: String) throws -> DirectoryListing {
    try base.listDirectory(below(prefix))
  }

  package func deleteAll(_ prefix: String) throws { try base.deleteAll(below(prefix)) }

  package func synchronize() throws { try base.synchronize() }

  package func finish() throws { try base.finish() }

  private func key(_ key: StoreKey) throws -> StoreKey { try StoreKey(below(key.description)) }

  private func below(_ text: String) -> String { text.isEmpty ? prefix.description : "\(prefix)/\(text)" }
}

extension Store {
  /// Whether the store tells what there is, which a web server does not.
  package var isListable: Bool { (self as? StoreBelow)?.isBaseListable ?? !(self is HTTPStore) }
}

extension OpenedStore {
  /// A store with the node as its root.
  ///
  /// - Throws: `StoreError`
  package func rooted() throws -> any Store {
    if path == .root { return store }
    if let store = store as? S3Store { return try store.store(at: store.names + path.names) }
    return StoreBelow(store, path)
  }

  /// The places that the node is in, nearest first: stores, each with the path of the node from its root.
  ///
  /// A web server names none, nor does the root of an archive.
  ///
  /// - Throws: `StoreError`
  package func places() throws -> [(store: any Store, path: String)] {
    let above = (store as? S3Store)?.names ?? []
    let names = above + path.names
    if !(store is S3Store), !(store is any FinishingStore) { return [] }
    return try names.indices.reversed().map { count in
      let path = names[count...].joined(separator: "/")
      if let store = store as? S3Store { return (try store.store(at: Array(names[..<count])), path) }
      if count == 0 { return (store, path) }
      return (StoreBelow(store, try NodePath(existing: names[..<count].joined(separator: "/"))), path)
    }
  }
}

extension S3Store {
  /// The names of the prefix.
  fileprivate var names: [String] { prefix.split(separator: "/").map(String.init) }

  /// The store of another prefix in the bucket.
  fileprivate func store(at names: [String]) throws -> S3Store {
    try S3Store(bucket: client.address.bucket, prefix: names.joined(separator: "/"), options: options)
  }
}

extension Stores {
  /// The path that a URL means if it is one of a file or a directory, or nil.
  ///
  /// - Throws: ``StoreError/invalidURL(_:reason:)``
  package static func path(of url: String) throws(StoreError) -> String? {
    let parsed = try StoreURL(url)
    guard parsed.layers.isEmpty, case .path(let path) = parsed.base else { return nil }
    return path
  }
}
