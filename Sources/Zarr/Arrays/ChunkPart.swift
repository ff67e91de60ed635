import ChunkEngine

/// What a region of an array has of one chunk.
struct ChunkPart {
  /// The position of the chunk in the grid.
  let indices: [Int]

  /// The number of elements of the chunk along each dimension, also of those beyond the array.
  let chunkShape: [Int]

  /// The elements that the chunk and the region share, in the order of both.
  let runs: [ElementRun]

  /// Whether the region has all elements of the chunk that are inside of the array.
  let isWhole: Bool

  /// The shared elements as a region of the array.
  let region: ArrayRegion

  /// The number of elements of the chunk.
  var chunkElementCount: Int {
    // No more than the largest chunk of the grid has, which was checked.
    chunkShape.reduce(1, *)
  }
}

/// The chunks that a region of an array touches, in C order of the grid.
struct ChunkParts {
  /// The number of chunks.
  let count: Int

  private let region: ArrayRegion
  private let shape: [Int]
  private let grid: ChunkGrid

  /// The first chunk along each dimension, and how many there are.
  private let first: [Int]
  private let counts: [Int]

  /// Divides a region that is inside of the array.
  init(of region: ArrayRegion, shape: [Int], grid: ChunkGrid) {
    self.region = region
    self.shape = shape
    self.grid = grid
    first = zip(region.ranges, grid.dimensions).map { $0.isEmpty ? 0 : $1.chunkIndex(of: $0.lowerBound) }
    counts = zip(region.ranges, grid.dimensions).map { range, dimension in
      range.isEmpty
        ? 0 : dimension.chunkIndex(of: range.upperBound - 1) - dimension.chunkIndex(of: range.lowerBound) + 1
    }
    // No more chunks than elements, whose number was checked.
    count = counts.contains(0) ? 0 : counts.reduce(1, *)
  }

  /// The place in the grid of the chunk at `position`.
  func indices(at position: Int) -> [Int] {
    var rest = position
    var indices = first
    for dimension in counts.indices.reversed() {
      indices[dimension] += rest % counts[dimension]
      rest /= counts[dimension]
    }
    return indices
  }

  /// The chunk at `position`.
  ///
  /// - Throws: The engine's `ChunkError` if its runs would take more memory than a chunk may: metadata can
  ///   claim chunks with billions of rows, of which each is a run.
  func part(at position: Int, _ limits: DecodingLimits) throws(ChunkError) -> ChunkPart {
    let indices = indices(at: position)
    var starts: [Int] = []
    var isWhole = true
    var shared: [Range<Int>] = []
    for dimension in indices.indices {
      let chunk = grid.dimensions[dimension].range(ofChunk: indices[dimension])
      starts.append(chunk.lowerBound)
      let end = min(shape[dimension], chunk.upperBound)
      let range = region.ranges[dimension]
      let lower = max(chunk.lowerBound, range.lowerBound)
      let upper = min(end, range.upperBound)
      isWhole = isWhole && lower == chunk.lowerBound && upper == end
      shared.append(lower..<upper)
    }
    let chunkShape = grid.chunkShape(at: indices)
    let runs = try runs(of: shared, starts: starts, chunkShape: chunkShape, limits)
    return ChunkPart(
      indices: indices, chunkShape: chunkShape, runs: runs, isWhole: isWhole, region: ArrayRegion(shared))
  }

  /// The runs of elements that follow each other in the chunk as well as in the region.
  ///
  /// Trailing dimensions of which both have all make one run.
  private func runs(
    of shared: [Range<Int>], starts: [Int], chunkShape: [Int], _ limits: DecodingLimits
  ) throws(ChunkError) -> [ElementRun] {
    var dimension = shared.count - 1
    var runCount = dimension < 0 ? 1 : shared[dimension].count
    while dimension > 0, shared[dimension].count == chunkShape[dimension],
      shared[dimension].count == region.ranges[dimension].count
    {
      dimension -= 1
      runCount *= shared[dimension].count
    }
    let limit = limits.decodedByteCountPerChunk
    // No more than elements, whose number was checked.
    let count = shared.prefix(max(0, dimension)).reduce(1) { $0 * $1.count }
    guard count == 1 || count <= limit / MemoryLayout<ElementRun>.stride else {
      throw .decodedByteCountExceedsLimit(codec: "the chunk grid", byteCount: nil, limit: limit)
    }
    var runs: [ElementRun] = []
    var indices = shared.map(\.lowerBound)
    while true {
      var chunkIndex = 0
      var selectionIndex = 0
      for dimension in shared.indices {
        chunkIndex = chunkIndex * chunkShape[dimension] + indices[dimension] - starts[dimension]
        selectionIndex =
          selectionIndex * region.ranges[dimension].count + indices[dimension]
          - region.ranges[dimension].lowerBound
      }
      runs.append(ElementRun(chunkIndex: chunkIndex, selectionIndex: selectionIndex, count: runCount))
      // The next position of the dimensions that are not part of a run, the last of them first.
      var moving = dimension - 1
      while moving >= 0, indices[moving] == shared[moving].upperBound - 1 {
        indices[moving] = shared[moving].lowerBound
        moving -= 1
      }
      guard moving >= 0 else { return runs }
      indices[moving] += 1
    }
  }
}
