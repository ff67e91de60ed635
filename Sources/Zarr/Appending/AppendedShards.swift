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

  /// Whether the array has elements in the first row of shards.
  private let isFirstCovered: Bool

  private var open: [[Int]: Open] = [:]

  /// The bytes of the chunks that a worker gets at a time.
  private static let byteCount = 128 << 10

  /// Prepares to go on behind as many rows of an array.
  ///
  /// - Precondition: There is a dimension.
  init(_ grid: InnerChunkGrid, rowCount: Int) {
    self.grid = grid
    rowsPerShard = grid.counts[0]
    firstShardRow = rowCount / grid.shardShape[0]
    storedRows = rowCount % grid.shardShape[0] / grid.chunkShape[0]
    isFirstCovered = !rowCount.isMultiple(of: grid.shardShape[0])
  }

  /// Takes a full chunk, and hands those of its shard over if they are enough.
  mutating func add(_ chunk: OpenChunk, to queue: ChunkQueue) {
    let indices = place(chunk)
    // Taken out, so that its chunks are not copied.
    var open = self.open.removeValue(forKey: indices) ?? makeShard(indices)
    open.chunks.append(chunk)
    open.byteCount += chunk.byteCount
    if open.byteCount >= Self.byteCount {
      Self.submit(&open, to: queue, endsShard: false)
    }
    self.open[indices] = open
  }

  /// Ends the shards after a row of chunks, if it is their last.
  mutating func endRow(_ index: Int, queue: ChunkQueue) {
    guard (index + 1).isMultiple(of: rowsPerShard) else { return }
    for indices in open.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      guard var shard = open.removeValue(forKey: indices) else { continue }
      Self.submit(&shard, to: queue, endsShard: true)
    }
  }

  /// Hands over all chunks of shards that are not complete.
  ///
  /// - Parameters:
  ///   - partial: Chunks that are not complete either.
  ///   - queue: Where the others go.
  /// - Returns: The shards, each with those of `partial` that are in it.
  mutating func openShards(
    with partial: [OpenChunk], queue: ChunkQueue
  ) -> [(shard: AppendedShard, partial: [OpenChunk])] {
    var chunks: [[Int]: [OpenChunk]] = [:]
    for chunk in partial {
      let indices = place(chunk)
      chunks[indices, default: []].append(chunk)
      if open[indices] == nil { open[indices] = makeShard(indices) }
    }
    for indices in open.keys {
      guard var shard = open.removeValue(forKey: indices) else { continue }
      if !shard.chunks.isEmpty { Self.submit(&shard, to: queue, endsShard: false) }
      open[indices] = shard
    }
    return open.map { ($0.value.shard, chunks[$0.key] ?? []) }
  }

  /// Finds the place of a chunk in its shard, and returns that of the shard in the grid.
  private func place(_ chunk: OpenChunk) -> [Int] {
    var indices = chunk.indices
    chunk.shardPosition = 0
    for (dimension, count) in grid.counts.enumerated() {
      chunk.shardPosition = chunk.shardPosition * count + indices[dimension] % count
      indices[dimension] /= count
    }
    return indices
  }

  private func makeShard(_ indices: [Int]) -> Open {
    // What is stored behind the end of the array goes.
    let isFirst = indices[0] == firstShardRow
    return Open(
      shard: AppendedShard(
        indices: indices, grid: grid, keptCount: isFirst ? storedRows * (grid.chunkCount / rowsPerShard) : 0,
        isCovered: isFirst && isFirstCovered))
  }

  private static func submit(_ open: inout Open, to queue: ChunkQueue, endsShard: Bool) {
    open.shard.expectPart()
    queue.submit(SealedChunks(chunks: open.chunks, shard: open.shard, endsShard: endsShard))
    open.chunks = []
    open.byteCount = 0
  }
}
