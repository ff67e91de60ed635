import ChunkEngine

/// Where an appender is in its array, and the chunks that it is filling.
final class AppendingState {
  private let array: ZarrArray
  private let layout: AppendLayout
  private let queue: ChunkQueue
  private let fillValue: [UInt8]
  /// The bytes at which chunks that differ in length are sealed, or nil where all have one shape.
  private let evenByteCount: Int?

  /// The lengths of the sealed chunks along the first axis, where they differ.
  private var lengths = ChunkLengths()

  /// The rows that the open chunks have room for, and where their lengths differ because the array has such a
  /// chunk already, whether it has to be as long as it was.
  private var chunkRowCount: Int
  private var keepsLength = false

  /// The elements of a row of a chunk.
  private let slab: Int

  /// The open chunks, one for each column of the layout.
  private var chunks: [OpenChunk] = []

  /// The row of chunks that is being filled, and the rows of the array in front of it.
  private var chunkRow: Int
  private var firstRow: Int

  /// The passes over the layout that the open chunks have already.
  private var pass: Int

  /// The run of the layout that comes next, and the elements that it has already.
  private var run = 0
  private var runPosition: Int

  /// The chunk of the run, and the position of the run's last element, once its first one was appended.
  private var chunkOfRun: OpenChunk?
  private var lastOfRun = 0

  /// The bytes of the last chunk that was sealed, a good guess for the next one.
  private var expectedByteCount = 0

  /// The elements of a source that fitted in the chunk before, a good guess for the next one.
  private var lastFittingCount = 1

  /// The error that left the open chunks in no state to go on from, or nil.
  private(set) var failure: (any Error)?

  /// The most runs of a row: somebody else's metadata can claim any number of chunks, which are all open.
  private static let maximumRunCount = 1 << 20

  init(
    _ array: ZarrArray, evenChunkByteCount: Int, memoryBudget: Int, monitor: ProgressMonitor?
  ) throws {
    try array.checkWritable()
    let metadata = array.metadata
    guard let rowCount = metadata.shape.first else {
      throw ZarrError.notWritable(path: array.location, reason: "an array without axes cannot grow")
    }
    guard metadata.chunkGrid.axes.dropFirst().allSatisfy(\.isRepeated) else {
      throw ZarrError.notWritable(
        path: array.location, reason: "its chunks differ along other axes than the first")
    }
    self.array = array
    let rowShape = Array(metadata.shape.dropFirst())
    let chunkShape = metadata.chunkGrid.chunkShape
    // The array may be without rows, and then its size says nothing about theirs.
    guard ArrayMetadata.elementCount(of: rowShape) != nil else {
      throw ZarrError.tooLarge(path: array.location)
    }
    guard AppendLayout.runCount(rowShape, chunkShape: Array(chunkShape.dropFirst())) <= Self.maximumRunCount
    else {
      throw ZarrError.notWritable(
        path: array.location, reason: "its rows are too long to be appended in chunks of \(chunkShape)")
    }
    layout = try AppendLayout(shape: metadata.shape, chunkGrid: metadata.chunkGrid)
    queue = ChunkQueue(array, memoryBudget: memoryBudget, monitor: monitor)
    fillValue = metadata.fillValue
    slab = chunkShape.dropFirst().reduce(1, *)
    let rows: Int
    switch metadata.chunkGrid.axes[0] {
    case .repeated(let length):
      evenByteCount = nil
      chunkRowCount = length
      chunkRow = rowCount / length
      firstRow = chunkRow * length
      rows = rowCount % length
    case .lengths(let stored):
      guard Array(chunkShape.dropFirst()) == rowShape else {
        throw ZarrError.notWritable(
          path: array.location, reason: "its chunks differ in length and are not as wide as the array")
      }
      evenByteCount = evenChunkByteCount
      chunkRowCount = layout.rowsPerPass
      let whole = stored.chunkCount(endingBefore: rowCount)
      lengths = try stored.prefix(extent: whole == 0 ? 0 : stored.range(ofChunk: whole - 1).upperBound)
      chunkRow = whole
      firstRow = lengths.extent
      rows = rowCount - firstRow
      if rows > 0 {
        chunkRowCount = stored.range(ofChunk: whole).count
        keepsLength = true
      }
    }
    pass = layout.passesPerChunk == 1 ? 0 : rows
    runPosition = layout.passesPerChunk == 1 ? rows * layout.rowElementCount : 0
    try openChunks(rows: rows)
  }

  /// Appends an element if it is neither the first nor the last of its run, which few are.
  ///
  /// - Returns: Whether it was appended.
  func appendInside(_ element: RawSpan) throws(ChunkError) -> Bool {
    guard runPosition > 0, runPosition < lastOfRun, evenByteCount == nil, let chunk = chunkOfRun else {
      return false
    }
    try chunk.append(element)
    runPosition += 1
    return true
  }

  /// Appends one element that `body` puts in the chunk it is handed.
  ///
  /// - Parameters:
  ///   - byteCount: The bytes of the element, as far as they are known.
  ///   - body: Puts it there.
  /// - Throws: What `body` throws, and what kept a chunk in front of the element from being stored.
  func append(byteCount: Int, _ body: (OpenChunk) throws(ChunkError) -> Void) throws {
    guard layout.rowElementCount > 0 else { return try refuseElements() }
    try sealIfLarger(by: byteCount)
    try body(chunk())
    try advance(by: 1)
  }

  /// Appends as many elements of a source as go to one chunk, and returns how many.
  func append(_ range: Range<Int>, of source: any BlobSource) throws -> Int {
    guard layout.rowElementCount > 0 else {
      try refuseElements()
      return range.count
    }
    var count = min(range.count, elementsUntilSealed)
    if let evenByteCount, !keepsLength {
      let free = evenByteCount - chunks[0].byteCount
      let fitting = try ChunkLengths.count(
        of: source, from: range.lowerBound, fitting: free, guess: max(1, lastFittingCount))
      if fitting == 0 {
        try sealIfLarger(by: free)
        count = 1
      } else {
        lastFittingCount = fitting
        count = min(count, fitting)
      }
    }
    try chunk().append(range.lowerBound..<range.lowerBound + count, of: source)
    try advance(by: count)
    return count
  }

  /// Where an element that has as many bytes would make the open chunk too large, seals it.
  ///
  /// A chunk ends behind a whole row, and has one at least.
  private func sealIfLarger(by byteCount: Int) throws {
    guard let evenByteCount, !keepsLength, runPosition > 0 else { return }
    guard runPosition.isMultiple(of: layout.rowElementCount) else { return }
    guard chunks[0].byteCount + WireForm.lengthByteCount > evenByteCount - byteCount else { return }
    try sealAndOpenChunks()
  }

  /// The elements that the run has room for.
  private var elementsUntilSealed: Int {
    (keepsLength ? chunkRowCount * slab : layout.runs[run].count) - runPosition
  }

  /// Stores what is left and gives the array its shape.
  func finish() throws -> ZarrArray {
    guard layout.rowElementCount > 0 else { return array }
    let position = layout.runs[..<run].reduce(runPosition) { $0 + $1.count }
    guard position.isMultiple(of: layout.rowElementCount) else {
      throw ZarrError.elementCount(
        path: "\(array.location), the last row", found: position % layout.rowElementCount,
        expected: layout.rowElementCount)
    }
    let rows = pass * layout.rowsPerPass + position / layout.rowElementCount
    let rowCount = try rowCount(with: rows)
    if rows > 0 { try sealChunks(rows: rows) }
    try queue.finish()
    let metadata = array.metadata
    if rowCount != metadata.shape[0] {
      let grid = evenByteCount == nil ? nil : try metadata.chunkGrid.replacing(.lengths(lengths), at: 0)
      try array.resize(to: [rowCount] + metadata.shape.dropFirst(), chunkGrid: grid)
    }
    return array
  }

  /// Drops what is not stored yet, and returns once no thread stores anything.
  func cancel() {
    queue.cancel()
  }

  /// The rows of the array if the open chunks have `rows` of them.
  private func rowCount(with rows: Int) throws(ZarrError) -> Int {
    let (count, overflow) = firstRow.addingReportingOverflow(rows)
    guard !overflow else { throw .tooLarge(path: array.location) }
    return count
  }

  /// The chunk that the next element goes to, padded up to its place.
  private func chunk() throws(ChunkError) -> OpenChunk {
    let run = layout.runs[run]
    let chunk = chunks[run.column]
    if runPosition == 0 {
      try chunk.pad(with: fillValue, to: pass * layout.chunkElementsPerPass + run.chunkIndex)
    }
    chunkOfRun = chunk
    lastOfRun = elementsUntilSealed + runPosition - 1
    return chunk
  }

  private func advance(by count: Int) throws {
    runPosition += count
    guard elementsUntilSealed == 0 else { return }
    runPosition = 0
    run += 1
    guard run == layout.runs.count else { return }
    run = 0
    pass += 1
    guard pass == layout.passesPerChunk else { return }
    runPosition = keepsLength || evenByteCount != nil ? chunkRowCount * slab : 0
    try sealAndOpenChunks()
  }

  /// Hands the open chunks to the workers, and goes on with the next row of chunks.
  private func sealAndOpenChunks() throws {
    let rows = evenByteCount == nil ? chunkRowCount : runPosition / layout.rowElementCount
    pass = 0
    runPosition = 0
    do {
      _ = try rowCount(with: rows)
      try sealChunks(rows: rows)
      try openChunks(rows: 0)
    } catch {
      failure = error
      throw error
    }
  }

  /// Pads the open chunks, which have as many rows, and hands them to the workers.
  private func sealChunks(rows: Int) throws {
    let length = evenByteCount == nil || keepsLength ? chunkRowCount : rows
    if evenByteCount != nil {
      try lengths.append(length)
      chunkRowCount = layout.rowsPerPass
      keepsLength = false
    }
    for chunk in chunks {
      chunk.shape = [length] + array.chunkShape.dropFirst()
      try chunk.pad(with: fillValue, to: length * slab)
      chunk.seal()
      expectedByteCount = chunk.byteCount
      try queue.submit(chunk)
    }
    chunks = []
    chunkRow += 1
    firstRow += length
  }

  /// Takes chunks for the next row of chunks, of which the first `rows` rows are stored already.
  private func openChunks(rows: Int) throws {
    chunks = []
    for column in layout.columns {
      let chunk = queue.takeChunk()
      try chunk.reset(expectedByteCount: expectedByteCount)
      chunk.indices = [chunkRow] + column
      if rows > 0 {
        let count = rows * slab
        if let stored = try readChunk(at: chunk.indices) {
          try chunk.restore(0..<count, of: stored)
        } else {
          try chunk.pad(with: fillValue, to: count)
        }
      }
      chunks.append(chunk)
    }
  }

  private func readChunk(at indices: [Int]) throws -> BlobView? {
    do {
      return try array.readChunk(at: indices, shape: [chunkRowCount] + array.chunkShape.dropFirst())
    } catch {
      throw array.error(error, chunk: indices)
    }
  }

  private func refuseElements() throws {
    throw ZarrError.elementCount(path: array.location, found: 1, expected: 0)
  }
}
