import ChunkEngine

extension ZarrArray {
  /// Reads one element.
  ///
  /// The chunk is decoded in memory that is used again for the next one, without what a region of many takes. A
  /// large chunk that is one frame of Zstandard is decoded to the end of the element only. Damage after that is found
  /// if a CRC-32C covers the chunk, as it does by default, or if the chunk is cut or too long.
  ///
  /// - Throws: As ``read(_:monitor:)-8ycye``.
  /// - Complexity: O(*n*) where *n* is the size of the chunk that the element is in.
  public func read(at indices: [Int]) throws -> [UInt8] {
    let metadata = metadata
    let region = ArrayRegion(elementAt: indices)
    guard region.isInside(metadata.shape) else {
      throw ZarrError.outOfBounds(path: location, region: region, shape: metadata.shape)
    }
    let chunk = zip(metadata.chunkGrid.dimensions, indices).map { $0.chunkIndex(of: $1) }
    do {
      if let sharding {
        return try read(region, inShardAt: chunk, metadata, sharding)
      }
      return try read(at: indices, inChunkAt: chunk, metadata)
    } catch {
      // The way that regions take knows which damage is replaced, and says so in the report.
      if access.damageReport != nil { return try read(region).bytes(at: 0) }
      throw self.error(error, chunk: chunk)
    }
  }

  private func read(
    at indices: [Int], inChunkAt chunk: [Int], _ metadata: ArrayMetadata
  ) throws -> [UInt8] {
    let shape = metadata.chunkGrid.chunkShape(at: chunk)
    var position = 0
    for dimension in indices.indices {
      let start = metadata.chunkGrid.dimensions[dimension].range(ofChunk: chunk[dimension]).lowerBound
      position = position * shape[dimension] + indices[dimension] - start
    }
    let worker = try workers.scanning.take()
    defer { workers.scanning.put(worker) }
    let key = key(ofChunkAt: chunk)
    var element: [UInt8]?
    _ = try worker.scanner.scan(
      count: shape.reduce(1, *), shape: shape,
      runs: [ElementRun(chunkIndex: position, selectionIndex: 0, count: 1)], stopsAfterRuns: true
    ) { arena, limits in
      try store.read(key, into: &arena, limit: limits.storedByteCountPerChunk)
    } _: { elements in
      element = Self.bytes(of: elements[0])
    }
    return element ?? metadata.fillValue
  }

  private func read(
    _ region: ArrayRegion, inShardAt indices: [Int], _ metadata: ArrayMetadata, _ sharding: Sharding
  ) throws -> [UInt8] {
    let dimensions = metadata.chunkGrid.dimensions
    let grid = try InnerChunkGrid(
      shardShape: metadata.chunkGrid.chunkShape(at: indices), chunkShape: sharding.codec.chunkShape)
    guard let shard = try openShard(at: indices, grid, sharding) else { return metadata.fillValue }
    let part = ShardPart(
      grid, start: zip(dimensions, indices).map { $0.range(ofChunk: $1).lowerBound }, shape: metadata.shape,
      selection: region.ranges)
    let worker = try sharding.readers.take()
    defer { sharding.readers.put(worker) }
    var element: [UInt8]?
    _ = try worker.reader.scan(part, shard.index, fillElement: fillElement, joining: store.rangeJoining) {
      range, arena in
      try shard.value.read(range, into: &arena)
    } _: { _, elements in
      element = Self.bytes(of: elements[0])
    }
    return element ?? metadata.fillValue
  }

  private static func bytes(of element: RawSpan) -> [UInt8] {
    unsafe element.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}
