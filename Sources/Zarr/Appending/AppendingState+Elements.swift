import ChunkEngine

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

  /// Sees that there are chunks for the next element.
  ///
  /// All that can fail before an element is appended is done here, and can be done again.
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

  func appendSample() throws {
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
