/// Encodes whole shards for one worker.
final class ShardEncoder: ArrayEncoder {
  private var work: Work

  init(_ codec: ShardingCodec) throws(ChunkError) {
    work = try Work(codec)
  }

  func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    try work.encode(source, of: chunk, into: &output)
  }
}

/// What an encoder reuses from shard to shard.
private struct Work: ~Copyable {
  private let codec: ShardingCodec
  private let encoder: ChainEncoder

  /// Where each element of the shard is, if they are of any size.
  private var table = BlobTable()

  /// The inner chunk that is encoded next.
  private var chunk = ByteArena()

  /// The encoded inner chunks, if the index goes in front of them.
  private var encoded = ByteArena()

  init(_ codec: ShardingCodec) throws(ChunkError) {
    encoder = try ChainEncoder(codec.chain)
    self.codec = codec
  }

  mutating func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    let grid = try InnerChunkGrid(shardShape: chunk.shape, chunkShape: codec.chunkShape)
    if chunk.layout == .variable {
      var cursor = try WireFormCursor(source, expectedCount: chunk.elementCount, codec: ShardingCodec.name)
      try table.reset(count: chunk.elementCount)
      try unsafe cursor.next(into: table.slots(0..<chunk.elementCount))
      try cursor.finish()
    }
    switch codec.index.location {
    case .end:
      let entries = try encodeChunks(of: source, grid, offset: 0, into: &output)
      try codec.index.encode(entries, grid, into: &output)
    case .start:
      let entries = try encodeChunksAside(of: source, grid, offset: try codec.index.byteCount(grid))
      try codec.index.encode(entries, grid, into: &output)
      try output.append(copying: encoded.bytes)
    }
  }

  /// Encodes all inner chunks one behind the other into memory of the encoder.
  private mutating func encodeChunksAside(
    of source: RawSpan, _ grid: InnerChunkGrid, offset: Int
  ) throws(ChunkError) -> [ShardEntry] {
    var arena = ByteArena()
    swap(&arena, &encoded)
    defer { swap(&arena, &encoded) }
    arena.removeAll()
    return try encodeChunks(of: source, grid, offset: offset, into: &arena)
  }

  /// Encodes all inner chunks one behind the other, and returns where they are; the first one is at `offset`
  /// of the shard.
  private mutating func encodeChunks(
    of source: RawSpan, _ grid: InnerChunkGrid, offset: Int, into output: inout ByteArena
  ) throws(ChunkError) -> [ShardEntry] {
    var entries = [ShardEntry](repeating: .missing, count: grid.chunkCount)
    let base = output.count - offset
    var walk = InnerChunkWalk(ShardPart(allOf: grid))
    while walk.next() {
      chunk.removeAll()
      try gather(walk.runs, of: source, count: walk.chunkElementCount)
      guard !codec.chain.layout.elements(of: chunk.bytes, allEqual: codec.fillValue) else { continue }
      let start = output.count
      try encoder.encode(chunk.bytes, shape: walk.chunkShape, into: &output)
      entries[walk.position] = ShardEntry(
        offset: UInt64(start - base), byteCount: UInt64(output.count - start))
    }
    return entries
  }

  /// Lays out the elements of one inner chunk.
  private mutating func gather(_ runs: [ElementRun], of source: RawSpan, count: Int) throws(ChunkError) {
    if case .fixed(let elementByteCount) = codec.chain.layout {
      for run in runs {
        let start = run.selectionIndex * elementByteCount
        try chunk.append(copying: source.extracting(start..<start + run.count * elementByteCount))
      }
      return
    }
    var payloadByteCount = 0
    for run in runs {
      for index in run.selectionIndex..<run.selectionIndex + run.count {
        // Part of the size of the shard.
        unsafe payloadByteCount += table.blobs.element(index).count
      }
    }
    try Self.append(
      runs, of: table, count: count, payloadByteCount: payloadByteCount, to: &chunk)
  }

  private static func append(
    _ runs: [ElementRun], of table: borrowing BlobTable, count: Int, payloadByteCount: Int,
    to chunk: inout ByteArena
  ) throws(ChunkError) {
    try chunk.appendChunk(
      count: count, payloadByteCount: payloadByteCount, layout: .variable,
      maximumElementByteCount: WireForm.maximumElementByteCount
    ) { writer throws(ChunkError) in
      for run in runs {
        for index in run.selectionIndex..<run.selectionIndex + run.count {
          try writer.append(table.blobs[index])
        }
      }
    }
  }
}
