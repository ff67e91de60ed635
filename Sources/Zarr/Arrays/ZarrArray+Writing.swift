import ChunkEngine

extension ZarrArray {
  /// Writes elements to a region, in C order.
  ///
  /// Chunks are encoded by all workers at once. A chunk that the region covers in part is read, merged and
  /// written while nobody else changes it, in this process or another one. Chunks whose elements all equal
  /// the fill value are not stored.
  ///
  /// When the call returns, the elements are as safe as `durability` says.
  func write(
    _ elements: any BlobSource, to region: ArrayRegion?, durability: WriteDurability = .immediate,
    monitor: ProgressMonitor?
  ) throws {
    try checkWritable()
    let chunks = try chunks(of: region)
    guard elements.count == chunks.elementCount else {
      throw ZarrError.elementCount(path: location, found: elements.count, expected: chunks.elementCount)
    }
    if let sharding {
      return try write(
        elements, to: chunks.region, chunks.metadata, of: sharding, durability: durability, monitor: monitor)
    }
    let batch = durability.isDeferred || chunks.parts.count < 2 ? nil : store.makeBatch()
    let durability = batch.map { .batched($0) } ?? durability
    do {
      try forEach(chunks, workers: workers.encoding, monitor: monitor) { _, part, worker in
        try withLock(on: .chunk(part.indices), isReplaced: part.isWhole) {
          try write(
            part, of: elements, metadata: chunks.metadata, durability: durability, with: worker,
            monitor: monitor)
        }
      }
      try batch?.finish()
    } catch {
      batch?.cancel()
      throw error
    }
  }

  /// Writes what a region has of one chunk, while the chunk is locked.
  func write(
    _ part: ChunkPart, of elements: any BlobSource, metadata: ArrayMetadata,
    durability: WriteDurability = .immediate, with worker: EncodingWorker, monitor: ProgressMonitor?
  ) throws {
    let chunkElementCount = part.chunkElementCount
    let key = key(ofChunkAt: part.indices)
    let old = part.isWhole ? nil : try store.openValue(key)
    let existing = try old.flatMap { old in
      try decodeChunk(shape: part.chunkShape) { arena, limit in
        guard old.byteCount <= limit else {
          throw StoreError.tooLarge(
            path: "\(store.location)/\(key)", byteCount: old.byteCount, limit: limit)
        }
        try old.read(0..<old.byteCount, into: &arena)
        return true
      }
    }
    let others: any BlobSource = existing ?? RepeatedBlob(metadata.fillValue, count: chunkElementCount)
    var segments: [ChunkEncoder.Segment] = []
    var position = 0
    var count = 0
    for run in part.runs {
      if run.chunkIndex > position {
        segments.append(ChunkEncoder.Segment(others, position..<run.chunkIndex))
      }
      segments.append(ChunkEncoder.Segment(elements, run.selectionIndex..<run.selectionIndex + run.count))
      position = run.chunkIndex + run.count
      count += run.count
    }
    if position < chunkElementCount {
      segments.append(ChunkEncoder.Segment(others, position..<chunkElementCount))
    }

    let replaced: ReplacedValue = part.isWhole ? .anything : .seen(old)
    var storedByteCount = 0
    var (isEncoded, payloadByteCount) = try worker.encoder.encode(
      segments, shape: part.chunkShape,
      unlessAllEqual: access.writesEmptyChunks ? nil : metadata.definedFillValue
    ) { encoded in
      storedByteCount = encoded.byteCount
      try store.write(
        key, over: replaced, byteCount: encoded.byteCount, durability: part.isWhole ? durability : .immediate
      ) { append in try append(encoded) }
    }
    if !isEncoded { try store.delete(key, over: replaced) }
    if monitor != nil, count < chunkElementCount {
      // The chunk has others besides, which are not part of the work.
      payloadByteCount = 0
      for run in part.runs {
        payloadByteCount += try elements.byteCount(
          of: run.selectionIndex..<run.selectionIndex + run.count)
      }
    }
    monitor?.add(elementCount: count, elementByteCount: payloadByteCount, storedByteCount: storedByteCount)
  }

  /// Reads all elements of a chunk, also those beyond the edge of the array, or nil if it is not stored.
  ///
  /// - Parameters:
  ///   - indices: The place of the chunk in the ``readingGrid(_:)``.
  ///   - shape: The number of elements along each dimension.
  /// - Returns: The elements, or nil.
  /// - Throws: ``StoreError``, and the engine's `ChunkError`.
  func readChunk(at indices: [Int], shape: [Int]) throws -> BlobView? {
    if let sharding {
      let place = try InnerChunkPlace(indices, metadata.chunkGrid, sharding.codec)
      return try openShard(at: place.shardIndices, place.grid, sharding).flatMap { shard in
        try decodeChunk(at: place.position, place.grid, of: shard, sharding)
      }
    }
    let key = key(ofChunkAt: indices)
    return try decodeChunk(shape: shape) { arena, limit in
      try store.read(key, into: &arena, limit: limit)
    }
  }

  /// Decodes a chunk that `read` appends to its argument, or returns nil if that returns `false`.
  private func decodeChunk(
    shape: [Int], _ read: (inout ByteArena, _ limit: Int) throws -> Bool
  ) throws -> BlobView? {
    let worker = try workers.decoding.take()
    defer { workers.decoding.put(worker) }
    let chunk = try worker.decoder.decode(shape: shape) { arena, limits in
      try read(&arena, limits.storedByteCountPerChunk)
    }
    return try chunk.map { try BlobView($0, count: shape.reduce(1, *), chain: chain) }
  }
}
