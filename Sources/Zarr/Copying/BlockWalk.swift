/// Goes through the blocks of a region that are needed.
struct BlockWalk {
  private let blocks: ChunkBlocks
  private let isNeeded: (ArrayRegion) -> Bool
  private var first = 0

  /// Begins in front of the first block.
  ///
  /// - Parameters:
  ///   - blocks: The region, and its chunks.
  ///   - isNeeded: Is asked which blocks are needed.
  init(_ blocks: ChunkBlocks, isNeeded: @escaping (ArrayRegion) -> Bool) {
    self.blocks = blocks
    self.isNeeded = isNeeded
  }

  /// Goes on to the next block that is needed.
  ///
  /// - Parameters:
  ///   - chunkCount: The most chunks that it has, at least one.
  ///   - skip: Is handed what is left out before it.
  /// - Returns: The block, or nil if there are no more.
  mutating func next(
    ofAtMost chunkCount: Int, skipping skip: (ArrayRegion) throws -> Void
  ) rethrows -> ArrayRegion? {
    // Larger and larger blocks are asked for while none is needed, so that few are in a very large array.
    var most = chunkCount
    while first < blocks.chunkCount {
      let (region, count) = blocks.block(from: first, ofAtMost: most)
      if !isNeeded(region) {
        try skip(region)
        first += count
        most = most > blocks.chunkCount / 2 ? blocks.chunkCount : most * 2
      } else if count > chunkCount {
        most = max(chunkCount, count / 2)
      } else {
        first += count
        return region
      }
    }
    return nil
  }
}
