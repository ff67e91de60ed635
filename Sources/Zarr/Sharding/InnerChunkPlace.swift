import ChunkEngine

/// Where an inner chunk is: in which shard, and where in it.
struct InnerChunkPlace {
  /// The place of the shard in the grid.
  let shardIndices: [Int]

  /// The inner chunks of the shard.
  let grid: InnerChunkGrid

  /// Which of them it is, in C order.
  let position: Int

  /// Finds an inner chunk by its place among those of all shards.
  ///
  /// - Precondition: No index is negative, and there is such a shard.
  init(_ indices: [Int], _ grid: ChunkGrid, _ codec: ShardingCodec) throws(ChunkError) {
    var shardIndices: [Int] = []
    var local: [Int] = []
    for (dimension, index) in indices.enumerated() {
      let side = codec.chunkShape[dimension]
      let shard = grid.dimensions[dimension].chunkIndex(of: index * side)
      shardIndices.append(shard)
      local.append(index - grid.dimensions[dimension].range(ofChunk: shard).lowerBound / side)
    }
    self.grid = try InnerChunkGrid(
      shardShape: grid.chunkShape(at: shardIndices), chunkShape: codec.chunkShape)
    self.shardIndices = shardIndices
    var position = 0
    for (index, count) in zip(local, self.grid.counts) { position = position * count + index }
    self.position = position
  }
}
