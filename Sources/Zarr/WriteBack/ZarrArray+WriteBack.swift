import ChunkEngine

extension ZarrArray {
  /// Checks that an element can be stored, as far as its size says.
  func checkElement(_ element: [UInt8]) throws {
    if case .fixed(let byteCount) = dataType.layout, byteCount != element.count {
      throw ChunkError.byteCountMismatch(codec: location, found: element.count, expected: byteCount)
    }
    guard element.count <= access.maximumElementByteCount else {
      throw ChunkError.elementTooLarge(
        index: 0, byteCount: element.count, limit: access.maximumElementByteCount)
    }
  }

  /// Replaces some elements of a chunk, which is read only if there are others that matter.
  ///
  /// - Parameters:
  ///   - elements: The elements by their index in the chunk, at least one.
  ///   - indices: The position of the chunk in the grid.
  ///   - worker: What to encode with.
  /// - Throws: `ChunkError`, and what the store throws.
  func write(_ elements: [Int: [UInt8]], toChunkAt indices: [Int], with worker: EncodingWorker) throws {
    let metadata = metadata
    let sorted = elements.sorted { $0.key < $1.key }
    let part = part(sorted.map(\.key), ofChunkAt: indices, metadata)
    try withLock(on: .chunk(indices), isReplaced: part.isWhole) {
      try write(part, of: sorted.map(\.value), metadata: metadata, with: worker, monitor: nil)
    }
  }

  /// Replaces some elements of chunks of one shard, of which those are read that have others that matter.
  ///
  /// - Parameters:
  ///   - chunks: What is written of each chunk.
  ///   - shardIndices: The position of the shard in the grid.
  ///   - sharding: The codec.
  ///   - worker: What to encode with.
  /// - Throws: `ChunkError`, and what the store throws.
  func write(
    _ chunks: [WriteBackChunk], toShardAt shardIndices: [Int], _ sharding: Sharding,
    with worker: ShardWritingWorker
  ) throws {
    let metadata = metadata
    try withLock(on: .chunk(shardIndices)) {
      let grid = try InnerChunkGrid(
        shardShape: metadata.chunkGrid.chunkShape(at: shardIndices), chunkShape: sharding.codec.chunkShape)
      let old = try openShard(at: shardIndices, grid, sharding)
      let open = OpenChunk(
        layout: chain.layout, maximumElementByteCount: access.maximumElementByteCount)
      try worker.writer.beginPart()
      for chunk in chunks {
        let place = try InnerChunkPlace(chunk.indices, metadata.chunkGrid, sharding.codec)
        let sorted = chunk.changed.sorted { $0.key < $1.key }
        let part = part(sorted.map(\.key), ofChunkAt: chunk.indices, metadata)
        let existing =
          part.isWhole ? nil : try old.flatMap { try decodeChunk(at: place.position, grid, of: $0, sharding) }
        try open.reset(expectedByteCount: 0)
        try open.append(
          sorted.map(\.value), runs: part.runs,
          others: existing ?? RepeatedBlob(metadata.fillValue, count: grid.chunkElementCount),
          count: grid.chunkElementCount)
        open.shardPosition = place.position
        try open.encode(with: &worker.writer, of: grid, access.limits)
      }
      let part = try worker.writer.endPart(elementByteCount: 0)
      try store([part], at: shardIndices, grid, keeping: old, over: .seen(old?.value), sharding)
    }
  }

  /// What is written of a chunk.
  private func part(_ elements: [Int], ofChunkAt indices: [Int], _ metadata: ArrayMetadata) -> ChunkPart {
    let grid = readingGrid(metadata)
    var runs: [ElementRun] = []
    for (position, index) in elements.enumerated() {
      if let last = runs.last, last.chunkIndex + last.count == index {
        runs[runs.count - 1] = ElementRun(
          chunkIndex: last.chunkIndex, selectionIndex: last.selectionIndex, count: last.count + 1)
      } else {
        runs.append(ElementRun(chunkIndex: index, selectionIndex: position, count: 1))
      }
    }
    let region = ArrayRegion(
      zip(metadata.shape, zip(grid.dimensions, indices)).map { length, chunk in
        let range = chunk.0.range(ofChunk: chunk.1)
        return min(range.lowerBound, length)..<min(range.upperBound, length)
      })
    return ChunkPart(
      indices: indices, chunkShape: grid.chunkShape(at: indices), runs: runs,
      isWhole: region.elementCount == elements.count, region: region)
  }
}
