public import ChunkEngine
public import Zarr

/// A store that hands on to another one whatever it does not do itself.
public protocol StoreForwarding: Store {
  /// The store that has the values.
  var base: any Store { get }
}

extension StoreForwarding {
  public var location: String { base.location }

  public func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    try base.read(part, of: key, ifVersion: version, limit: limit, into: &arena)
  }

  public func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try base.write(key, byteCount: byteCount, durability: durability, gathering: gather)
  }

  public func delete(_ key: StoreKey) throws { try base.delete(key) }

  public func list(_ prefix: String) throws -> [StoreKey] { try base.list(prefix) }
}
