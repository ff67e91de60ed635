import ChunkEngine

/// Writes blocks of elements to an array, and collects the encoded inner chunks of a shard of which a block
/// has a part only.
struct BlockWriter {
  /// The array.
  let target: ZarrArray

  let monitor: ProgressMonitor?

  /// The shard whose inner chunks come now, and those that are encoded.
  private var open: (indices: [Int], parts: [EncodedInnerChunks])?

  init(to target: ZarrArray, monitor: ProgressMonitor?) {
    self.target = target
    self.monitor = monitor
  }

  /// Writes a block.
  ///
  /// The parts of a shard follow each other, and are stored when the last one is known to be there: with the
  /// next shard, or by ``finish()``.
  ///
  /// - Throws: ``ZarrError`` and ``StoreError``
  mutating func write(_ elements: any BlobSource, to block: CopyBlocks.Block) throws {
    if open?.indices != block.shardIndices { try finish() }
    guard let indices = block.shardIndices, let sharding = target.sharding else {
      return try target.write(elements, to: block.region, monitor: monitor)
    }
    let part = try target.encode(elements, of: block.region, sharding, monitor: monitor)
    if open == nil { open = (indices, []) }
    open?.parts.append(part)
  }

  /// Stores the shard that is open, if one is.
  ///
  /// - Throws: ``ZarrError`` and ``StoreError``
  mutating func finish() throws {
    guard let (indices, parts) = open, let sharding = target.sharding else { return }
    open = nil
    do {
      try target.withLock(on: .chunk(indices), isReplaced: true) {
        let grid = try InnerChunkGrid(
          shardShape: target.metadata.chunkGrid.chunkShape(at: indices), chunkShape: sharding.codec.chunkShape
        )
        try target.store(parts, at: indices, grid, keeping: nil, over: .anything, sharding)
      }
    } catch {
      throw target.error(error, chunk: indices)
    }
  }
}
