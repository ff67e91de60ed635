public import ChunkEngine
import Synchronization
public import Zarr

/// Keeps values in a list, the last written one at the end.
public final class ListStore: Store {
  private let values = Mutex<[(key: StoreKey, bytes: [UInt8])]>([])

  /// Creates an empty store.
  public init() {}

  public var location: String { "list" }

  /// The keys in the order of writing.
  public var keys: [StoreKey] { values.withLock { $0.map(\.key) } }

  private func value(of key: StoreKey) -> [UInt8]? {
    values.withLock { values in values.first { $0.key == key }?.bytes }
  }

  public func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    guard let bytes = value(of: key) else { return nil }
    let range = part.range(in: bytes.count)
    guard range.count <= limit else {
      throw StoreError.tooLarge(path: "\(location)/\(key)", byteCount: range.count, limit: limit)
    }
    try arena.append(copying: bytes.span.extracting(range).bytes)
    return ValueInfo(byteCount: bytes.count)
  }

  public func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    var bytes: [UInt8] = []
    try gather { part in part.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    let written = bytes
    values.withLock { values in
      values.removeAll { $0.key == key }
      values.append((key, written))
    }
  }

  public func delete(_ key: StoreKey) throws {
    values.withLock { values in values.removeAll { $0.key == key } }
  }

  public func list(_ prefix: String) throws -> [StoreKey] {
    keys.filter { prefix.isEmpty || $0.description.hasPrefix(prefix + "/") }
  }
}
