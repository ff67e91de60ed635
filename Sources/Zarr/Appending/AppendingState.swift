import ChunkEngine

/// Where an appender is in its array, and the chunks that it is filling.
final class AppendingState {
  let array: ZarrArray
  private let layout: AppendLayout
  private let queue: ChunkQueue

  /// What keeps others away from the chunks that are stored.
  let end: ArrayEnd

  private let fillValue: [UInt8]

  /// The values that chunks go to.
  private var values: AppendedValues

  /// The elements of a row of a chunk.
  private let slab: Int

  /// The open chunks, one for each column of the layout, or none until the next element comes.
  private var chunks: [OpenChunk] = []

  /// The rows of the open chunks once they are full, which are handed over when the next element comes.
  private var fullRows: Int?

  /// The elements that come before all others, and how many of them are appended.
  var sample: (elements: any BlobSource, position: Int)?

  /// The elements that come before all others, as long as none of them is appended.
  var waitingSample: (any BlobSource)? { sample.flatMap { $0.position == 0 ? $0.elements : nil } }

  /// The rows that the array has in the store, and those that it had when the appender was made.
  var storedRowCount: Int
  private let firstRowCount: Int

  /// The rows that checkpoints have tried to give the array since then, and failed.
  private var triedRowCounts: [Int] = []

  /// The row up to which all is stored that the shape does not cover yet, and what is stored of open chunks.
  private var flushed: (rowCount: Int, stored: (chunks: [OpenChunk], values: [AppendedValue]))?

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

  /// The most runs of a row.
  ///
  /// All chunks of a row are open, and metadata can claim any number of them.
  private static let maximumRunCount = 1 << 20

  /// The most bytes of a chunk besides its largest element, and about how many are asked for.
  var chunkByteLimit: Int
  private let chunkByteCount: Int

  /// Whether dividing the array into smaller chunks has failed, so that some chunks are lost.
  var isHalfDivided = false

  private let monitor: ProgressMonitor?

  /// What an observer has heard of.
  private var reportedProgress = ProgressMonitor.Progress()

  /// The end of the rows that are filled, or nil for an array that grows.
  let filledRowEnd: Int?

  /// Checks that a chunk of a few elements, which is padded with the fill value, is one that can be read.
  private static func checkPadded(_ chunkShape: [Int], _ array: ZarrArray) throws {
    let limit = array.access.limits.decodedByteCountPerChunk
    let elementByteCount =
      array.chain.layout.fixedByteCount ?? WireForm.lengthByteCount + array.metadata.fillValue.count
    let fittingCount = limit / max(1, elementByteCount)
    let elementCount = ArrayMetadata.elementCount(of: chunkShape) ?? .max
    guard elementCount > fittingCount else { return }
    throw ZarrError.chunkTooLarge(
      path: array.location, elementCount: elementCount, limit: limit, fittingCount: max(1, fittingCount))
  }

  /// Goes on at the end of an array, or fills rows of it.
  ///
  /// - Parameters:
  ///   - array: The array.
  ///   - filledRows: The rows that are filled, whole chunks, or nil to go on at the end.
  ///   - storedRowCount: The rows that are stored, if these are more than the document says.
  ///   - sample: Elements that come before all others, and how many of them are appended already.
  ///   - chunkByteCount: About how many bytes of elements a chunk has, and at most as many where chunks differ
  ///     in length.
  ///   - chunkByteLimit: The most bytes of a chunk besides its largest element, or nil for what every reader
  ///     takes.
  ///   - memoryBudget: The bytes of chunks that may wait.
  ///   - monitor: Follows the work and can stop it.
  /// - Throws: ``ZarrError`` and ``StoreError``.
  init(
    _ array: ZarrArray, filling filledRows: Range<Int>? = nil, after storedRowCount: Int? = nil,
    sample: (elements: any BlobSource, position: Int)? = nil, chunkByteCount: Int,
    chunkByteLimit: Int? = nil, memoryBudget: Int, monitor: ProgressMonitor?
  ) throws {
    try array.checkWritable()
    let metadata = array.metadata
    guard let arrayRowCount = metadata.shape.first else {
      throw ZarrError.notWritable(path: array.location, reason: "an array without dimensions cannot grow")
    }
    if let filledRows { try Self.checkWhole(filledRows, of: metadata, array.location) }
    // None are none, wherever they are.
    let filledRows = filledRows?.isEmpty == true ? 0..<0 : filledRows
    let rowCount = filledRows?.lowerBound ?? storedRowCount ?? arrayRowCount
    filledRowEnd = filledRows?.upperBound
    guard metadata.chunkGrid.dimensions.dropFirst().allSatisfy(\.isRepeated) else {
      throw ZarrError.notWritable(
        path: array.location, reason: "its chunks differ along other dimensions than the first")
    }
    let innerGrid = try array.layout.innerChunkShape.map { chunkShape in
      guard let shardShape = metadata.chunkGrid.regularChunkShape else {
        throw ZarrError.notWritable(path: array.location, reason: "its shards differ in length")
      }
      return try InnerChunkGrid(shardShape: shardShape, chunkShape: chunkShape)
    }
    values = AppendedValues(innerGrid, rowCount: rowCount)
    let monitor = array.access.observer == nil ? monitor : ProgressMonitor(ofCallFor: monitor)
    self.array = array
    self.monitor = monitor
    self.sample = sample
    self.chunkByteCount = chunkByteCount
    self.chunkByteLimit = chunkByteLimit ?? array.access.limits.byteCountOfAnyChunk
    self.storedRowCount = filledRows?.lowerBound ?? arrayRowCount
    firstRowCount = rowCount
    let rowShape = Array(metadata.shape.dropFirst())
    let chunkGrid = array.layout.chunkGrid(metadata)
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
    if metadata.chunkGrid.dimensions[0].isRepeated { try Self.checkPadded(chunkShape, array) }
    layout = try AppendLayout(shape: metadata.shape, chunkGrid: chunkGrid)
    end = ArrayEnd(of: array, rowCount: arrayRowCount)
    queue = ChunkQueue(array, end: end, memoryBudget: memoryBudget, monitor: monitor)
    fillValue = metadata.fillValue
    slab = chunkShape.dropFirst().reduce(1, *)
    if !chunkGrid.dimensions[0].isRepeated, Array(chunkShape.dropFirst()) != rowShape {
      throw ZarrError.notWritable(
        path: array.location, reason: "its chunks differ in length and are not as wide as the array")
    }
    rows = try ChunkRows(
      chunkGrid.dimensions[0], rowCount: rowCount, evenByteCount: chunkByteCount,
      longest: layout.rowsPerPass)
    let openRows = rowCount - rows.firstRow
    pass = layout.passesPerChunk == 1 ? 0 : openRows
    runPosition = layout.passesPerChunk == 1 ? openRows * layout.rowElementCount : 0
    try openChunks(rows: openRows)
  }

  /// Checks that rows begin and end where chunks do, and shards, or where the array ends.
  private static func checkWhole(
    _ rows: Range<Int>, of metadata: ArrayMetadata, _ location: String
  ) throws(ZarrError) {
    let region = ArrayRegion([rows] + metadata.shape.dropFirst().map { 0..<$0 })
    guard region.isInside(metadata.shape) else {
      throw .outOfBounds(path: location, region: region, shape: metadata.shape)
    }
    guard case .repeated(let length) = metadata.chunkGrid.dimensions[0] else {
      throw .notWritable(
        path: location, reason: "its chunks differ in length, and rows of them are not filled")
    }
    let isWhole = rows.upperBound.isMultiple(of: length) || rows.upperBound == metadata.shape[0]
    guard isWhole && rows.lowerBound.isMultiple(of: length) || rows.isEmpty else {
      throw .notWritable(path: location, reason: "rows \(rows) do not begin and end where chunks do")
    }
  }
}

/// Elements on their way to the open chunks.
extension AppendingState {
  /// How many elements can be put in the open chunk without being the last of their run, if one was.
  var insideCount: Int {
    guard runPosition > 0, rows.evenByteCount == nil, chunkOfRun != nil else { return 0 }
    return max(0, lastOfRun - runPosition)
  }

  /// Lends the free memory of the open chunk to a writer, for at most ``insideCount`` elements.
  func beginWriting() -> WireFormWriter? {
    insideCount > 0 ? chunkOfRun?.beginWriting(below: chunkByteLimit) : nil
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
  /// - Throws: ``ZarrError/chunkTooLarge(path:elementCount:limit:fittingCount:)``, what `body` throws, and what kept a chunk in front of the element from being stored.
  func append(byteCount: Int, _ body: (OpenChunk) throws(ChunkError) -> Void) throws {
    guard layout.rowElementCount > 0 else { return try refuseElements() }
    try prepare()
    try sealIfLarger(by: byteCount)
    let chunk = try chunk()
    try checkRoom(for: byteCount, in: chunk)
    try body(chunk)
    advance(by: 1)
  }

  /// Appends as many elements of a source as go to one chunk, and returns how many.
  func append(_ range: Range<Int>, of source: any BlobSource) throws -> Int {
    guard layout.rowElementCount > 0 else {
      try refuseElements()
      return range.count
    }
    try prepare()
    return try appendRun(range, of: source)
  }

  /// Opens chunks for the next element.
  ///
  /// Everything that can fail before an element is appended happens here, and can be repeated.
  private func prepare() throws {
    try appendSample()
    try openNextChunks()
  }

  /// Appends as many elements of a source as go to one chunk, which is open, and returns how many.
  private func appendRun(_ range: Range<Int>, of source: any BlobSource) throws -> Int {
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
    let chunk = try chunk()
    if array.chain.layout == .variable {
      let free = chunkByteLimit - chunk.byteCount
      let start = range.lowerBound
      if count > 1, try source.byteCount(of: start..<start + count) > free - count * WireForm.lengthByteCount
      {
        count = max(1, try ChunkLengths.count(of: source, from: start, fitting: free, guess: count / 2))
      }
      if count == 1 { try checkRoom(for: source.byteCount(of: start..<start + 1), in: chunk) }
    }
    try chunk.append(range.lowerBound..<range.lowerBound + count, of: source)
    advance(by: count)
    return count
  }

  /// Checks that an element does not make a chunk too large.
  ///
  /// A chunk has room for one element of any size, because chunks of fewer would not make that smaller.
  private func checkRoom(for byteCount: Int, in chunk: OpenChunk) throws {
    // An element that is too large for any chunk is refused for that.
    let limit = array.access.limits.decodedByteCountPerChunk
    guard array.chain.layout == .variable, byteCount <= array.access.maximumElementByteCount else { return }
    let (total, overflow) = chunk.byteCount.addingReportingOverflow(byteCount + WireForm.lengthByteCount)
    guard overflow || total > min(chunkByteLimit, limit) else { return }
    guard byteCount <= limit - WireForm.headerByteCount - WireForm.lengthByteCount else {
      throw ChunkError.elementTooLarge(
        index: chunk.count, byteCount: byteCount,
        limit: max(0, limit - WireForm.headerByteCount - WireForm.lengthByteCount))
    }
    let elementCount = array.chunkShape.reduce(1, *)
    let others = total - max(chunk.largestElementByteCount, byteCount)
    guard elementCount > 1, overflow || others > chunkByteLimit || total > limit else { return }
    throw ZarrError.chunkTooLarge(
      path: array.location, elementCount: elementCount,
      limit: others > chunkByteLimit ? chunkByteLimit : limit,
      fittingCount: max(1, min(elementCount / 2, chunkByteCount / max(1, total / (chunk.count + 1)))))
  }

  /// Where an element that has as many bytes would make the open chunk too large, seals it.
  ///
  /// A chunk ends after a whole row, and has at least one.
  private func sealIfLarger(by byteCount: Int) throws {
    guard let most = rows.sealingByteCount, runPosition > 0 else { return }
    guard runPosition.isMultiple(of: layout.rowElementCount) else { return }
    guard chunks[0].byteCount + WireForm.lengthByteCount > most - byteCount else { return }
    fullRows = runPosition / layout.rowElementCount
    try openNextChunks()
  }

  /// The elements that the run has room for.
  private var elementsUntilSealed: Int {
    (rows.evenByteCount == nil ? layout.runs[run].count : rows.length * slab) - runPosition
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

  private func advance(by count: Int) {
    runPosition += count
    guard elementsUntilSealed == 0 else { return }
    runPosition = 0
    run += 1
    guard run == layout.runs.count else { return }
    run = 0
    pass += 1
    guard pass == layout.passesPerChunk else { return }
    fullRows = rows.length
  }

  private func appendSample() throws {
    while let (elements, position) = sample {
      // Elements come one by one only when these are done.
      chunkOfRun = nil
      guard position < elements.count else {
        sample = nil
        return
      }
      try openNextChunks()
      sample?.position += try appendRun(position..<elements.count, of: elements)
    }
  }
}

/// The open chunks: where they come from, and where they go when they are full.
extension AppendingState {
  private func openNextChunks() throws {
    if fullRows != nil { try handOver() }
    if let filledRowEnd, rows.firstRow >= filledRowEnd { try refuseElements() }
    if chunks.isEmpty {
      try queue.waitForRoom()
      try openChunks(rows: 0)
    }
  }

  /// Pads the open chunks, which are full, and hands them to the workers.
  private func handOver() throws {
    guard let openRows = fullRows else { return }
    _ = try rowCount(with: openRows)
    let length = rows.length(after: openRows)
    for chunk in chunks {
      chunk.shape = [length] + array.chunkShape.dropFirst()
      try chunk.pad(with: fillValue, to: length * slab)
      chunk.seal()
      expectedByteCount = chunk.byteCount
    }
    let index = rows.index
    try rows.advance(by: length)
    // From here on nothing fails, so that no chunk is handed over twice.
    for chunk in chunks { values.add(chunk, to: queue) }
    chunks = []
    chunkOfRun = nil
    fullRows = nil
    (pass, run, runPosition) = (0, 0, 0)
    values.endRow(index, queue: queue)
  }

  /// Opens the next row of chunks, whose first `rows` rows are already stored.
  private func openChunks(rows: Int) throws {
    var chunks: [OpenChunk] = []
    for column in layout.columns {
      let chunk = try queue.takeChunk()
      try chunk.reset(expectedByteCount: expectedByteCount)
      chunk.isCovered = rows > 0
      chunk.indices = [self.rows.index] + column
      if rows > 0 {
        let count = rows * slab
        if let stored = try array.readChunk(at: chunk.indices) {
          try chunk.restore(0..<count, of: stored)
          if chunk.byteCount > chunkByteLimit {
            for index in 0..<count { chunk.noteElement(ofByteCount: stored[index].byteCount) }
          }
        } else {
          try chunk.pad(with: fillValue, to: count)
        }
      }
      chunks.append(chunk)
    }
    self.chunks = chunks
  }

  private func refuseElements() throws {
    throw ZarrError.elementCount(path: array.location, found: 1, expected: 0)
  }
}

/// The end of the array, and how the store gets to know of it.
extension AppendingState {
  /// The number of elements that were appended.
  var appendedCount: Int {
    let (rows, elements) = position
    let count = (self.rows.firstRow - firstRowCount + rows) * layout.rowElementCount + elements
    return count + (sample.map { $0.elements.count - $0.position } ?? 0)
  }

  /// The whole rows of the open chunks, and the elements of the row after them.
  private var position: (rows: Int, elements: Int) {
    if let fullRows { return (fullRows, 0) }
    guard layout.rowElementCount > 0 else { return (0, 0) }
    let count = layout.runs[..<run].reduce(runPosition) { $0 + $1.count }
    let (rows, elements) = count.quotientAndRemainder(dividingBy: layout.rowElementCount)
    return (pass * layout.rowsPerPass + rows, elements)
  }

  /// Stores all elements and gives the array its shape.
  ///
  /// - Throws: Also if the last row is not complete. Nothing is lost then, and it can be called again.
  func checkpoint() throws {
    defer { reportProgress() }
    guard layout.rowElementCount > 0 else { return }
    try appendSample()
    guard position.elements == 0 else {
      throw ZarrError.elementCount(
        path: "\(array.location), the last row", found: position.elements,
        expected: layout.rowElementCount)
    }
    let openRows = try endChunks()
    let rowCount = try rowCount(with: openRows)
    guard rowCount <= filledRowEnd ?? rowCount else { return try refuseElements() }
    guard rowCount != storedRowCount else { return }
    let stored =
      if let flushed, flushed.rowCount == rowCount { flushed.stored } else {
        try storeAll(openRows: openRows)
      }
    flushed = nil
    try grow(to: rowCount, openRows: openRows)
    for value in stored.values { value.cover() }
    for chunk in stored.chunks { chunk.isCovered = true }
  }

  /// Reports to an observer what was stored since the last time.
  private func reportProgress() {
    guard array.access.observer != nil, let progress = monitor?.progress,
      progress.elementCount > reportedProgress.elementCount
    else { return }
    array.reportAppended(progress, since: reportedProgress)
    reportedProgress = progress
  }

  /// Stores all elements, but for those of a row that is not complete.
  func flush() throws {
    guard layout.rowElementCount > 0 else { return }
    try appendSample()
    let openRows = try endChunks()
    let rowCount = try rowCount(with: openRows)
    guard rowCount != storedRowCount, rowCount != flushed?.rowCount else { return }
    flushed = nil
    flushed = (rowCount, try storeAll(openRows: openRows))
  }

  /// Hands over the open chunks if they end, and returns the rows that are still in open ones.
  private func endChunks() throws -> Int {
    let openRows = position.rows
    guard fullRows != nil || rows.sealingByteCount != nil && openRows > 0 else { return openRows }
    // Where chunks differ in length, they end here: one that grew would not be what the grid says of it.
    fullRows = openRows
    try handOver()
    return 0
  }

  /// Stores all chunks, also those that are open, and returns these and their values.
  private func storeAll(openRows: Int) throws -> (chunks: [OpenChunk], values: [AppendedValue]) {
    let chunks = openRows > 0 ? self.chunks : []
    for chunk in chunks { chunk.shape = [rows.length] + array.chunkShape.dropFirst() }
    let open = values.openValues(with: chunks, queue: queue)
    // While other threads are at work on chunks that are full.
    let partial = Result { try encode(open) }
    // Before anything else can fail: a call that is made again must not report what failed in the last one.
    try queue.drain()
    try store(open.map(\.value), with: partial.get())
    return (chunks, open.map(\.value))
  }

  /// Stores everything, and divides the array into smaller chunks.
  ///
  /// The shape of the array does not cover what is stored until the next checkpoint.
  ///
  /// - Parameter chunkLength: The elements of the new chunks.
  /// - Returns: Where the appender goes on.
  /// - Throws: As ``checkpoint()``. The array is as it was at the last checkpoint then, or has no elements.
  /// - Precondition: The array has one dimension and a regular grid, and no reader knows of its elements.
  func dividing(intoChunksOf chunkLength: Int) throws -> AppendingState {
    let openRows = try endChunks()
    let rowCount = try rowCount(with: openRows)
    _ = try storeAll(openRows: openRows)
    if storedRowCount > 0 { try array.resize(to: [0]) }
    isHalfDivided = true
    let array = try array.divided(intoChunksOf: chunkLength, elementCount: rowCount)
    return try AppendingState(
      array, after: rowCount, sample: sample, chunkByteCount: chunkByteCount,
      chunkByteLimit: chunkByteLimit, memoryBudget: queue.memoryBudget, monitor: monitor)
  }

  /// Stores all elements, which are as many as there are places for if rows are filled.
  func finish() throws {
    let found = try rowCount(with: position.rows)
    if let filledRowEnd, found != filledRowEnd {
      throw ZarrError.elementCount(
        path: "\(array.location), the rows that are filled", found: found - firstRowCount,
        expected: filledRowEnd - firstRowCount)
    }
    try checkpoint()
  }

  /// Makes sure of all chunks, and has the shape cover them.
  private func grow(to rowCount: Int, openRows: Int) throws {
    try array.store.synchronize()
    if filledRowEnd == nil {
      let metadata = array.metadata
      let grid = try rows.lengths(with: openRows).map {
        try metadata.chunkGrid.replacing(.lengths($0), at: 0)
      }
      // A document may have its place although it is not known to last, and the call has failed.
      let tried = triedRowCounts
      triedRowCounts.append(rowCount)
      try end.check(readingDocument: false)
      end.note(rowCounts: [storedRowCount] + triedRowCounts)
      try array.grow(from: storedRowCount, orFrom: tried, to: rowCount, chunkGrid: grid)
    }
    triedRowCounts.removeAll()
    storedRowCount = rowCount
    end.note(rowCounts: [rowCount])
  }

  /// Encodes open chunks as they are, padded, and returns those of each value.
  private func encode(
    _ values: [(value: AppendedValue, partial: [OpenChunk])]
  ) throws -> [[EncodedPiece]] {
    let encoded = Locked([[EncodedPiece]](repeating: [], count: values.count))
    let threadCount = queue.freeThreadCount
    do {
      try ParallelChunks.forEachIndex(
        below: values.count, workerCount: threadCount, pool: array.layout.encoders, following: monitor
      ) { [array, monitor, fillValue, count = rows.length * slab] index, worker in
        let (value, chunks) = values[index]
        worker.value.threadCount = max(1, threadCount / values.count)
        let pieces = try chunks.map { chunk in
          try chunk.whilePadded(with: fillValue, to: count) {
            try array.encode([chunk], of: value, expectedPieceCount: 1, with: worker, monitor: monitor)
          }
        }
        encoded.withLock { $0[index] = pieces }
      }
    } catch {
      throw array.error(error, chunk: values[error.index].value.indices)
    }
    return encoded.withLock { $0 }
  }

  /// Stores values that are not complete.
  ///
  /// - Parameters:
  ///   - values: The values, all of whose full chunks are encoded.
  ///   - partial: The encoded open chunks of each.
  /// - Throws: ``ZarrError`` and ``StoreError``.
  private func store(_ values: [AppendedValue], with partial: [[EncodedPiece]]) throws {
    do {
      try ParallelChunks.forEachIndex(
        below: values.count, workerCount: array.access.workerCount, pool: StatelessWorker.pool,
        following: monitor
      ) { [array, end] index, _ in
        try array.store(values[index].pieces + partial[index], of: values[index], atEnd: end)
      }
    } catch {
      throw array.error(error, chunk: values[error.index].indices)
    }
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
}
