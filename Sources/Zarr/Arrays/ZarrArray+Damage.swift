import ChunkEngine

/// Reading past damage, and taking it out.
extension ZarrArray {
  /// Takes note of a chunk that could not be read, if its elements are to be replaced.
  ///
  /// - Parameters:
  ///   - reason: Why it could not be read.
  ///   - indices: The place in the grid of what is stored under one key.
  ///   - part: The elements of the inner chunk, counted from the first one of the shard, if it is one.
  /// - Throws: `reason`, unless the report takes it.
  func replace(_ reason: any Error, chunk indices: [Int], inner part: ShardPart? = nil) throws {
    guard let report = access.damageReport, report.takes(reason) else { throw reason }
    report.add(damagedChunk(at: indices, inner: part, reason, metadata))
  }

  private func damagedChunk(
    at indices: [Int], inner part: ShardPart?, _ reason: any Error, _ metadata: ArrayMetadata
  ) -> DamagedChunk {
    let key = key(ofChunkAt: indices)
    var ranges: [Range<Int>] = []
    for (dimension, index) in indices.enumerated() {
      var range = metadata.chunkGrid.dimensions[dimension].range(ofChunk: index)
      if let part {
        let side = part.grid.chunkShape[dimension]
        let start = range.lowerBound + part.chunks[dimension].lowerBound * side
        range = start..<(side > Int.max - start ? Int.max : start + side)
      }
      ranges.append(range.clamped(to: 0..<metadata.shape[dimension]))
    }
    return DamagedChunk(
      key: key, path: "\(store.location)/\(key)", indices: indices, innerChunk: part?.firstPosition,
      region: ArrayRegion(ranges), reason: reason)
  }

  /// Takes a chunk out of the store if it is damaged; of a shard, the inner chunks that are damaged.
  ///
  /// What is taken out has just been read: the chunk is read anew, from the version of it that is then
  /// removed or replaced. If somebody replaces it meanwhile, all begins anew with theirs. Elements that are
  /// taken out are read as the fill value from then on. The other inner chunks of a shard stay as they are
  /// stored.
  ///
  /// - Parameters:
  ///   - indices: The place in the grid of the chunk or shard.
  ///   - keep: Is handed what is stored before any of it is taken out, to keep a copy. If it throws, all
  ///     stays.
  /// - Returns: What was taken out, which is nothing if nothing is damaged, or nothing is stored.
  /// - Throws: ``StoreError``, other errors of reading the chunk that say no damage, and what `keep` throws.
  /// - Precondition: There is such a chunk in the grid.
  /// - Complexity: O(*n*) where *n* is the size of the chunk or shard.
  public func removeDamage(
    ofChunkAt indices: [Int], keeping keep: (any StoredValue) throws -> Void
  ) throws -> [DamagedChunk] {
    let metadata = metadata
    var ranges: [Range<Int>] = []
    for (dimension, index) in indices.enumerated() {
      let range = metadata.chunkGrid.dimensions[dimension].range(ofChunk: index)
      ranges.append(range.clamped(to: 0..<metadata.shape[dimension]))
    }
    let region = ArrayRegion(ranges)
    return try withLock(on: .chunk(indices)) {
      let key = key(ofChunkAt: indices)
      guard let value = try store.openValue(key) else { return [] }
      let shard: OpenShard
      do {
        guard let sharding else {
          try check(value, region, metadata)
          return []
        }
        let grid = try InnerChunkGrid(
          shardShape: metadata.chunkGrid.chunkShape(at: indices), chunkShape: sharding.codec.chunkShape)
        shard = try openShard(value, at: indices, grid, sharding)
      } catch {
        guard FailureKind(of: error) == .damaged else { throw self.error(error, chunk: indices) }
        try keep(value)
        try store.delete(key, over: .seen(value))
        return [damagedChunk(at: indices, inner: nil, error, metadata)]
      }
      do {
        return try removeInnerChunks(of: region, from: shard, at: indices, metadata, keeping: keep)
      } catch {
        throw self.error(error, chunk: indices)
      }
    }
  }

  /// Reads all of a chunk that is no shard.
  private func check(_ value: any StoredValue, _ region: ArrayRegion, _ metadata: ArrayMetadata) throws {
    let part = try ChunkParts(of: region, shape: metadata.shape, grid: metadata.chunkGrid)
      .part(at: 0, access.limits)
    let worker = try workers.scanning.take()
    defer { workers.scanning.put(worker) }
    _ = try worker.scanner.scan(count: part.chunkElementCount, shape: part.chunkShape, runs: part.runs) {
      arena, limits in
      let limit = limits.storedByteCountPerChunk
      guard value.byteCount <= limit else {
        throw ChunkError.storedByteCountExceedsLimit(byteCount: value.byteCount, limit: limit)
      }
      try value.read(0..<value.byteCount, into: &arena)
      return true
    } _: { _ in
    }
  }

  /// Takes the damaged inner chunks out of a shard, while it is locked.
  private func removeInnerChunks(
    of region: ArrayRegion, from shard: OpenShard, at indices: [Int], _ metadata: ArrayMetadata,
    keeping keep: (any StoredValue) throws -> Void
  ) throws -> [DamagedChunk] {
    guard let sharding else { return [] }
    let grid = try InnerChunkGrid(
      shardShape: metadata.chunkGrid.chunkShape(at: indices), chunkShape: sharding.codec.chunkShape)
    let part = ShardPart(
      grid, start: zip(metadata.chunkGrid.dimensions, indices).map { $0.range(ofChunk: $1).lowerBound },
      shape: metadata.shape, selection: region.ranges)
    let worker = try sharding.readers.take()
    defer { sharding.readers.put(worker) }
    var damaged: [DamagedChunk] = []
    var leftOut: Set<Int> = []
    part.forEachChunk { chunk in
      do {
        _ = try worker.reader.scan(chunk, shard.index, fillElement: fillElement, joining: store.rangeJoining)
        {
          range, arena in
          try shard.value.read(range, into: &arena)
        } _: { _, _ in
        }
      } catch {
        // What cannot be read for another reason may be sound, and stays.
        guard FailureKind(of: error) == .damaged else { return }
        leftOut.insert(chunk.firstPosition)
        if damaged.count < DamagedChunk.maximumCountPerShard {
          damaged.append(damagedChunk(at: indices, inner: chunk, error, metadata))
        } else {
          damaged[damaged.count - 1].furtherCount += 1
        }
      }
    }
    guard !damaged.isEmpty else { return [] }
    try keep(shard.value)
    // The index may also be wrong about those that have no element of the array, which nobody reads.
    for position in 0..<shard.index.count {
      do {
        _ = try shard.index.range(ofChunkAt: position)
      } catch {
        leftOut.insert(position)
      }
    }
    try store(
      [], at: indices, grid, keeping: shard, over: .seen(shard.value), leavingOut: leftOut, sharding)
    return damaged
  }
}
