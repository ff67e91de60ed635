import ChunkEngine

/// Keeps chunks of a copy that are divided anew within what every reader takes.
///
/// As in arrays that are appended to, a chunk may be larger by its largest element.
struct CopiedChunkLimit {
  private let source: ZarrArray
  private let target: ZarrArray
  private let grid: ChunkGrid
  private let byteCount: Int

  /// What a chunk takes.
  private struct Total {
    var elementCount = 0
    var byteCount = 0
    var largest = 0

    mutating func add(_ size: Int) {
      elementCount += 1
      byteCount = sumOrMaximum(byteCount, size + WireForm.lengthByteCount)
      largest = max(largest, size)
    }

    mutating func add(_ other: Total) {
      elementCount += other.elementCount
      byteCount = sumOrMaximum(byteCount, other.byteCount)
      largest = max(largest, other.largest)
    }
  }

  /// Prepares for a copy; the result is nil if it has the chunks of its source.
  ///
  /// - Throws: ``ZarrError/chunkTooLarge(path:elementCount:limit:fittingCount:)`` if chunks are too large
  ///   whatever their elements are: they are stored with all of their places.
  init?(of source: ZarrArray, to target: ZarrArray) throws {
    grid = target.layout.chunkGrid(target.metadata)
    guard grid != source.layout.chunkGrid(source.metadata) else { return nil }
    self.source = source
    self.target = target
    byteCount = target.access.limits.byteCountOfAnyChunk
    let size = target.dataType.layout.fixedByteCount ?? WireForm.lengthByteCount
    guard grid.elementCount > byteCount / max(1, size) else { return }
    throw tooLarge(Int(Double(byteCount) / (try source.sampledMeanByteCount() + Double(size)) / 2))
  }

  /// Whether a block of elements of some mean size may be too large, so that it is better measured first.
  func mayExceed(_ region: ArrayRegion, meanByteCount: Double) -> Bool {
    Double(region.elementCount ?? Int.max) * meanByteCount > Double(byteCount)
  }

  /// Measures a chunk before its elements are read together, which may be more than there is memory.
  func measure(_ region: ArrayRegion) throws {
    let chunk = Locked(Total())
    try source.scan(region) { _, elements in
      var part = Total()
      for index in elements.indices { part.add(elements[index].byteCount) }
      chunk.withLock { $0.add(part) }
    }
    try check(chunk.withLock { $0 })
  }

  /// Checks the chunks of a block that has been read.
  func check(_ elements: BlobView, of region: ArrayRegion) throws {
    guard try elements.byteCount(of: elements.indices) > byteCount else { return }
    var chunks: [[Int]: Total] = [:]
    for number in elements.indices {
      let chunk = zip(grid.dimensions, region.index(number)).map { $0.chunkIndex(of: $1) }
      chunks[chunk, default: Total()].add(try elements.byteCount(of: number..<number + 1))
    }
    for chunk in chunks.values { try check(chunk) }
  }

  private func check(_ chunk: Total) throws {
    let others = chunk.byteCount - chunk.largest
    guard others > byteCount, chunk.elementCount > 1 else { return }
    // Half of what fits by the mean, since elements differ.
    throw tooLarge(Int(Double(chunk.elementCount) * Double(byteCount) / Double(chunk.byteCount) / 2))
  }

  private func tooLarge(_ fittingCount: Int) -> ZarrError {
    .chunkTooLarge(
      path: target.location, elementCount: grid.elementCount, limit: byteCount,
      fittingCount: max(1, fittingCount))
  }
}
