import Glibc
public import Zarr

/// Hands every call on to another store, and has no locks, as some network file systems have none.
public struct StoreWithoutLocks: StoreForwarding, LockingStore {
  public let base: any Store

  /// Creates a store that has the values of another.
  public init(_ base: any Store) {
    self.base = base
  }

  public func lock(_ name: String, below prefix: String, timeout: Duration?) throws -> (any StoreLock)? {
    throw StoreError.notLockable(path: "\(location)/\(prefix)", code: ENOLCK)
  }
}
