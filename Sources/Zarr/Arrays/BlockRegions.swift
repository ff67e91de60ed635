/// Cuts elements that follow each other in C order into regions, which are read one after the other.
///
/// A region has a range along one dimension, one index along each dimension before it, and all of the
/// dimensions behind it:
///
///     · · · · a a      a   the rest of a row
///     b b b b b b      b   whole rows, as many as make a region
///     b b b b b b
///     c c c · · ·      c   the beginning of a row
struct BlockRegions {
  private let shape: [Int]
  private let grid: ChunkGrid

  /// The elements behind one index along each dimension.
  private let strides: [Int]

  /// The elements of all chunks that one index along each dimension is in, which are decoded together.
  private let chunkStrides: [Int]

  /// No region has more elements than this, so that what points to them is small too.
  static let maximumElementCount = 4 << 20

  /// Divides an array that has elements.
  init(shape: [Int], grid: ChunkGrid) {
    self.shape = shape
    self.grid = grid
    let rank = shape.count
    var strides = [Int](repeating: 1, count: rank)
    var chunkStrides = [Int](repeating: grid.elementCount, count: rank)
    for dimension in strides.indices.dropLast().reversed() {
      // Part of the number of elements, which was checked.
      strides[dimension] = strides[dimension + 1] * shape[dimension + 1]
      let columnCount = grid.dimensions[dimension + 1].chunkCount(covering: shape[dimension + 1])
      chunkStrides[dimension] = chunkStrides[dimension + 1].multipliedClamping(by: columnCount)
    }
    self.strides = strides
    self.chunkStrides = chunkStrides
  }

  /// The region that begins at an element.
  ///
  /// - Parameters:
  ///   - elements: The elements that are still to be read, at least one.
  ///   - wanted: About as many elements are decoded, if chunks are small enough for that, and as many as one
  ///     row of chunks has at least.
  ///   - limit: A row of chunks with more elements is not decoded at once but in parts. Its chunks are then
  ///     decoded again for each of their rows.
  /// - Returns: A region that ends where chunks end, if that can be.
  func first(of elements: Range<Int>, wanted: Int, limit: Int) -> ArrayRegion {
    guard !shape.isEmpty else { return ArrayRegion([]) }
    let position = elements.lowerBound
    let dimension =
      shape.indices.first { dimension in
        position % strides[dimension] == 0 && strides[dimension] <= elements.count
          && chunkStrides[dimension] <= limit
          && strides[dimension] <= Self.maximumElementCount
      } ?? shape.count - 1
    let index = position / strides[dimension] % shape[dimension]
    let rows = grid.chunkShape[dimension].multipliedClamping(by: max(1, wanted / chunkStrides[dimension]))
    // Where the chunk ends that the block would end in if it began where a chunk does.
    let chunkStart = grid.dimensions[dimension].range(
      ofChunk: grid.dimensions[dimension].chunkIndex(of: index)
    ).lowerBound
    let last = min(shape[dimension] - 1, chunkStart.addingReportingOverflow(rows - 1).partialValue)
    let end = grid.dimensions[dimension].range(
      ofChunk: grid.dimensions[dimension].chunkIndex(of: max(index, last))
    ).upperBound
    let count = min(
      end - index, Self.maximumElementCount / strides[dimension], shape[dimension] - index,
      elements.count / strides[dimension])
    return ArrayRegion(
      shape.indices.map { other in
        guard other <= dimension else { return 0..<shape[other] }
        let start = position / strides[other] % shape[other]
        return start..<start + (other == dimension ? count : 1)
      })
  }
}

extension Int {
  /// The product, or the largest number if it is larger than that.
  fileprivate func multipliedClamping(by other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? Int.max : product
  }
}
