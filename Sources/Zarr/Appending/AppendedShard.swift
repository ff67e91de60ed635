import ChunkEngine

/// A shard that an appender fills, until all its chunks are encoded.
final class AppendedShard: Sendable {
  private struct State {
    var parts: [EncodedInnerChunks] = []
    /// The calls of ``add(_:isLast:)`` that are to come, and one until the last of them is known.
    var rest = 1
    var isCovered: Bool
  }

  /// The place of the shard in the grid.
  let indices: [Int]

  /// Its inner chunks.
  let grid: InnerChunkGrid

  /// How many inner chunks that were stored before are kept, the first ones in C order.
  let keptCount: Int

  private let state: Locked<State>

  init(indices: [Int], grid: InnerChunkGrid, keptCount: Int, isCovered: Bool) {
    self.indices = indices
    self.grid = grid
    self.keptCount = keptCount
    state = Locked(State(isCovered: isCovered))
  }

  /// The chunks that are encoded so far.
  var parts: [EncodedInnerChunks] { state.withLock { $0.parts } }

  /// The bytes that they are encoded to.
  var byteCount: Int { parts.reduce(0) { $0 + $1.byteCount } }

  /// Whether the array's shape covers elements of the shard that are stored.
  var isCovered: Bool { state.withLock { $0.isCovered } }

  /// Remembers that the array's shape covers elements of the shard.
  func cover() {
    state.withLock { $0.isCovered = true }
  }

  /// Announces a part that is going to be added.
  func expectPart() {
    state.withLock { $0.rest += 1 }
  }

  /// Takes encoded chunks.
  ///
  /// - Parameters:
  ///   - part: The chunks.
  ///   - isLast: Whether no more parts are announced.
  /// - Returns: Whether all are there.
  func add(_ part: EncodedInnerChunks, isLast: Bool) -> Bool {
    state.withLock { state in
      state.parts.append(part)
      state.rest -= isLast ? 2 : 1
      return state.rest == 0
    }
  }
}
