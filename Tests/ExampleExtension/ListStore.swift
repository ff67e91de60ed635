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

  public func read(_ key: StoreKey, into arena: inout ByteArena, limit: Int) throws -> Bool {
    guard let bytes = value(of: key) else { return false }
    guard bytes.count <= limit else {
      throw StoreError.tooLarge(path: "\(location)/\(key)", byteCount: bytes.count, limit: limit)
    }
    try arena.append(copying: bytes.span.bytes)
    return true
  }

  public func read(_ key: StoreKey, range: Range<Int>, into arena: inout ByteArena) throws -> Bool {
    guard let bytes = value(of: key) else { return false }
    try arena.append(copying: bytes.span.extracting(range.clamped(to: bytes.indices)).bytes)
    return true
  }

  public func byteCount(of key: StoreKey) throws -> Int? { value(of: key)?.count }

  public func write(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
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
