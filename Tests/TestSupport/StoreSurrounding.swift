public import ChunkEngine
public import Zarr

/// A store in memory that does something around each call: counts it, delays it or has it fail.
public protocol StoreSurrounding: StoreForwarding, ConditionalStore {
  /// Has the values.
  var memory: MemoryStore { get }

  /// Makes a call.
  func surround<Result>(_ call: () throws -> Result) throws -> Result
}

extension StoreSurrounding {
  public var base: any Store { memory }

  public func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    try surround { try memory.read(part, of: key, ifVersion: version, limit: limit, into: &arena) }
  }

  public func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try surround { try memory.write(key, byteCount: byteCount, durability: durability, gathering: gather) }
  }

  public func write(
    _ key: StoreKey, if condition: WriteCondition, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try surround {
      try memory.write(key, if: condition, byteCount: byteCount, durability: durability, gathering: gather)
    }
  }

  public func delete(_ key: StoreKey) throws { try surround { try memory.delete(key) } }

  public func delete(_ key: StoreKey, ifVersion version: StoredVersion) throws {
    try surround { try memory.delete(key, ifVersion: version) }
  }
}

extension StoreSurrounding where Self: CopyingStore {
  public func delete(_ keys: [StoreKey]) throws { try surround { try memory.delete(keys) } }

  public func copy(_ key: StoreKey, to target: StoreKey) throws -> Bool {
    try surround { try memory.copy(key, to: target) }
  }
}
