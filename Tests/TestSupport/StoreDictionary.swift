public import ChunkEngine
import Foundation
public import Zarr

/// The simplest store there can be, made of nothing but what the protocol asks for.
public final class StoreDictionary: Store, @unchecked Sendable {
  // SAFETY: `values` is only touched while `lock` is held.
  private let lock = NSLock()
  private var values: [StoreKey: [UInt8]] = [:]

  /// Creates an empty store.
  public init() {}

  public var location: String { "dictionary" }

  private func value(of key: StoreKey) -> [UInt8]? { lock.withLock { values[key] } }

  public func read(_ key: StoreKey, into arena: inout ByteArena, limit: Int) throws -> Bool {
    guard let value = value(of: key) else { return false }
    guard value.count <= limit else {
      throw StoreError.tooLarge(path: key.description, byteCount: value.count, limit: limit)
    }
    try arena.append(copying: value.span.bytes)
    return true
  }

  public func read(_ key: StoreKey, range: Range<Int>, into arena: inout ByteArena) throws -> Bool {
    guard let value = value(of: key) else { return false }
    try arena.append(copying: value[range.clamped(to: value.indices)].span.bytes)
    return true
  }

  public func byteCount(of key: StoreKey) throws -> Int? { value(of: key)?.count }

  public func write(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    var value: [UInt8] = []
    try gather { part in part.withUnsafeBytes { value.append(contentsOf: $0) } }
    lock.withLock { values[key] = value }
  }

  public func delete(_ key: StoreKey) throws { lock.withLock { values[key] = nil } }

  public func list(_ prefix: String) throws -> [StoreKey] {
    lock.withLock { values.keys.filter { prefix.isEmpty || $0.description.hasPrefix(prefix + "/") } }
  }
}
