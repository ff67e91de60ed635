/// Cuts an array into blocks of whole chunks, in C order of the chunks.
///
/// A block has some chunks that follow each other along one axis, one chunk along each axis before it, and
/// all of them along the axes behind it:
///
///     · · · · a a      a   the rest of a row of chunks
///     b b b b b b      b   whole rows
///     b b b b b b
///     c c c · · ·      c   the beginning of a row
struct ChunkBlocks {
  private let shape: [Int]
  private let grid: ChunkGrid
  private let counts: [Int]

  /// The chunks behind one index along each axis.
  private let strides: [Int]

  /// The number of chunks.
  let chunkCount: Int

  /// Divides an array.
  init(_ metadata: ArrayMetadata) {
    shape = metadata.shape
    grid = metadata.chunkGrid
    let counts = grid.chunkCounts(of: shape)
    // No more chunks than elements, whose number was checked.
    chunkCount = counts.contains(0) ? 0 : counts.reduce(1, *)
    var strides = [Int](repeating: 1, count: counts.count)
    if chunkCount > 0 {
      for axis in strides.indices.dropLast().reversed() {
        strides[axis] = strides[axis + 1] * counts[axis + 1]
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
  /// - Returns: The elements of the block that are in the array, and the number of its chunks.
  func block(from first: Int, ofAtMost most: Int) -> (region: ArrayRegion, chunkCount: Int) {
    guard !shape.isEmpty else { return (ArrayRegion([]), 1) }
    let axis =
      shape.indices.first { first % strides[$0] == 0 && strides[$0] <= most } ?? shape.count - 1
    let index = first / strides[axis] % counts[axis]
    let count = min(most / strides[axis], counts[axis] - index)
    let ranges = shape.indices.map { other in
      let start = other <= axis ? first / strides[other] % counts[other] : 0
      let last = other < axis ? start : other == axis ? start + count - 1 : counts[other] - 1
      return elements(ofChunks: start...last, along: other)
    }
    return (ArrayRegion(ranges), count * strides[axis])
  }

  private func elements(ofChunks chunks: ClosedRange<Int>, along axis: Int) -> Range<Int> {
    let start = grid.axes[axis].range(ofChunk: chunks.lowerBound).lowerBound
    return start..<min(shape[axis], grid.axes[axis].range(ofChunk: chunks.upperBound).upperBound)
  }
}
