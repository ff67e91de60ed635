import Synchronization
public import Zarr

/// A store on a disk that loses what was not synchronized when the machine crashes.
///
/// What is deferred can be read at once. A crash leaves its place with the value before it, without one, or
/// with half of the bytes.
public final class StoreVolatile: StoreForwarding, BatchingStore {
  private struct State {
    /// The values that have to be on the disk.
    let safe = StoreDictionary()
    /// The values that may be lost.
    var deferred: Set<StoreKey> = []
  }

  /// What readers see.
  private let cache = StoreDictionary()
  private let state = Mutex(State())

  /// Creates an empty store.
  public init() {}

  public var base: any Store { cache }

  public var location: String { "volatile" }

  /// What is found after a crash.
  public func crash(using generator: inout SeededGenerator) throws -> StoreDictionary {
    let (safe, deferred) = state.withLock { ($0.safe, $0.deferred) }
    let found = StoreDictionary()
    for key in try safe.list("") {
      try found.copy(key, from: safe)
    }
    for key in deferred.sorted(by: { $0.description < $1.description }) {
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: try found.delete(key)
      case 1: try found.copy(key, from: cache, half: true)
      case 2: try found.copy(key, from: cache)
      default: break
      }
    }
    return found
  }

  public func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try cache.write(key, byteCount: byteCount, gathering: gather)
    try state.withLock { state in
      if case .deferred = durability {
        state.deferred.insert(key)
      } else {
        state.deferred.remove(key)
        try state.safe.copy(key, from: cache)
      }
    }
  }

  public func synchronize() throws {
    try state.withLock { state in
      for key in state.deferred {
        try state.safe.copy(key, from: cache)
      }
      state.deferred = []
    }
  }

  public func delete(_ key: StoreKey) throws {
    try cache.delete(key)
    try state.withLock { state in
      state.deferred.remove(key)
      try state.safe.delete(key)
    }
  }
}

extension StoreDictionary {
  /// Writes a value of another store, or the first half of it.
  fileprivate func copy(_ key: StoreKey, from other: StoreDictionary, half: Bool = false) throws {
    let bytes = try other.bytes(of: key, limit: .max) ?? []
    let part = half ? Array(bytes.prefix(bytes.count / 2)) : bytes
    try write(key, part.span.bytes)
  }
}
