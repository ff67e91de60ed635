/// Cuts a region into blocks of whole chunks, in C order of the chunks.
///
/// A block has some chunks that follow each other along one dimension, one chunk along each dimension before
/// it, and all of them along the dimensions behind it:
///
///     · · · · a a      a   the rest of a row of chunks
///     b b b b b b      b   whole rows
///     b b b b b b
///     c c c · · ·      c   the beginning of a row
///
/// Where the elements come from chunks of another array, blocks end where these do, if they do not become
/// much smaller by that: what is read for a block then serves no other one.
struct ChunkBlocks {
  private let region: ArrayRegion
  private let grid: ChunkGrid
  private let otherGrid: ChunkGrid?
  private let counts: [Int]

  /// The chunks behind one index along each dimension.
  private let strides: [Int]

  /// The number of chunks.
  let chunkCount: Int

  /// Divides an array into blocks of its chunks.
  init(_ metadata: ArrayMetadata, from otherGrid: ChunkGrid? = nil) {
    self.init(ArrayRegion(metadata.shape.map { 0..<$0 }), by: metadata.chunkGrid, from: otherGrid)
  }

  /// Divides a region of an array.
  ///
  /// - Parameters:
  ///   - region: The region.
  ///   - grid: Its chunks; the grid begins where the region does.
  ///   - otherGrid: The chunks of the array that elements come from.
  init(_ region: ArrayRegion, by grid: ChunkGrid, from otherGrid: ChunkGrid? = nil) {
    self.region = region
    self.grid = grid
    self.otherGrid = otherGrid
    let counts = grid.chunkCounts(of: region.ranges.map(\.count))
    // No more chunks than elements, whose number was checked.
    chunkCount = counts.contains(0) ? 0 : counts.reduce(1, *)
    var strides = [Int](repeating: 1, count: counts.count)
    if chunkCount > 0 {
      for dimension in strides.indices.dropLast().reversed() {
        strides[dimension] = strides[dimension + 1] * counts[dimension + 1]
      }
    }
    self.counts = counts
    self.strides = strides
  }

  /// The block that begins with a chunk.
  ///
  /// - Parameters:
  ///   - first: The number of the chunk, in C order.
  ///   - most: The most chunks that the block has, at least one.
  /// - Returns: The elements of the block that are in the region, and the number of its chunks.
  func block(from first: Int, ofAtMost most: Int) -> (region: ArrayRegion, chunkCount: Int) {
    guard !counts.isEmpty else { return (ArrayRegion([]), 1) }
    let dimension =
      counts.indices.first { first % strides[$0] == 0 && strides[$0] <= most } ?? counts.count - 1
    let index = first / strides[dimension] % counts[dimension]
    let count = countToEnd(
      from: index, ofAtMost: min(most / strides[dimension], counts[dimension] - index), along: dimension)
    let ranges = counts.indices.map { other in
      let start = other <= dimension ? first / strides[other] % counts[other] : 0
      let last = other < dimension ? start : other == dimension ? start + count - 1 : counts[other] - 1
      return elements(ofChunks: start...last, along: other)
    }
    return (ArrayRegion(ranges), count * strides[dimension])
  }

  /// How many chunks along a dimension end where a chunk of the other array does; if those are too few, or
  /// there is no such array, as many as may be.
  private func countToEnd(from index: Int, ofAtMost most: Int, along dimension: Int) -> Int {
    guard let other = otherGrid?.dimensions[dimension] else { return most }
    let end = elements(ofChunks: index...index + most - 1, along: dimension).upperBound
    guard end < region.ranges[dimension].upperBound else { return most }
    // The last place up to the end where chunks of both may begin.
    let start =
      other.range(ofChunk: other.chunkIndex(of: end)).lowerBound - region.ranges[dimension].lowerBound
    guard start > 0 else { return most }
    let count = grid.dimensions[dimension].chunkIndex(of: start) - index
    return count > most / 2 ? count : most
  }

  private func elements(ofChunks chunks: ClosedRange<Int>, along dimension: Int) -> Range<Int> {
    let start = grid.dimensions[dimension].range(ofChunk: chunks.lowerBound).lowerBound
    let end = grid.dimensions[dimension].range(ofChunk: chunks.upperBound).upperBound
    let range = region.ranges[dimension]
    return range.lowerBound + start..<range.lowerBound + min(range.count, end)
  }
}
