import ChunkEngine

/// Which chunks the elements of a stream go to, in the order in which they come.
///
/// Rows along the first dimension follow each other. Where chunks are as wide as the array, a row of chunks
/// is one chunk, and all its elements come one after the other. Otherwise a row of elements visits several
/// chunks:
///
///     chunk 0        chunk 1        chunk 2          the runs of one pass, here a row:
///     [a b c d]      [e f g h]      [i j · ·]        chunk 0: 4, chunk 1: 4, chunk 2: 2
///     [k l m n]      [o p q r]      [s t · ·]        the places past the edge are padded
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

/// Where a stream is along the first dimension of its array: the row of chunks that is open, and how long it
/// gets.
///
///     rows of the array    0 … firstRow          … firstRow + length
///                          [ sealed chunks      ][ open chunks      ]
///
/// The chunks of a regular grid all have one length. Those of a rectilinear one are as long as they get until
/// they have the bytes that are asked for; only the last chunk of an array that is continued keeps the length
/// that its grid says.
struct ChunkRows {
  /// The bytes at which chunks are sealed that differ in length, or nil where all have one length.
  let evenByteCount: Int?

  /// The position of the open chunks in the grid along the first dimension.
  private(set) var index: Int

  /// The rows in front of the open chunks.
  private(set) var firstRow: Int

  /// The rows that the open chunks have room for.
  private(set) var length: Int

  /// Whether the open chunks have to be as long as that.
  private(set) var hasFixedLength: Bool

  /// The lengths of the sealed chunks, where they differ.
  private var lengths = ChunkLengths()

  /// The most rows of a chunk.
  private let longest: Int

  /// Finds the end of an array.
  ///
  /// - Parameters:
  ///   - dimension: The division of the array's first dimension.
  ///   - rowCount: The rows of the array.
  ///   - evenByteCount: The bytes of the chunks to come, where they differ in length.
  ///   - longest: The most rows that a chunk may have.
  /// - Throws: What the lengths of the chunks throw, if they are out of range.
  init(_ dimension: ChunkDimension, rowCount: Int, evenByteCount: Int, longest: Int) throws(MetadataError) {
    self.longest = longest
    switch dimension {
    case .repeated(let length):
      self.evenByteCount = nil
      self.length = length
      index = rowCount / length
      firstRow = index * length
      hasFixedLength = true
    case .lengths(let stored):
      self.evenByteCount = evenByteCount
      index = stored.chunkCount(endingBefore: rowCount)
      lengths = try stored.prefix(chunkCount: index)
      firstRow = lengths.extent
      hasFixedLength = firstRow < rowCount
      length = hasFixedLength ? stored.range(ofChunk: index).count : longest
    }
  }

  /// The bytes at which the open chunks are sealed, or nil if they are when they have all their rows.
  var sealingByteCount: Int? { hasFixedLength ? nil : evenByteCount }

  /// The rows of the array if the open chunks have `rows` of them, or nil if that cannot be counted.
  func rowCount(with rows: Int) -> Int? {
    let (count, overflow) = firstRow.addingReportingOverflow(rows)
    return overflow ? nil : count
  }

  /// The length up to which open chunks of so many rows are padded.
  func length(after rows: Int) -> Int { hasFixedLength ? length : rows }

  /// The lengths of all chunks if the open ones have as many rows, or nil where all have one length.
  func lengths(with rows: Int) throws(MetadataError) -> ChunkLengths? {
    guard evenByteCount != nil else { return nil }
    var lengths = lengths
    if rows > 0 { try lengths.append(length(after: rows)) }
    return lengths
  }

  /// Goes on to the next row of chunks.
  ///
  /// - Parameter length: The length of the open chunks.
  /// - Throws: What the lengths of the chunks throw, if they are out of range. Nothing has changed then.
  mutating func advance(by length: Int) throws(MetadataError) {
    if evenByteCount != nil {
      try lengths.append(length)
      hasFixedLength = false
      self.length = longest
    }
    index += 1
    firstRow += length
  }
}
