public import ChunkEngine
import Synchronization
public import Zarr

/// Hands every call on to another store, and counts what is read of values that are opened.
public final class StoreMeter: StoreForwarding, OpeningStore {
  /// What is read.
  public enum Read: Hashable, Sendable {
    /// A value was opened.
    case open(String)
    /// Bytes of an opened value.
    case range(Range<Int>)
    /// A value was read without being opened.
    case part(ValuePart, String)
  }

  public let base: any Store
  public let rangeJoining: RangeJoining
  private let hasVersions: Bool
  private let seen = Mutex<[Read]>([])

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

    var staysWhenReplaced: Bool { base.staysWhenReplaced }
    var info: ValueInfo {
      ValueInfo(byteCount: base.byteCount, version: store.hasVersions ? base.version : nil)
    }

    func read(_ range: Range<Int>, into arena: inout ByteArena) throws {
      store.seen.withLock { $0.append(.range(range)) }
      try base.read(range, into: &arena)
    }
  }

  public func openValue(_ key: StoreKey) throws -> (any StoredValue)? {
    seen.withLock { $0.append(.open(key.description)) }
    return try base.openValue(key).map { Value(base: $0, store: self) }
  }

  public func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    seen.withLock { $0.append(.part(part, key.description)) }
    return try base.read(part, of: key, ifVersion: version, limit: limit, into: &arena)
  }
}
