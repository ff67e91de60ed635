import ChunkEngine

/// Where an appender is in its array, and the chunks that it is filling.
final class AppendingState {
  private let array: ZarrArray
  private let layout: AppendLayout
  private let queue: ChunkQueue
  private let fillValue: [UInt8]

  /// The shards that chunks go to, or nil if they are stored one by one.
  private var shards: AppendedShards?

  /// The elements of a row of a chunk.
  private let slab: Int

  /// The open chunks, one for each column of the layout.
  private var chunks: [OpenChunk] = []

  /// The row of chunks that is being filled.
  private var rows: ChunkRows

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
    if let sharding = array.sharding {
      guard let shardShape = metadata.chunkGrid.regularChunkShape else {
        throw ZarrError.notWritable(path: array.location, reason: "its shards differ in length")
      }
      shards = AppendedShards(
        try InnerChunkGrid(shardShape: shardShape, chunkShape: sharding.codec.chunkShape), rowCount: rowCount)
    }
    self.array = array
    let rowShape = Array(metadata.shape.dropFirst())
    let chunkGrid = array.readingGrid(metadata)
    let chunkShape = chunkGrid.chunkShape
    // The array may be without rows, and then its size says nothing about theirs.
    guard ArrayMetadata.elementCount(of: rowShape) != nil else {
      throw ZarrError.tooLarge(path: array.location)
    }
    guard AppendLayout.runCount(rowShape, chunkShape: Array(chunkShape.dropFirst())) <= Self.maximumRunCount
    else {
      throw ZarrError.notWritable(
        path: array.location, reason: "its rows are too long to be appended in chunks of \(chunkShape)")
    }
    layout = try AppendLayout(shape: metadata.shape, chunkGrid: chunkGrid)
    queue = ChunkQueue(array, memoryBudget: memoryBudget, monitor: monitor)
    fillValue = metadata.fillValue
    slab = chunkShape.dropFirst().reduce(1, *)
    if !chunkGrid.axes[0].isRepeated, Array(chunkShape.dropFirst()) != rowShape {
      throw ZarrError.notWritable(
        path: array.location, reason: "its chunks differ in length and are not as wide as the array")
    }
    rows = try ChunkRows(
      chunkGrid.axes[0], rowCount: rowCount, evenByteCount: evenChunkByteCount,
      longest: layout.rowsPerPass)
    let openRows = rowCount - rows.firstRow
    pass = layout.passesPerChunk == 1 ? 0 : openRows
    runPosition = layout.passesPerChunk == 1 ? openRows * layout.rowElementCount : 0
    try openChunks(rows: openRows)
  }

  /// How many elements can be put in the open chunk without being the last of their run, if one was.
  var insideCount: Int {
    guard runPosition > 0, rows.evenByteCount == nil, chunkOfRun != nil else { return 0 }
    return max(0, lastOfRun - runPosition)
  }

  /// Lends the free memory of the open chunk to a writer, for at most ``insideCount`` elements.
  func beginWriting() -> WireFormWriter? {
    insideCount > 0 ? chunkOfRun?.beginWriting() : nil
  }

  /// Takes the elements that a writer of ``beginWriting()`` has appended.
  func endWriting(_ writer: consuming WireFormWriter) {
    runPosition += writer.count
    chunkOfRun?.endWriting(writer)
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
    if let byteCount = rows.sealingByteCount {
      let free = byteCount - chunks[0].byteCount
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
    guard let most = rows.sealingByteCount, runPosition > 0 else { return }
    guard runPosition.isMultiple(of: layout.rowElementCount) else { return }
    guard chunks[0].byteCount + WireForm.lengthByteCount > most - byteCount else { return }
    try sealAndOpenChunks(rows: runPosition / layout.rowElementCount)
  }

  /// The elements that the run has room for.
  private var elementsUntilSealed: Int {
    (rows.evenByteCount == nil ? layout.runs[run].count : rows.length * slab) - runPosition
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
    let openRows = pass * layout.rowsPerPass + position / layout.rowElementCount
    let rowCount = try rowCount(with: openRows)
    if openRows > 0 { try sealChunks(rows: openRows) }
    try shards?.endAll(queue: queue)
    try queue.finish()
    let metadata = array.metadata
    if rowCount != metadata.shape[0] {
      let grid =
        rows.evenByteCount == nil ? nil : try metadata.chunkGrid.replacing(.lengths(rows.lengths), at: 0)
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
    guard let count = self.rows.rowCount(with: rows) else { throw .tooLarge(path: array.location) }
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
    try sealAndOpenChunks(rows: rows.length)
  }

  /// Hands the open chunks, which have as many rows, to the workers, and goes on with the next row of chunks.
  private func sealAndOpenChunks(rows: Int) throws {
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
    // The chunks know their place already.
    let index = self.rows.index
    let length = try self.rows.advance(behind: rows)
    for chunk in chunks {
      chunk.shape = [length] + array.chunkShape.dropFirst()
      try chunk.pad(with: fillValue, to: length * slab)
      chunk.seal()
      expectedByteCount = chunk.byteCount
      if shards == nil {
        try queue.submit(SealedChunks(chunks: [chunk]))
      } else {
        try shards?.add(chunk, to: queue)
      }
    }
    chunks = []
    try shards?.endRow(index, queue: queue)
  }

  /// Takes chunks for the next row of chunks, of which the first `rows` rows are stored already.
  private func openChunks(rows: Int) throws {
    chunks = []
    for column in layout.columns {
      let chunk = try queue.takeChunk()
      try chunk.reset(expectedByteCount: expectedByteCount)
      chunk.indices = [self.rows.index] + column
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
      return try array.readChunk(at: indices, shape: [rows.length] + array.chunkShape.dropFirst())
    } catch {
      throw array.error(error, chunk: array.storedIndices(ofChunkAt: indices))
    }
  }

  private func refuseElements() throws {
    throw ZarrError.elementCount(path: array.location, found: 1, expected: 0)
  }
}
