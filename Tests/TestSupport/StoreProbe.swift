public import ChunkEngine
import Synchronization
public import Zarr

/// Hands every call on to another store, after a test has seen it and perhaps made it fail.
public final class StoreProbe: StoreForwarding, BatchingStore {
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

  public func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    // To ask what is known of a value is no reading.
    if !part.isEmpty { try see(.read(key)) }
    return try base.read(part, of: key, ifVersion: version, limit: limit, into: &arena)
  }

  public func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try see(.write(key))
    try base.write(key, byteCount: byteCount, durability: durability, gathering: gather)
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

extension ZarrError {
  /// The failure of a call that a test made fail.
  public var probeFailure: StoreProbe.Failure? {
    if case .store(_, let reason) = self { reason as? StoreProbe.Failure } else { nil }
  }
}
