import ChunkEngine

/// Goes through an array in blocks of whole chunks; a shard that is larger than a block is several of them.
///
///     shards   [ · · ][ · · ][ · · ]        few inner chunks: a block has whole shards
///     shard    [ a a a b b b c c c ]        many: a block has some of one shard, and the next one the next
struct CopyBlocks {
  /// A block.
  struct Block {
    /// The elements.
    let region: ArrayRegion
    /// The place of the shard of which the block has a part, or nil if it has whole chunks or shards.
    let shardIndices: [Int]?
  }

  private let grid: ChunkGrid
  private let sourceGrid: ChunkGrid
  private let isNeeded: (ArrayRegion) -> Bool

  /// The division of a value into chunks, and the number of those of the largest one.
  private let inner: (grid: ChunkGrid, chunkCount: Int)

  /// The chunks or shards, and the inner chunks of the shard that was begun.
  private var outerWalk: BlockWalk
  private var shard: (indices: [Int], walk: BlockWalk)?

  /// Begins in front of the first block of an array.
  ///
  /// - Parameters:
  ///   - array: The array.
  ///   - source: The array that elements come from.
  ///   - isNeeded: Is asked which regions are needed; blocks without any are left out.
  init(
    _ array: ZarrArray, from source: ZarrArray, isNeeded: @escaping (ArrayRegion) -> Bool
  ) {
    let metadata = array.metadata
    grid = metadata.chunkGrid
    sourceGrid = source.layout.chunkGrid(source.metadata)
    self.isNeeded = isNeeded
    outerWalk = BlockWalk(ChunkBlocks(metadata, from: sourceGrid), isNeeded: isNeeded)
    let chunkGrid = array.layout.chunkGrid(metadata)
    // No more than elements of a value, whose number was checked.
    inner = (chunkGrid, zip(grid.chunkShape, chunkGrid.chunkShape).reduce(1) { $0 * ($1.0 / $1.1) })
  }

  /// Goes on to the next block.
  ///
  /// - Parameters:
  ///   - elementCount: The most elements that it has, unless one chunk has more, an inner one if there are
  ///     shards.
  ///   - skip: Is handed what is left out before it.
  /// - Returns: The block, or nil if there are no more.
  mutating func next(
    ofAtMost elementCount: Int, skipping skip: (ArrayRegion) throws -> Void
  ) rethrows -> Block? {
    let wholeCount = elementCount / grid.elementCount
    while true {
      let chunkCount = max(1, elementCount / inner.grid.elementCount)
      if let region = try shard?.walk.next(ofAtMost: chunkCount, skipping: skip) {
        return Block(region: region, shardIndices: shard?.indices)
      }
      guard let region = try outerWalk.next(ofAtMost: max(1, wholeCount), skipping: skip) else { return nil }
      guard wholeCount == 0, inner.chunkCount > 1 else { return Block(region: region, shardIndices: nil) }
      let indices = zip(grid.dimensions, region.ranges).map { $0.chunkIndex(of: $1.lowerBound) }
      shard = (indices, BlockWalk(ChunkBlocks(region, by: inner.grid, from: sourceGrid), isNeeded: isNeeded))
    }
  }
}
