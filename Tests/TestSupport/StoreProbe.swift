public import ChunkEngine
import Synchronization
public import Zarr

/// Hands every call on to another store, after a test has seen it and perhaps made it fail.
public final class StoreProbe: StoreForwarding {
  /// What a store is asked for.
  public enum Call: Hashable, Sendable {
    case read(StoreKey)
    case write(StoreKey)
    case delete(StoreKey)
    case synchronize
  }

  /// What a test throws to make a call fail.
  public struct Failure: Error, Hashable {
    /// Tells failures apart.
    public let number: Int

    /// Creates a failure.
    public init(number: Int = 0) { self.number = number }
  }

  public let base: any Store
  private let observe: @Sendable (Call) throws -> Void
  private let seen = Mutex<[Call]>([])

  /// Creates a store that calls `observe` before each call, on the thread of the call.
  public init(_ base: any Store, observe: @escaping @Sendable (Call) throws -> Void = { _ in }) {
    self.base = base
    self.observe = observe
  }

  /// All calls so far.
  public var calls: [Call] { seen.withLock { $0 } }

  private func see(_ call: Call) throws {
    seen.withLock { $0.append(call) }
    try observe(call)
  }

  public func read(_ key: StoreKey, into arena: inout ByteArena, limit: Int) throws -> Bool {
    try see(.read(key))
    return try base.read(key, into: &arena, limit: limit)
  }

  public func read(_ key: StoreKey, range: Range<Int>, into arena: inout ByteArena) throws -> Bool {
    try see(.read(key))
    return try base.read(key, range: range, into: &arena)
  }

  public func write(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try see(.write(key))
    try base.write(key, byteCount: byteCount, gathering: gather)
  }

  public func writeDeferred(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try see(.write(key))
    try base.writeDeferred(key, byteCount: byteCount, gathering: gather)
  }

  public func synchronize() throws {
    try see(.synchronize)
    try base.synchronize()
  }

  public func delete(_ key: StoreKey) throws {
    try see(.delete(key))
    try base.delete(key)
  }
}
