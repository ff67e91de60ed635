import ChunkEngine
import Synchronization

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
      var old: OpenShard?
      var parts: [EncodedInnerChunks?]
      var rest: Int
    }

    /// The place of the shard in the grid.
    let indices: [Int]

    private let state: Mutex<State?>

    fileprivate init(indices: [Int]) {
      self.indices = indices
      state = Mutex(nil)
    }

    /// Locks the shard if that was not done, and returns the one that was there before.
    fileprivate func begin(
      pieceCount: Int, _ open: (_ indices: [Int]) throws -> OpenShard?
    ) throws -> OpenShard? {
      try state.withLock { state in
        if let state { return state.old }
        let old = try open(indices)
        state = State(old: old, parts: Array(repeating: nil, count: pieceCount), rest: pieceCount)
        return old
      }
    }

    /// Whether the shard is locked.
    fileprivate var isLocked: Bool { state.withLock { $0 != nil } }

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

  private let slots = Mutex<[Int: Shard]>([:])
  private let pieceCount: Int
  private let locks: ChunkLocks

  /// Prepares for shards of as many pieces.
  init(pieceCount: Int, locks: ChunkLocks) {
    self.pieceCount = pieceCount
    self.locks = locks
  }

  /// Begins or goes on with a shard.
  ///
  /// - Parameters:
  ///   - number: The number of the shard.
  ///   - indices: Its place in the grid.
  ///   - open: Opens the shard that is there, if anything of it is kept. It is called once a shard, and the
  ///     shard is locked then.
  /// - Returns: The shard, and the one that was there before.
  /// - Throws: What `open` throws.
  func shard(
    _ number: Int, at indices: [Int], _ open: () throws -> OpenShard?
  ) throws -> (shard: Shard, old: OpenShard?) {
    let shard = slots.withLock { slots in
      if let shard = slots[number] { return shard }
      let shard = Shard(indices: indices)
      slots[number] = shard
      return shard
    }
    let old = try shard.begin(pieceCount: pieceCount) { indices in
      locks.lock(indices)
      do {
        return try open()
      } catch {
        locks.unlock(indices)
        throw error
      }
    }
    return (shard, old)
  }

  /// Ends a shard that was written.
  func finish(_ number: Int) {
    guard let shard = slots.withLock({ $0.removeValue(forKey: number) }) else { return }
    locks.unlock(shard.indices)
  }

  /// Drops the shards that are not written, when no worker works on one any more.
  func abandon() {
    slots.withLock { slots in
      for shard in slots.values where shard.isLocked { locks.unlock(shard.indices) }
      slots = [:]
    }
  }
}
