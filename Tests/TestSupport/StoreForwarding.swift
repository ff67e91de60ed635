public import ChunkEngine
public import Zarr

/// A store that hands on to another one whatever it does not do itself.
public protocol StoreForwarding: Store {
  /// The store that has the values.
  var base: any Store { get }
}

extension StoreForwarding {
  public var location: String { base.location }

  public func read(_ key: StoreKey, into arena: inout ByteArena, limit: Int) throws -> Bool {
    try base.read(key, into: &arena, limit: limit)
  }

  public func read(_ key: StoreKey, range: Range<Int>, into arena: inout ByteArena) throws -> Bool {
    try base.read(key, range: range, into: &arena)
  }

  public func byteCount(of key: StoreKey) throws -> Int? { try base.byteCount(of: key) }

  public func write(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try base.write(key, byteCount: byteCount, gathering: gather)
  }

  public func delete(_ key: StoreKey) throws { try base.delete(key) }

  public func list(_ prefix: String) throws -> [StoreKey] { try base.list(prefix) }
}
