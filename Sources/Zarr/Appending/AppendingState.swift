import ChunkEngine

/// Where an appender is in its array, and the chunks that it is filling.
final class AppendingState {
  let array: ZarrArray
  private let layout: AppendLayout
  private let queue: ChunkQueue
  private let fillValue: [UInt8]

  /// The shards that chunks go to, or nil if they are stored one by one.
  private var shards: AppendedShards?

  /// The elements of a row of a chunk.
  private let slab: Int

  /// The open chunks, one for each column of the layout, or none until the next element comes.
  private var chunks: [OpenChunk] = []

  /// The rows of the open chunks once they are full, which are handed over when the next element comes.
  private var fullRows: Int?

  /// The elements that come before all others, and how many of them are appended.
  private var sample: (elements: any BlobSource, position: Int)?

  /// The elements that come before all others, as long as none of them is appended.
  var waitingSample: (any BlobSource)? { sample.flatMap { $0.position == 0 ? $0.elements : nil } }

  /// The rows that the array has in the store, and those that it had when the appender was made.
  private(set) var storedRowCount: Int
  private let firstRowCount: Int

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

  /// The most runs of a row: somebody else's metadata can claim any number of chunks, which are all open.
  private static let maximumRunCount = 1 << 20

  private let monitor: ProgressMonitor?

  /// The row behind those that are filled, or nil for an array that grows.
  private let filledRowEnd: Int?

  /// Goes on at the end of an array, or fills rows of it.
  ///
  /// - Parameters:
  ///   - array: The array.
  ///   - filledRows: The rows that are filled, whole chunks, or nil to go on at the end.
  ///   - sample: Elements that come before all others.
  ///   - evenChunkByteCount: The most bytes of a chunk, where they differ in length.
  ///   - memoryBudget: The bytes of chunks that may wait.
  ///   - monitor: Follows the work and can stop it.
  /// - Throws: ``ZarrError`` and ``StoreError``.
  init(
    _ array: ZarrArray, filling filledRows: Range<Int>? = nil, sample: (any BlobSource)? = nil,
    evenChunkByteCount: Int, memoryBudget: Int, monitor: ProgressMonitor?
  ) throws {
    try array.checkWritable()
    let metadata = array.metadata
    guard let arrayRowCount = metadata.shape.first else {
      throw ZarrError.notWritable(path: array.location, reason: "an array without axes cannot grow")
    }
    if let filledRows { try Self.checkWhole(filledRows, of: metadata, array.location) }
    // None are none, wherever they are.
    let filledRows = filledRows?.isEmpty == true ? 0..<0 : filledRows
    let rowCount = filledRows?.lowerBound ?? arrayRowCount
    filledRowEnd = filledRows?.upperBound
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
    self.monitor = monitor
    self.sample = sample.map { ($0, 0) }
    storedRowCount = rowCount
    firstRowCount = rowCount
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

  /// Checks that rows begin and end where chunks do, and shards, or where the array ends.
  private static func checkWhole(
    _ rows: Range<Int>, of metadata: ArrayMetadata, _ location: String
  ) throws(ZarrError) {
    let region = ArrayRegion([rows] + metadata.shape.dropFirst().map { 0..<$0 })
    guard region.isInside(metadata.shape) else {
      throw .outOfBounds(path: location, region: region, shape: metadata.shape)
    }
    guard case .repeated(let length) = metadata.chunkGrid.axes[0] else {
      throw .notWritable(
        path: location, reason: "its chunks differ in length, and rows of them are not filled")
    }
    let isWhole = rows.upperBound.isMultiple(of: length) || rows.upperBound == metadata.shape[0]
    guard isWhole && rows.lowerBound.isMultiple(of: length) || rows.isEmpty else {
      throw .notWritable(path: location, reason: "rows \(rows) do not begin and end where chunks do")
    }
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
    try prepare()
    try sealIfLarger(by: byteCount)
    try body(chunk())
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
    try chunk().append(range.lowerBound..<range.lowerBound + count, of: source)
    advance(by: count)
    return count
  }

  /// Where an element that has as many bytes would make the open chunk too large, seals it.
  ///
  /// A chunk ends behind a whole row, and has one at least.
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

  /// The number of elements that were appended.
  var appendedCount: Int {
    let (rows, elements) = position
    let count = (self.rows.firstRow + rows - firstRowCount) * layout.rowElementCount + elements
    return count + (sample.map { $0.elements.count - $0.position } ?? 0)
  }

  /// The whole rows of the open chunks, and the elements of the row behind them.
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
    guard layout.rowElementCount > 0 else { return }
    try appendSample()
    guard position.elements == 0 else {
      throw ZarrError.elementCount(
        path: "\(array.location), the last row", found: position.elements,
        expected: layout.rowElementCount)
    }
    var openRows = position.rows
    if fullRows != nil || rows.sealingByteCount != nil && openRows > 0 {
      // Where chunks differ in length, they end here: one that grew would not be what the grid says of it.
      fullRows = openRows
      try handOver()
      openRows = 0
    }
    let rowCount = try rowCount(with: openRows)
    guard rowCount <= filledRowEnd ?? rowCount else { return try refuseElements() }
    guard rowCount != storedRowCount else { return }
    let chunks = openRows > 0 ? self.chunks : []
    let openShards = shards?.openShards(with: chunks, queue: queue)
    // Before anything else can fail: whoever calls again is not to be told of what failed in the last call.
    try queue.drain()
    if let openShards { try store(openShards) } else { try store(chunks) }
    try grow(to: rowCount, openRows: openRows)
    for shard in openShards ?? [] { shard.shard.cover() }
    for chunk in chunks { chunk.isCovered = true }
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
      try array.grow(from: storedRowCount, to: rowCount, chunkGrid: grid)
    }
    storedRowCount = rowCount
  }

  /// Stores open chunks as they are, padded.
  private func store(_ chunks: [OpenChunk]) throws {
    for chunk in chunks { chunk.shape = [rows.length] + array.chunkShape.dropFirst() }
    do {
      try ParallelChunks.forEachIndex(
        below: chunks.count, workerCount: array.access.workerCount, pool: array.workers.encoding,
        isCancelled: { [monitor] in monitor?.isCancelled == true }
      ) { [array, monitor, fillValue, count = rows.length * slab] index, worker in
        try chunks[index].whilePadded(with: fillValue, to: count) {
          try array.store(chunks[index], with: worker, monitor: monitor)
        }
      }
    } catch {
      throw array.error(error, chunk: chunks[error.index].indices)
    }
  }

  /// Stores shards that are not complete.
  private func store(_ shards: [(shard: AppendedShard, partial: [OpenChunk])]) throws {
    guard let sharding = array.sharding else { return }
    do {
      try ParallelChunks.forEachIndex(
        below: shards.count, workerCount: array.access.workerCount, pool: sharding.writers,
        isCancelled: { [monitor] in monitor?.isCancelled == true }
      ) { [array, monitor, fillValue, slab, length = rows.length] index, worker in
        let (shard, chunks) = shards[index]
        var parts = shard.parts
        for chunk in chunks {
          parts.append(
            try chunk.whilePadded(with: fillValue, to: length * slab) {
              try array.encode([chunk], of: shard, expectedPartCount: 1, with: worker, monitor: monitor)
            })
        }
        try array.store(parts, of: shard, sharding)
      }
    } catch {
      throw array.error(error, chunk: shards[error.index].shard.indices)
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

  /// Sees that there are chunks for the next element.
  ///
  /// All that can fail before an element is appended is done here, and can be done again.
  private func prepare() throws {
    try appendSample()
    try openNextChunks()
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
    let length = rows.length(behind: openRows)
    for chunk in chunks {
      chunk.shape = [length] + array.chunkShape.dropFirst()
      try chunk.pad(with: fillValue, to: length * slab)
      chunk.seal()
      expectedByteCount = chunk.byteCount
    }
    let index = rows.index
    try rows.advance(by: length)
    // From here on nothing fails, so that no chunk is handed over twice.
    for chunk in chunks {
      if shards == nil {
        queue.submit(SealedChunks(chunks: [chunk]))
      } else {
        shards?.add(chunk, to: queue)
      }
    }
    chunks = []
    chunkOfRun = nil
    fullRows = nil
    (pass, run, runPosition) = (0, 0, 0)
    shards?.endRow(index, queue: queue)
  }

  /// Takes chunks for the next row of chunks, of which the first `rows` rows are stored already.
  private func openChunks(rows: Int) throws {
    var chunks: [OpenChunk] = []
    for column in layout.columns {
      let chunk = try queue.takeChunk()
      try chunk.reset(expectedByteCount: expectedByteCount)
      chunk.isCovered = rows > 0
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
    self.chunks = chunks
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
