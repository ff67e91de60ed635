public import ChunkEngine
import Foundation
import Synchronization
public import Zarr

/// Hands every call on to another store, but for one of them, which goes wrong.
public final class StoreFaults: StoreForwarding, BatchingStore {
  /// What goes wrong.
  public enum Fault: CaseIterable, Sendable {
    /// The call fails, and does nothing.
    case error
    /// The call fails after it was done, as when a connection breaks before the answer.
    case lateError
    /// Half of what is read comes.
    case shortRead
    /// The call takes its time.
    case latency
  }

  /// What a call throws that fails.
  public struct Failure: Error {}

  public let base: any Store
  private let fault: Fault
  private let number: Int
  private let count = Atomic(0)

  /// Creates a store with the values of another.
  ///
  /// - Parameters:
  ///   - base: The other store.
  ///   - fault: What goes wrong.
  ///   - number: At which call, counted from 0.
  public init(_ base: any Store, _ fault: Fault, atCall number: Int) {
    self.base = base
    self.fault = fault
    self.number = number
  }

  /// Whether the call has come.
  public var hasHappened: Bool { count.load(ordering: .sequentiallyConsistent) > number }

  private func call<Result>(_ body: () throws -> Result) throws -> Result {
    let isIt = count.wrappingAdd(1, ordering: .sequentiallyConsistent).oldValue == number
    guard isIt else { return try body() }
    switch fault {
    case .error: throw Failure()
    case .lateError:
      _ = try body()
      throw Failure()
    case .latency:
      usleep(3000)
      return try body()
    case .shortRead: return try body()
    }
  }

  public func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    let isShort = fault == .shortRead && count.load(ordering: .sequentiallyConsistent) == number
    let start = arena.count
    let info = try call { try base.read(part, of: key, ifVersion: version, limit: limit, into: &arena) }
    if isShort { arena.truncate(to: start + (arena.count - start) / 2) }
    return info
  }

  public func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try call { try base.write(key, byteCount: byteCount, durability: durability, gathering: gather) }
  }

  public func synchronize() throws { try call { try base.synchronize() } }

  public func delete(_ key: StoreKey) throws { try call { try base.delete(key) } }

  public func list(_ prefix: String) throws -> [StoreKey] { try call { try base.list(prefix) } }
}
