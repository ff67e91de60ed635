import ChunkEngine

/// Writes blocks of elements to an array, and collects the encoded inner chunks of a shard of which a block
/// has a part only.
struct BlockWriter {
  /// The array.
  let target: ZarrArray

  let monitor: ProgressMonitor?

  /// The shard whose inner chunks come now, and those that are encoded.
  private var open: (indices: [Int], pieces: [EncodedPiece])?

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
    guard let indices = block.shardIndices else {
      return try target.write(elements, to: block.region, monitor: monitor)
    }
    let piece = try target.encode(elements, of: block.region, monitor: monitor)
    if open == nil { open = (indices, []) }
    open?.pieces.append(piece)
  }

  /// Stores the shard that is open, if one is.
  ///
  /// - Throws: ``ZarrError`` and ``StoreError``
  mutating func finish() throws {
    guard let (indices, pieces) = open else { return }
    open = nil
    do {
      try target.withLock(on: .chunk(indices), isReplaced: true) {
        let grid = try target.layout.grid(ofValueAt: indices, in: target.metadata.chunkGrid)
        try target.put(pieces, at: indices, grid, over: .any)
      }
    } catch {
      throw target.error(error, chunk: indices)
    }
  }
}
