public import ChunkEngine
import Synchronization

/// A store in memory, which is gone with the process.
public final class MemoryStore: ConditionalStore, OpeningStore, DirectoryStore, RenamingStore, CopyingStore {
  private let values = Locked<[StoreKey: MemoryValue]>([:])

  /// Numbers values, so that no two have one.
  private let nextVersion = Atomic<UInt64>(0)

  /// Creates an empty store.
  public init() {}

  public var location: String { "memory" }

  public var rangeJoining: RangeJoining { .local }

  /// The number of values.
  public var count: Int { values.withLock { $0.count } }

  public func openValue(_ key: StoreKey) throws -> (any StoredValue)? { values.withLock { $0[key] } }

  public func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    let value = try makeValue(byteCount, gather)
    values.withLock { $0[key] = value }
  }

  public func write(
    _ key: StoreKey, if condition: WriteCondition, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    let value = try makeValue(byteCount, gather)
    try values.withLock { values in
      let found = values[key]?.version.map { WriteCondition.version($0) } ?? .absent
      guard found == condition else { throw StoreError.changed(path: key.description) }
      values[key] = value
    }
  }

  public func delete(_ key: StoreKey) throws {
    _ = values.withLock { $0.removeValue(forKey: key) }
  }

  public func delete(_ key: StoreKey, ifVersion version: StoredVersion) throws {
    try values.withLock { values in
      guard values[key]?.version == version else { throw StoreError.changed(path: key.description) }
      values[key] = nil
    }
  }

  public func copy(_ key: StoreKey, to target: StoreKey) throws -> Bool {
    values.withLock { values in
      guard let value = values[key] else { return false }
      values[target] = MemoryValue(bytes: value.bytes, number: makeNumber())
      return true
    }
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

  private func makeValue(
    _ byteCount: Int, _ gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws -> MemoryValue {
    var arena = ByteArena()
    try arena.reserve(byteCount)
    try gather { part in try arena.append(copying: part) }
    return MemoryValue(bytes: try arena.takeBytes(), number: makeNumber())
  }

  private func makeNumber() -> UInt64 { nextVersion.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// A value in memory, which is replaced and never changed.
package struct MemoryValue: StoredValue {
  package let bytes: SharedBytes

  /// The number of its version.
  private let number: UInt64

  /// Creates a value of a version.
  package init(bytes: SharedBytes, number: UInt64) {
    self.bytes = bytes
    self.number = number
  }

  package var info: ValueInfo { ValueInfo(byteCount: bytes.byteCount, version: StoredVersion(number)) }

  package var staysWhenReplaced: Bool { true }

  package func read(_ range: Range<Int>, into arena: inout ByteArena) throws {
    try arena.append(copying: bytes.bytes.extracting(range.clamped(to: 0..<byteCount)))
  }
}
