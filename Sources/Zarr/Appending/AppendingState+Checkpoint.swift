import ChunkEngine

/// The end of the array, and how the store gets to know of it.
extension AppendingState {
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
      // A document may have its place although it is not known to last, and the call has failed.
      let tried = triedRowCounts
      triedRowCounts.append(rowCount)
      try array.grow(from: storedRowCount, orFrom: tried, to: rowCount, chunkGrid: grid)
    }
    triedRowCounts.removeAll()
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
  func rowCount(with rows: Int) throws(ZarrError) -> Int {
    guard let count = self.rows.rowCount(with: rows) else { throw .tooLarge(path: array.location) }
    return count
  }
}
