public import ChunkEngine
import Synchronization
public import Zarr

/// Hands every call on to another store, and does something else just before the first value that goes on in
/// another one is to take its place.
public final class StoreInterloper: Store {
  private let base: FileStore
  private let interfere: @Sendable () throws -> Void
  private let hasInterfered = Atomic(false)

  /// Creates a store with the values of another.
  public init(_ base: FileStore, _ interfere: @escaping @Sendable () throws -> Void) {
    self.base = base
    self.interfere = interfere
  }

  /// Whether something else was done.
  public var isDone: Bool { hasInterfered.load(ordering: .sequentiallyConsistent) }

  private func interfereOnce() throws {
    if !hasInterfered.exchange(true, ordering: .sequentiallyConsistent) { try interfere() }
  }

  public var location: String { base.location }

  public func read(_ key: StoreKey, into arena: inout ByteArena, limit: Int) throws -> Bool {
    try base.read(key, into: &arena, limit: limit)
  }

  public func read(_ key: StoreKey, range: Range<Int>, into arena: inout ByteArena) throws -> Bool {
    try base.read(key, range: range, into: &arena)
  }

  public func openValue(_ key: StoreKey) throws -> (any StoredValue)? { try base.openValue(key) }

  public func byteCount(of key: StoreKey) throws -> Int? { try base.byteCount(of: key) }

  public func write(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try base.write(key, byteCount: byteCount, gathering: gather)
  }

  public func replace(
    _ old: (any StoredValue)?, at key: StoreKey, byteCount: Int,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    var bytes: [UInt8] = []
    try gather { part in part.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    try base.replace(old, at: key, byteCount: byteCount) { append in
      try append(bytes.span.bytes)
      try interfereOnce()
    }
  }

  public func delete(_ key: StoreKey) throws { try base.delete(key) }

  public func delete(_ old: (any StoredValue)?, at key: StoreKey) throws {
    try interfereOnce()
    try base.delete(old, at: key)
  }

  public func list(_ prefix: String) throws -> [StoreKey] { try base.list(prefix) }
}
