public import ChunkEngine
import Synchronization
public import Zarr

/// Hands every call on to another store, and counts what is read of values that are opened.
public final class StoreMeter: StoreForwarding {
  /// What is read.
  public enum Read: Hashable, Sendable {
    /// A value was opened.
    case open(String)
    /// Bytes of an opened value.
    case range(Range<Int>)
    /// A value was read without being opened.
    case whole(String)
  }

  public let base: any Store
  private let hasVersions: Bool
  private let seen = Mutex<[Read]>([])
  public let rangeJoining: RangeJoining

  /// Creates a store that has the values of another.
  public init(
    _ base: any Store, joining: RangeJoining = RangeJoining(gapByteCount: 0, maximumByteCount: 1 << 20),
    hasVersions: Bool = true
  ) {
    self.base = base
    rangeJoining = joining
    self.hasVersions = hasVersions
  }

  /// What was read since this was asked last.
  public func takeReads() -> [Read] {
    seen.withLock { seen in
      defer { seen = [] }
      return seen
    }
  }

  /// An opened value.
  private struct Value: StoredValue {
    let base: any StoredValue
    let store: StoreMeter

    var byteCount: Int { base.byteCount }
    var staysWhenReplaced: Bool { base.staysWhenReplaced }
    var version: StoredVersion? { store.hasVersions ? base.version : nil }

    func read(_ range: Range<Int>, into arena: inout ByteArena) throws {
      store.seen.withLock { $0.append(.range(range)) }
      try base.read(range, into: &arena)
    }
  }

  public func openValue(_ key: StoreKey) throws -> (any StoredValue)? {
    seen.withLock { $0.append(.open(key.description)) }
    return try base.openValue(key).map { Value(base: $0, store: self) }
  }

  public func read(_ key: StoreKey, into arena: inout ByteArena, limit: Int) throws -> Bool {
    seen.withLock { $0.append(.whole(key.description)) }
    return try base.read(key, into: &arena, limit: limit)
  }

  public func read(_ key: StoreKey, range: Range<Int>, into arena: inout ByteArena) throws -> Bool {
    seen.withLock { $0.append(.range(range)) }
    return try base.read(key, range: range, into: &arena)
  }
}
