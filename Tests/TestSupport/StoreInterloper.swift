public import ChunkEngine
import Synchronization
public import Zarr

/// Hands every call on to another store, and does something else just before the first value that goes on in
/// another one is to take its place.
public final class StoreInterloper: StoreForwarding, ConditionalStore, OpeningStore {
  public var base: any Store { conditional }
  private let conditional: any ConditionalStore
  private let interfere: @Sendable () throws -> Void
  private let hasInterfered = Atomic(false)

  /// Creates a store with the values of another.
  public init(_ base: any ConditionalStore, _ interfere: @escaping @Sendable () throws -> Void) {
    conditional = base
    self.interfere = interfere
  }

  /// Whether something else was done.
  public var isDone: Bool { hasInterfered.load(ordering: .sequentiallyConsistent) }

  private func interfereOnce() throws {
    if !hasInterfered.exchange(true, ordering: .sequentiallyConsistent) { try interfere() }
  }

  public func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    try base.read(part, of: key, ifVersion: version, limit: limit, into: &arena)
  }

  public func openValue(_ key: StoreKey) throws -> (any StoredValue)? { try base.openValue(key) }

  public func write(
    _ key: StoreKey, if condition: WriteCondition, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    var bytes: [UInt8] = []
    try gather { part in part.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    try conditional.write(key, if: condition, byteCount: byteCount, durability: durability) { append in
      try append(bytes.span.bytes)
      try interfereOnce()
    }
  }

  public func delete(_ key: StoreKey, ifVersion version: StoredVersion) throws {
    try interfereOnce()
    try conditional.delete(key, ifVersion: version)
  }
}
