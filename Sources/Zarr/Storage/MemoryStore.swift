public import ChunkEngine
import Synchronization

/// A store in memory, which is gone with the process.
public final class MemoryStore: Store {
  private let values = Locked<[StoreKey: MemoryValue]>([:])

  /// Numbers values, so that no two have one.
  private let nextVersion = Atomic<UInt64>(0)

  /// Creates an empty store.
  public init() {}

  public var location: String { "memory" }

  /// The number of values.
  public var count: Int { values.withLock { $0.count } }

  public func read(_ key: StoreKey, into arena: inout ByteArena, limit: Int) throws -> Bool {
    guard let value = value(of: key) else { return false }
    guard value.byteCount <= limit else {
      throw StoreError.tooLarge(path: key.description, byteCount: value.byteCount, limit: limit)
    }
    try arena.append(copying: value.bytes.bytes)
    return true
  }

  public func read(_ key: StoreKey, range: Range<Int>, into arena: inout ByteArena) throws -> Bool {
    guard let value = value(of: key) else { return false }
    try value.read(range, into: &arena)
    return true
  }

  public func openValue(_ key: StoreKey) throws -> (any StoredValue)? {
    value(of: key)
  }

  public var rangeJoining: RangeJoining { .local }

  public func byteCount(of key: StoreKey) throws -> Int? {
    value(of: key)?.byteCount
  }

  public func write(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    var arena = ByteArena()
    try arena.reserve(byteCount)
    try gather { part in try arena.append(copying: part) }
    let version = nextVersion.wrappingAdd(1, ordering: .relaxed).oldValue
    let value = MemoryValue(bytes: try arena.takeBytes(), version: StoredVersion(version))
    values.withLock { $0[key] = value }
  }

  public func delete(_ key: StoreKey) throws {
    _ = values.withLock { $0.removeValue(forKey: key) }
  }

  public func list(_ prefix: String) throws -> [StoreKey] {
    let start = prefix.isEmpty ? "" : prefix + "/"
    return values.withLock { values in
      values.keys.filter { $0.description.utf8.starts(with: start.utf8) }
    }
  }

  public func listDirectory(_ prefix: String) throws -> DirectoryListing {
    values.withLock { DirectoryListing(of: $0.keys, below: prefix) }
  }

  public func rename(_ prefix: String, to target: String) throws {
    try values.withLock { values in
      let move = PrefixMove(prefix, to: target, in: self)
      try move.check(values.keys.filter(move.involves))
      for key in values.keys.filter(move.takes) {
        values[try move.newKey(of: key)] = values.removeValue(forKey: key)
      }
    }
  }

  private func value(of key: StoreKey) -> MemoryValue? {
    values.withLock { $0[key] }
  }
}

/// The bytes of a value, which are replaced and never changed.
private struct MemoryValue: StoredValue {
  let bytes: SharedBytes
  let version: StoredVersion?

  var byteCount: Int { bytes.byteCount }

  var staysWhenReplaced: Bool { true }

  func read(_ range: Range<Int>, into arena: inout ByteArena) throws {
    let bounds = 0..<byteCount
    try arena.append(copying: bytes.bytes.extracting(range.clamped(to: bounds)))
  }
}
