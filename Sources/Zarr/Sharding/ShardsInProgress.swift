import ChunkEngine

/// The shards that a call is writing, until all pieces of each are encoded.
///
/// A shard is locked from its first piece on, so that nobody else changes it meanwhile. Workers take pieces
/// in order: there are few shards at a time, and two calls that write the same shards lock them in the same
/// order.
final class ShardsInProgress: Sendable {
  /// A shard.
  final class Shard: Sendable {
    /// What is known of a shard once it is locked.
    private struct State {
      let lock: ArrayLock
      let old: OpenShard?
      var parts: [EncodedInnerChunks?]
      var rest: Int
    }

    private let state = Locked<State?>(nil)

    /// Locks the shard if that was not done, and returns the one that was there before.
    fileprivate func begin(
      pieceCount: Int, _ lock: () throws -> ArrayLock, _ open: () throws -> OpenShard?
    ) throws -> OpenShard? {
      try state.withLock { state in
        if let state { return state.old }
        let lock = try lock()
        do {
          let old = try open()
          state = State(
            lock: lock, old: old, parts: Array(repeating: nil, count: pieceCount), rest: pieceCount)
          return old
        } catch {
          lock.unlock()
          throw error
        }
      }
    }

    /// Unlocks the shard if it is locked.
    fileprivate func end() {
      state.withLock { $0?.lock.unlock() }
    }

    /// Takes an encoded piece, or nil for one without elements.
    ///
    /// - Returns: All pieces in order, once all are there.
    func add(_ part: EncodedInnerChunks?, at piece: Int) -> [EncodedInnerChunks]? {
      state.withLock { state in
        state?.parts[piece] = part
        state?.rest -= 1
        return state?.rest == 0 ? state?.parts.compactMap(\.self) : nil
      }
    }
  }

  private let slots = Locked<[Int: Shard]>([:])
  private let pieceCount: Int

  /// Prepares for shards of as many pieces.
  init(pieceCount: Int) {
    self.pieceCount = pieceCount
  }

  /// Begins or goes on with a shard.
  ///
  /// - Parameters:
  ///   - number: The number of the shard.
  ///   - lock: Locks the shard. It is called once a shard.
  ///   - open: Opens the shard that is there, if anything of it is kept. It is called once a shard, and the
  ///     shard is locked then.
  /// - Returns: The shard, and the one that was there before.
  /// - Throws: What `lock` and `open` throw.
  func shard(
    _ number: Int, locking lock: () throws -> ArrayLock, _ open: () throws -> OpenShard?
  ) throws -> (shard: Shard, old: OpenShard?) {
    let shard = slots.withLock { slots in
      if let shard = slots[number] { return shard }
      let shard = Shard()
      slots[number] = shard
      return shard
    }
    return (shard, try shard.begin(pieceCount: pieceCount, lock, open))
  }

  /// Ends a shard that was written.
  func finish(_ number: Int) {
    slots.withLock { $0.removeValue(forKey: number) }?.end()
  }

  /// Drops the shards that are not written, when no worker works on one any more.
  func abandon() {
    slots.withLock { slots in
      for shard in slots.values { shard.end() }
      slots = [:]
    }
  }
}
