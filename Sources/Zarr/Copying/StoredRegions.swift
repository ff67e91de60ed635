import ChunkEngine

/// Which parts of an array are stored, so that the others need not be read.
struct StoredRegions {
  private let grid: ChunkGrid

  /// The positions of the chunks that are stored, or nil if they are not known.
  private let positions: Set<[Int]>?

  /// Lists the chunks of an array.
  ///
  /// - Complexity: O(*n*) where *n* is the number of stored chunks.
  init(of array: ZarrArray) {
    grid = array.metadata.chunkGrid
    // A store that cannot list its keys can still be read.
    positions = (try? array.storedChunkIndices()).map { Set($0) }
  }

  /// Whether anything of a region may be stored.
  ///
  /// - Complexity: O(*n*) where *n* is the smaller of the number of stored chunks and that of the chunks in
  ///   the region.
  func mayContain(_ region: ArrayRegion) -> Bool {
    guard let positions, !region.ranges.contains(where: \.isEmpty) else { return true }
    let chunks = zip(grid.dimensions, region.ranges).map { dimension, range in
      dimension.chunkIndex(of: range.lowerBound)...dimension.chunkIndex(of: range.upperBound - 1)
    }
    let count = ArrayMetadata.elementCount(of: chunks.map(\.count)) ?? Int.max
    guard count <= positions.count else {
      return positions.contains { zip(chunks, $0).allSatisfy { $0.contains($1) } }
    }
    var position = chunks.map(\.lowerBound)
    while true {
      if positions.contains(position) { return true }
      guard let dimension = position.indices.last(where: { position[$0] < chunks[$0].upperBound }) else {
        return false
      }
      position[dimension] += 1
      for behind in position.indices.dropFirst(dimension + 1) { position[behind] = chunks[behind].lowerBound }
    }
  }
}
