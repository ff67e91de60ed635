public import ChunkEngine
import Synchronization
public import Zarr

/// The simplest store there can be, made of nothing but what the protocol asks for.
public final class StoreDictionary: Store {
  private let values = Mutex<[StoreKey: [UInt8]]>([:])

  /// Creates an empty store.
  public init() {}

  public var location: String { "dictionary" }

  public func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    guard let value = values.withLock({ $0[key] }) else { return nil }
    let range = part.range(in: value.count)
    guard range.count <= limit else {
      throw StoreError.tooLarge(path: key.description, byteCount: range.count, limit: limit)
    }
    try arena.append(copying: value[range].span.bytes)
    return ValueInfo(byteCount: value.count)
  }

  public func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    var value: [UInt8] = []
    try gather { part in part.withUnsafeBytes { value.append(contentsOf: $0) } }
    values.withLock { [value] in $0[key] = value }
  }

  public func delete(_ key: StoreKey) throws { values.withLock { $0[key] = nil } }

  public func list(_ prefix: String) throws -> [StoreKey] {
    values.withLock { $0.keys.filter { prefix.isEmpty || $0.description.hasPrefix(prefix + "/") } }
  }
}
