import ChunkEngine

/// Which chunks the elements of a stream go to, in the order in which they come.
///
/// Rows along the first dimension follow each other. Where chunks are as wide as the array, a row of chunks
/// is one chunk, and all its elements come one after the other. Otherwise a row of elements visits several
/// chunks:
///
///     chunk 0        chunk 1        chunk 2          the runs of one pass, here a row:
///     [a b c d]      [e f g h]      [i j · ·]        chunk 0: 4, chunk 1: 4, chunk 2: 2
///     [k l m n]      [o p q r]      [s t · ·]        the places behind the edge are padded
struct AppendLayout {
  /// A run of elements that goes to one chunk.
  struct Run {
    /// Which of the open chunks it goes to.
    let column: Int
    /// Where it begins in the chunk, counted from the first element of the pass.
    let chunkIndex: Int
    /// The number of elements.
    let count: Int
  }

  /// The positions of the open chunks in the grid along all dimensions but the first.
  let columns: [[Int]]

  /// The runs of a pass, in the order of the stream.
  let runs: [Run]

  /// The rows of a pass, and how many of them a chunk has.
  let rowsPerPass: Int
  let passesPerChunk: Int

  /// The places that a chunk has for the elements of a pass.
  let chunkElementsPerPass: Int

  /// The elements of a row of the array.
  let rowElementCount: Int

  /// The number of runs of a row of elements, if chunks are not just as wide.
  ///
  /// - Precondition: The elements of a row can be counted.
  static func runCount(_ rowShape: [Int], chunkShape: [Int]) -> Int {
    guard rowShape != chunkShape, !rowShape.contains(0) else { return 1 }
    // Trailing dimensions that chunks have all of are part of one run.
    var dimension = rowShape.count - 1
    while dimension > 0, rowShape[dimension] == chunkShape[dimension] {
      dimension -= 1
    }
    return rowShape[..<dimension].reduce((rowShape[dimension] - 1) / chunkShape[dimension] + 1, *)
  }

  /// Lays out an array.
  ///
  /// Chunks that differ in length along the first dimension are as wide as the array. Their run ends where
  /// the appender seals the chunk.
  ///
  /// - Precondition: The array has a dimension, and chunks do not differ along the others.
  /// - Throws: ``MetadataError``, and the engine's `ChunkError` for rows of too many runs.
  init(shape: [Int], chunkGrid: ChunkGrid) throws {
    let chunkShape = chunkGrid.chunkShape
    let others = Array(shape.dropFirst())
    let chunkOthers = Array(chunkShape.dropFirst())
    let slab = chunkOthers.reduce(1, *)
    rowElementCount = others.reduce(1, *)
    if !chunkGrid.dimensions[0].isRepeated {
      columns = [others.map { _ in 0 }]
      rowsPerPass = ChunkGrid.maximumElementCount / max(1, slab)
      passesPerChunk = 1
      chunkElementsPerPass = rowsPerPass * slab
      runs = [Run(column: 0, chunkIndex: 0, count: chunkElementsPerPass)]
      return
    }
    guard others != chunkOthers else {
      columns = [others.map { _ in 0 }]
      rowsPerPass = chunkShape[0]
      passesPerChunk = 1
      chunkElementsPerPass = chunkShape[0] * slab
      runs = [Run(column: 0, chunkIndex: 0, count: chunkElementsPerPass)]
      return
    }
    rowsPerPass = 1
    passesPerChunk = chunkShape[0]
    chunkElementsPerPass = slab
    // A row is an array of one dimension less.
    let grid = try ChunkGrid(dimensions: Array(chunkGrid.dimensions.dropFirst()))
    let plan = PiecePlan(of: ArrayRegion(allOf: others), shape: others, grid: grid, innerChunkShape: nil)
    var columns: [[Int]] = []
    var runs: [(start: Int, run: Run)] = []
    for number in 0..<plan.pieceCount {
      let part = try plan.part(number)
      for run in try part.whole.runs(DecodingLimits()) {
        runs.append(
          (run.selectionIndex, Run(column: columns.count, chunkIndex: run.chunkIndex, count: run.count)))
      }
      columns.append(part.indices)
    }
    self.columns = columns
    self.runs = runs.sorted { $0.start < $1.start }.map(\.run)
  }
}
