import ChunkEngine

/// What a region of an array has of one chunk.
struct ChunkPart {
  /// The position of the chunk in the grid.
  let indices: [Int]

  /// The elements that the chunk and the region share, in the order of both.
  let runs: [ElementRun]

  /// Whether the region has all elements of the chunk that are inside of the array.
  let isWhole: Bool

  /// The shared elements as a region of the array.
  let region: ArrayRegion
}

/// The chunks that a region of an array touches, in C order of the grid.
struct ChunkParts {
  /// The number of chunks.
  let count: Int

  private let region: ArrayRegion
  private let shape: [Int]
  private let chunkShape: [Int]

  /// The first chunk along each axis, and how many there are.
  private let first: [Int]
  private let counts: [Int]

  /// Divides a region that is inside of the array.
  init(of region: ArrayRegion, shape: [Int], chunkShape: [Int]) {
    self.region = region
    self.shape = shape
    self.chunkShape = chunkShape
    first = zip(region.ranges, chunkShape).map { $0.lowerBound / $1 }
    counts = zip(region.ranges, chunkShape).map { range, side in
      range.isEmpty ? 0 : (range.upperBound - 1) / side - range.lowerBound / side + 1
    }
    // No more chunks than elements, whose number was checked.
    count = counts.contains(0) ? 0 : counts.reduce(1, *)
  }

  /// The chunk at `position`.
  subscript(position: Int) -> ChunkPart {
    var rest = position
    var indices = first
    for axis in counts.indices.reversed() {
      indices[axis] += rest % counts[axis]
      rest /= counts[axis]
    }
    let starts = zip(indices, chunkShape).map { $0 * $1 }
    var isWhole = true
    var shared: [Range<Int>] = []
    for axis in indices.indices {
      // The end of the last chunk may be beyond what an `Int` holds.
      let end = min(
        shape[axis],
        starts[axis].addingReportingOverflow(chunkShape[axis]).overflow
          ? Int.max : starts[axis] + chunkShape[axis])
      let range = region.ranges[axis]
      let lower = max(starts[axis], range.lowerBound)
      let upper = min(end, range.upperBound)
      isWhole = isWhole && lower == starts[axis] && upper == end
      shared.append(lower..<upper)
    }
    let runs = runs(of: shared, starts: starts)
    return ChunkPart(indices: indices, runs: runs, isWhole: isWhole, region: ArrayRegion(shared))
  }

  /// The runs of elements that follow each other in the chunk as well as in the region.
  ///
  /// Trailing axes of which both have all make one run.
  private func runs(of shared: [Range<Int>], starts: [Int]) -> [ElementRun] {
    var axis = shared.count - 1
    var runCount = axis < 0 ? 1 : shared[axis].count
    while axis > 0, shared[axis].count == chunkShape[axis], shared[axis].count == region.ranges[axis].count {
      axis -= 1
      runCount *= shared[axis].count
    }
    var runs: [ElementRun] = []
    var indices = shared.map(\.lowerBound)
    while true {
      var chunkIndex = 0
      var selectionIndex = 0
      for axis in shared.indices {
        chunkIndex = chunkIndex * chunkShape[axis] + indices[axis] - starts[axis]
        selectionIndex =
          selectionIndex * region.ranges[axis].count + indices[axis] - region.ranges[axis].lowerBound
      }
      runs.append(ElementRun(chunkIndex: chunkIndex, selectionIndex: selectionIndex, count: runCount))
      // The next position of the axes that are not part of a run, the last of them first.
      var moving = axis - 1
      while moving >= 0, indices[moving] == shared[moving].upperBound - 1 {
        indices[moving] = shared[moving].lowerBound
        moving -= 1
      }
      guard moving >= 0 else { return runs }
      indices[moving] += 1
    }
  }
}
