/// Visits the inner chunks of a shard that a selection needs, in C order.
///
/// A shard of 64 MiB may have 65536 inner chunks, so that nothing is allocated for one: the place of the next
/// one is found from the one before, and ``runs`` are put where those of the one before were.
struct InnerChunkWalk {
  /// What is known of an axis.
  private struct Axis {
    /// The inner chunks that are visited.
    let chunks: Range<Int>
    /// The selected elements of the shard.
    let selected: Range<Int>
    /// The elements of the shard that are inside of the array.
    let extent: Int
    /// The elements of an inner chunk, and of the shard.
    let side: Int
    let shardLength: Int
    /// How far the next inner chunk is in the index, and the next element in the selection and in its chunk.
    let positionStride: Int
    let selectionStride: Int
    var chunkStride: Int
    /// The inner chunk that is visited, and its elements.
    var index: Int
    var length = 0
    /// The first of its elements that is selected, counted from that of the shard, and how many are.
    var lower = 0
    var count = 0
    /// Whether all its elements that are inside of the array are selected.
    var isWhole = true
    /// Which of the selected ones the next run begins at.
    var step = 0
  }

  private var axes: [Axis]
  private let selectionBase: Int
  private let isEven: Bool
  private let runCountLimit: Int
  private var isFinished = false

  /// Which of the inner chunks of the shard is visited, in C order.
  private(set) var position = 0

  /// The selected elements of the inner chunk, in the order of both it and the selection.
  private(set) var runs: [ElementRun] = []

  /// Whether all elements of the inner chunk that are inside of the array are selected.
  private(set) var isWhole = true

  /// The number of selected elements of the inner chunk.
  private(set) var elementCount = 0

  /// The number of elements of the inner chunk.
  private(set) var chunkElementCount: Int

  /// The number of elements of the inner chunk along each axis.
  private(set) var chunkShape: [Int]

  /// Whether the runs of the inner chunk would take more memory than they may; then there are none.
  private(set) var exceedsLimit = false

  /// Begins in front of the first inner chunk of a part.
  ///
  /// - Parameters:
  ///   - part: The part.
  ///   - byteCountLimit: The most bytes that the runs of an inner chunk may take. Metadata can claim inner
  ///     chunks with billions of rows, of which each is a run.
  init(_ part: ShardPart, byteCountLimit: Int = Int.max) {
    runCountLimit = byteCountLimit / MemoryLayout<ElementRun>.stride
    let grid = part.grid
    var axes: [Axis] = []
    axes.reserveCapacity(grid.counts.count)
    var positionStride = grid.chunkCount
    var chunkStride = grid.chunkElementCount
    for axis in grid.counts.indices {
      positionStride /= grid.counts[axis]
      chunkStride /= grid.chunkShape[axis]
      axes.append(
        Axis(
          chunks: part.chunks[axis], selected: part.selected[axis], extent: part.extent[axis],
          side: grid.chunkShape[axis], shardLength: grid.shardShape[axis], positionStride: positionStride,
          selectionStride: part.selectionStrides[axis], chunkStride: chunkStride,
          index: part.chunks[axis].lowerBound))
    }
    self.axes = axes
    isEven = grid.isEven
    chunkShape = grid.chunkShape
    chunkElementCount = grid.chunkElementCount
    selectionBase = part.selectionBase
    for axis in axes.indices {
      position += axes[axis].index * axes[axis].positionStride
      enter(axis)
    }
    // The first call of `next` moves from in front of the first inner chunk to it.
    if let last = axes.indices.last {
      self.axes[last].index -= 1
      position -= axes[last].positionStride
    }
  }

  /// Goes on to the next inner chunk.
  ///
  /// - Returns: Whether there is one.
  /// - Complexity: O(*n*) in the number of runs. Does not allocate once there was an inner chunk of as many.
  mutating func next() -> Bool {
    guard !isFinished else { return false }
    var axis = axes.count - 1
    while axis >= 0 {
      axes[axis].index += 1
      position += axes[axis].positionStride
      if axes[axis].index < axes[axis].chunks.upperBound { break }
      position -= axes[axis].chunks.count * axes[axis].positionStride
      axes[axis].index = axes[axis].chunks.lowerBound
      enter(axis)
      axis -= 1
    }
    if axis >= 0 {
      enter(axis)
    } else {
      isFinished = true
      // Without axes there is one inner chunk.
      guard axes.isEmpty else { return false }
    }
    if !isEven { measureChunk() }
    findRuns()
    return true
  }

  /// Finds the selected elements of the inner chunk along an axis.
  private mutating func enter(_ axis: Int) {
    let start = axes[axis].index * axes[axis].side
    let lower = max(start, axes[axis].selected.lowerBound)
    // No inner chunk reaches beyond its shard.
    let upper = min(start + axes[axis].side, axes[axis].selected.upperBound)
    axes[axis].length = min(axes[axis].side, axes[axis].shardLength - start)
    axes[axis].lower = lower
    axes[axis].count = upper - lower
    axes[axis].isWhole = lower == start && upper == min(start + axes[axis].side, axes[axis].extent)
  }

  /// Finds the shape of an inner chunk that may end with the shard.
  private mutating func measureChunk() {
    chunkElementCount = 1
    for axis in axes.indices.reversed() {
      chunkShape[axis] = axes[axis].length
      axes[axis].chunkStride = chunkElementCount
      chunkElementCount *= axes[axis].length
    }
  }

  /// Finds the runs of the inner chunk.
  ///
  /// Trailing axes of which both the inner chunk and the selection have all make one run.
  private mutating func findRuns() {
    var chunkIndex = 0
    var selectionIndex = selectionBase
    elementCount = 1
    isWhole = true
    for axis in axes.indices {
      let lower = axes[axis].lower
      chunkIndex += (lower - axes[axis].index * axes[axis].side) * axes[axis].chunkStride
      selectionIndex += lower * axes[axis].selectionStride
      elementCount *= axes[axis].count
      isWhole = isWhole && axes[axis].isWhole
    }
    var runCount = 1
    var stepping = axes.count
    while stepping > 0 {
      let axis = axes[stepping - 1]
      guard axis.count == 1 || (axis.chunkStride == runCount && axis.selectionStride == runCount) else {
        break
      }
      runCount *= axis.count
      stepping -= 1
    }
    runs.removeAll(keepingCapacity: true)
    // No more than elements, whose number was checked.
    guard axes[..<stepping].reduce(1, { $0 * $1.count }) <= runCountLimit else {
      exceedsLimit = true
      return
    }
    runs.append(ElementRun(chunkIndex: chunkIndex, selectionIndex: selectionIndex, count: runCount))
    // An odometer over the axes that are not part of a run.
    var moving = stepping - 1
    while moving >= 0 {
      if axes[moving].step == axes[moving].count - 1 {
        chunkIndex -= axes[moving].step * axes[moving].chunkStride
        selectionIndex -= axes[moving].step * axes[moving].selectionStride
        axes[moving].step = 0
        moving -= 1
        continue
      }
      axes[moving].step += 1
      chunkIndex += axes[moving].chunkStride
      selectionIndex += axes[moving].selectionStride
      runs.append(ElementRun(chunkIndex: chunkIndex, selectionIndex: selectionIndex, count: runCount))
      moving = stepping - 1
    }
  }
}
