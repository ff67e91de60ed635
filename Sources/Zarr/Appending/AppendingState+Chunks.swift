import ChunkEngine

/// The open chunks: where they come from, and where they go when they are full.
extension AppendingState {
  func openNextChunks() throws {
    if fullRows != nil { try handOver() }
    if let filledRowEnd, rows.firstRow >= filledRowEnd { try refuseElements() }
    if chunks.isEmpty {
      try queue.waitForRoom()
      try openChunks(rows: 0)
    }
  }

  /// Pads the open chunks, which are full, and hands them to the workers.
  func handOver() throws {
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
    for chunk in chunks { values.add(chunk, to: queue) }
    chunks = []
    chunkOfRun = nil
    fullRows = nil
    (pass, run, runPosition) = (0, 0, 0)
    values.endRow(index, queue: queue)
  }

  /// Takes chunks for the next row of chunks, of which the first `rows` rows are stored already.
  func openChunks(rows: Int) throws {
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

  func refuseElements() throws {
    throw ZarrError.elementCount(path: array.location, found: 1, expected: 0)
  }
}
