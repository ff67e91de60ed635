import ChunkEngine

/// Collects the chunks of an appender by the shards that they go to.
///
/// A worker gets many small chunks at a time. The shards of a row of shards are open together; what is
/// encoded of them stays in memory until the row ends.
struct AppendedShards {
  /// A shard, and the chunks for it that are not handed over yet.
  private struct Open {
    let shard: AppendedShard
    var chunks: [OpenChunk] = []
    var byteCount = 0
  }

  /// The chunks of every shard.
  private let grid: InnerChunkGrid

  /// The rows of chunks of a shard, and how many of them are stored already in the first row of shards.
  private let rowsPerShard: Int
  private let storedRows: Int
  private let firstShardRow: Int

  private var open: [[Int]: Open] = [:]

  /// The bytes of the chunks that a worker gets at a time.
  private static let byteCount = 128 << 10

  /// Prepares to go on behind as many rows of an array.
  ///
  /// - Precondition: There is an axis.
  init(_ grid: InnerChunkGrid, rowCount: Int) {
    self.grid = grid
    rowsPerShard = grid.counts[0]
    firstShardRow = rowCount / grid.shardShape[0]
    storedRows = rowCount % grid.shardShape[0] / grid.chunkShape[0]
  }

  /// Takes a full chunk, and hands those of its shard over if they are enough.
  mutating func add(_ chunk: OpenChunk, to queue: ChunkQueue) throws {
    var indices = chunk.indices
    chunk.shardPosition = 0
    for (axis, count) in grid.counts.enumerated() {
      chunk.shardPosition = chunk.shardPosition * count + indices[axis] % count
      indices[axis] /= count
    }
    // Taken out, so that its chunks are not copied.
    var open = self.open.removeValue(forKey: indices) ?? makeShard(indices)
    open.chunks.append(chunk)
    open.byteCount += chunk.byteCount
    if open.byteCount >= Self.byteCount {
      try Self.submit(&open, to: queue, endsShard: false)
    }
    self.open[indices] = open
  }

  /// Ends the shards after a row of chunks, if it is their last.
  mutating func endRow(_ index: Int, queue: ChunkQueue) throws {
    if (index + 1).isMultiple(of: rowsPerShard) { try endAll(queue: queue) }
  }

  /// Ends all shards.
  mutating func endAll(queue: ChunkQueue) throws {
    for indices in open.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      guard var shard = open.removeValue(forKey: indices) else { continue }
      try Self.submit(&shard, to: queue, endsShard: true)
    }
  }

  private func makeShard(_ indices: [Int]) -> Open {
    // What is stored behind the end of the array goes.
    let kept = indices[0] == firstShardRow ? storedRows * (grid.chunkCount / rowsPerShard) : 0
    return Open(shard: AppendedShard(indices: indices, grid: grid, keptCount: kept))
  }

  private static func submit(_ open: inout Open, to queue: ChunkQueue, endsShard: Bool) throws {
    open.shard.expectPart()
    try queue.submit(SealedChunks(chunks: open.chunks, shard: open.shard, endsShard: endsShard))
    open.chunks = []
    open.byteCount = 0
  }
}
