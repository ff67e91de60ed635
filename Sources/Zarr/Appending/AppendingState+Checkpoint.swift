import ChunkEngine

/// The end of the array, and how the store gets to know of it.
extension AppendingState {
  /// The number of elements that were appended.
  var appendedCount: Int {
    let (rows, elements) = position
    let count = (self.rows.firstRow - firstRowCount + rows) * layout.rowElementCount + elements
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
    let stored = try storeAll(openRows: openRows)
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
    guard try rowCount(with: openRows) != storedRowCount else { return }
    _ = try storeAll(openRows: openRows)
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
    // Before anything else can fail: a call that is made again must not report what failed in the last one.
    try queue.drain()
    try store(open)
    return (chunks, open.map(\.value))
  }

  /// Stores everything, and divides the array into smaller chunks.
  ///
  /// The shape of the array does not cover what is stored until the next checkpoint.
  ///
  /// - Parameter chunkLength: The elements of the new chunks.
  /// - Returns: Where the appender goes on.
  /// - Throws: As ``checkpoint()``. The array is as it was at the last checkpoint then, or has no elements.
  /// - Precondition: The array has one dimension and a regular grid, and nobody else knows of its elements.
  func dividing(intoChunksOf chunkLength: Int) throws -> AppendingState {
    let openRows = try endChunks()
    let rowCount = try rowCount(with: openRows)
    _ = try storeAll(openRows: openRows)
    if storedRowCount > 0 { try array.resize(to: [0]) }
    isHalfDivided = true
    let array = try array.divided(intoChunksOf: chunkLength, elementCount: rowCount)
    return try AppendingState(
      array, behind: rowCount, sample: sample, chunkByteCount: chunkByteCount,
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

  /// Stores values that are not complete, with open chunks as they are, padded.
  private func store(_ values: [(value: AppendedValue, partial: [OpenChunk])]) throws {
    do {
      try ParallelChunks.forEachIndex(
        below: values.count, workerCount: array.access.workerCount, pool: array.layout.encoders,
        isCancelled: { [monitor] in monitor?.isCancelled == true }
      ) { [array, end, monitor, fillValue, count = rows.length * slab] index, worker in
        let (value, chunks) = values[index]
        var pieces = value.pieces
        for chunk in chunks {
          pieces.append(
            try chunk.whilePadded(with: fillValue, to: count) {
              try array.encode([chunk], of: value, expectedPieceCount: 1, with: worker, monitor: monitor)
            })
        }
        try array.store(pieces, of: value, atEnd: end)
      }
    } catch {
      throw array.error(error, chunk: values[error.index].value.indices)
    }
  }

  /// Drops what is not stored yet, and returns once no thread stores anything.
  func cancel() {
    queue.cancel()
  }

  /// The rows of the array if the open chunks have `rows` of them.
  func rowCount(with rows: Int) throws(ZarrError) -> Int {
    guard let count = self.rows.rowCount(with: rows) else { throw .tooLarge(path: array.location) }
    return count
  }
}
