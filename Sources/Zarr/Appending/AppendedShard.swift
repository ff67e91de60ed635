import ChunkEngine
import Synchronization

/// A shard that an appender fills, until all its chunks are encoded.
final class AppendedShard: Sendable {
  private struct State {
    var parts: [EncodedInnerChunks] = []
    /// The calls of ``add(_:isLast:)`` that are to come, and one until the last of them is known.
    var rest = 1
  }

  /// The place of the shard in the grid.
  let indices: [Int]

  /// Its inner chunks.
  let grid: InnerChunkGrid

  /// How many inner chunks that were stored before are kept, the first ones in C order.
  let keptCount: Int

  private let state = Mutex(State())

  init(indices: [Int], grid: InnerChunkGrid, keptCount: Int) {
    self.indices = indices
    self.grid = grid
    self.keptCount = keptCount
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
  /// - Returns: All parts, if all are there.
  func add(_ part: EncodedInnerChunks, isLast: Bool) -> [EncodedInnerChunks]? {
    state.withLock { state in
      state.parts.append(part)
      state.rest -= isLast ? 2 : 1
      return state.rest == 0 ? state.parts : nil
    }
  }
}
