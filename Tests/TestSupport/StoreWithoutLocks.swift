public import ChunkEngine
import Glibc
public import Zarr

/// Hands every call on to another store, and has no locks, as some network file systems have none.
public struct StoreWithoutLocks: Store {
  private let base: any Store

  /// Creates a store that has the values of another.
  public init(_ base: any Store) {
    self.base = base
  }

  public var location: String { base.location }

  public func lock(_ name: String, below prefix: String, timeout: Duration?) throws -> (any StoreLock)? {
    throw StoreError.notLockable(path: "\(location)/\(prefix)", code: ENOLCK)
  }

  public func read(_ key: StoreKey, into arena: inout ByteArena, limit: Int) throws -> Bool {
    try base.read(key, into: &arena, limit: limit)
  }

  public func read(_ key: StoreKey, range: Range<Int>, into arena: inout ByteArena) throws -> Bool {
    try base.read(key, range: range, into: &arena)
  }

  public func byteCount(of key: StoreKey) throws -> Int? { try base.byteCount(of: key) }

  public func write(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try base.write(key, byteCount: byteCount, gathering: gather)
  }

  public func delete(_ key: StoreKey) throws { try base.delete(key) }

  public func list(_ prefix: String) throws -> [StoreKey] { try base.list(prefix) }
}
