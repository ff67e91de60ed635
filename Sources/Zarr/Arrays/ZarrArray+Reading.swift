public import ChunkEngine

extension ZarrArray {
  /// Reads the elements of a region, in C order, without copying them.
  ///
  /// Chunks are decoded by all workers at once, each into memory that the result then owns. Elements that
  /// were never written are the fill value.
  ///
  /// - Parameters:
  ///   - region: The elements to read; all unless it is said.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The elements, where they were decoded.
  /// - Throws: ``ZarrError/chunk(path:reason:)`` for a chunk that is damaged or above the limits, other
  ///   ``ZarrError``, and ``StoreError``.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the region touches.
  public func read(_ region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil) throws -> BlobView {
    try observed(.read, monitor) { try view(of: region, monitor: $0) }
  }

  private func view(of region: ArrayRegion?, monitor: ProgressMonitor?) throws -> BlobView {
    let chunks = try chunks(of: region)
    if let sharding {
      return try read(
        chunks.region, elementCount: chunks.elementCount, chunks.metadata, from: sharding, monitor: monitor)
    }
    let builder = try viewBuilder(count: chunks.elementCount)
    try forEach(chunks, workers: workers.decoding, monitor: monitor) { index, part, worker in
      let key = key(ofChunkAt: part.indices)
      let chunkElementCount = part.chunkElementCount
      var storedByteCount = 0
      // As many as this worker is likely to get; the last one leaves nothing behind in it.
      let expected = (chunks.parts.count - index - 1) / access.workerCount + 1
      var chunkPayloadByteCount: Int?
      do {
        chunkPayloadByteCount = try worker.decoder.place(
          count: chunkElementCount, runs: part.runs, in: builder, shape: part.chunkShape,
          expectedChunkCount: expected
        ) { arena, limits in
          let isStored = try store.read(key, into: &arena, limit: limits.storedByteCountPerChunk)
          storedByteCount = arena.count
          return isStored
        }
      } catch {
        try replace(error, chunk: part.indices)
      }
      if chunkPayloadByteCount == nil { try builder.place(repeating: fillElement, runs: part.runs) }
      guard let monitor else { return }
      let count = part.runs.reduce(0) { $0 + $1.count }
      let elementByteCount =
        if let chunkPayloadByteCount, count == chunkElementCount {
          chunkPayloadByteCount
        } else {
          builder.byteCount(of: part.runs)
        }
      monitor.add(
        elementCount: count, elementByteCount: elementByteCount, storedByteCount: storedByteCount)
    }
    return builder.finish()
  }

  /// Shows the elements of a region to `body`, chunk by chunk, in memory that is used again for the next
  /// chunk.
  ///
  /// This is the way through an array that is larger than memory. `body` is called from several threads at
  /// once, in no particular order of the chunks.
  ///
  /// - Parameters:
  ///   - region: The elements to show; all unless it is said.
  ///   - monitor: Follows the work and can stop it.
  ///   - body: Is handed the region of the array that a chunk has, and its elements in C order.
  /// - Throws: As ``read(_:monitor:)-8ycye``, and what `body` throws.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the region touches. Memory is O(workers ×
  ///   chunk).
  public func scan(
    _ region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil,
    _ body: @Sendable (ArrayRegion, BlobSpan) throws -> Void
  ) throws {
    try observed(.scan, monitor) { try show(region, monitor: $0, body) }
  }

  private func show(
    _ region: ArrayRegion?, monitor: ProgressMonitor?,
    _ body: @Sendable (ArrayRegion, BlobSpan) throws -> Void
  ) throws {
    let chunks = try chunks(of: region)
    if let sharding {
      return try scan(
        chunks.region, elementCount: chunks.elementCount, chunks.metadata, from: sharding, monitor: monitor,
        body)
    }
    try forEach(chunks, workers: workers.scanning, monitor: monitor) { _, part, worker in
      try scan(part, with: worker, monitor: monitor, body)
    }
  }

  /// Makes room for the elements of a call.
  ///
  /// - Throws: ``ZarrError/limit(path:reason:)`` if that is more than a call may give.
  func viewBuilder(count: Int) throws -> BlobViewBuilder {
    do throws(ChunkError) {
      return try BlobViewBuilder(count: count, chain: sharding?.codec.chain ?? chain, limits: access.limits)
    } catch {
      switch error {
      case .callByteCountExceedsLimit, .callElementCountExceedsLimit:
        throw ZarrError.limit(path: location, reason: error)
      default: throw error
      }
    }
  }

  private func scan(
    _ part: ChunkPart, with worker: ScanningWorker, monitor: ProgressMonitor?,
    _ body: (ArrayRegion, BlobSpan) throws -> Void
  ) throws {
    let key = key(ofChunkAt: part.indices)
    let count = part.runs.reduce(0) { $0 + $1.count }
    var storedByteCount = 0
    var elementByteCount = 0
    var isShown = false
    func show(_ elements: BlobSpan) throws {
      isShown = true
      if monitor != nil { elementByteCount = elements.byteCount }
      try body(part.region, elements)
    }
    var isStored = false
    do {
      isStored = try worker.scanner.scan(
        count: part.chunkElementCount, shape: part.chunkShape, runs: part.runs
      ) { arena, limits in
        let isStored = try store.read(key, into: &arena, limit: limits.storedByteCountPerChunk)
        storedByteCount = arena.count
        return isStored
      } _: { elements in
        try show(elements)
      }
    } catch {
      // Whatever `body` throws is no damage.
      guard !isShown else { throw error }
      try replace(error, chunk: part.indices)
    }
    if !isStored { try worker.scanner.scan(repeating: fillElement, count: count) { try show($0) } }
    monitor?.add(elementCount: count, elementByteCount: elementByteCount, storedByteCount: storedByteCount)
  }
}
