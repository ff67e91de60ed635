/// Decodes whole shards for one worker.
final class ShardDecoder: ArrayDecoder {
  private var work: Work

  init(_ codec: ShardingCodec) throws(ChunkError) {
    work = try Work(codec)
  }

  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try work.decode(source, of: chunk, into: &output, limit: limit)
  }
}

/// What a decoder reuses from shard to shard.
private struct Work: ~Copyable {
  private let codec: ShardingCodec
  private let decoder: ChainDecoder
  private let fillElement: SharedBytes

  /// The decoded inner chunks, and where each of them is, or nothing where it is not stored.
  private var chunks = ByteArena()
  private var ranges: [Range<Int>?] = []

  /// Where each element of the shard is, if they are of any size.
  private var table = BlobTable()

  init(_ codec: ShardingCodec) throws(ChunkError) {
    let decoder = try ChainDecoder(codec.chain)
    fillElement = try codec.chain.layout.sharedElement(codec.fillValue)
    self.codec = codec
    self.decoder = decoder
  }

  mutating func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let grid = try InnerChunkGrid(shardShape: chunk.shape, chunkShape: codec.chunkShape)
    // Also what a shard without any inner chunk decodes to is bounded.
    let elementByteCount = chunk.layout.fixedByteCount ?? WireForm.lengthByteCount
    let (least, overflow) = chunk.elementCount.multipliedReportingOverflow(by: elementByteCount)
    guard !overflow, least <= limit else {
      throw .decodedByteCountExceedsLimit(
        codec: ShardingCodec.name, byteCount: overflow ? nil : least, limit: limit)
    }
    let range = try codec.index.range(inShardOf: source.byteCount, grid, limit: limit)
    let index = try codec.index.decode(source.extracting(range), grid, shardByteCount: source.byteCount)
    try index.validate()
    switch chunk.layout {
    case .fixed(let elementByteCount):
      try decodePacked(source, index, grid, elementByteCount, into: &output, limit: limit)
    case .variable:
      try decodeChunks(source, index, grid, limit: limit)
      let payloadByteCount = try findElements(grid)
      try append(count: chunk.elementCount, payloadByteCount: payloadByteCount, to: &output, limit: limit)
    }
  }

  // MARK: Elements of any size

  /// Decodes all inner chunks, one behind the other.
  private mutating func decodeChunks(
    _ source: RawSpan, _ index: ShardIndex, _ grid: InnerChunkGrid, limit: Int
  ) throws(ChunkError) {
    chunks.removeAll()
    ranges.removeAll(keepingCapacity: true)
    // Inner chunks have a header each, which the shard has not.
    var rest = sumOrMaximum(limit, grid.chunkCount * WireForm.headerByteCount)
    var walk = InnerChunkWalk(ShardPart(allOf: grid))
    while walk.next() {
      guard let range = try index.range(ofChunkAt: walk.position) else {
        ranges.append(nil)
        continue
      }
      let start = chunks.count
      try Self.decode(
        source.extracting(range), walk, with: decoder, into: &chunks, limit: min(limit, rest))
      rest -= chunks.count - start
      ranges.append(start..<chunks.count)
    }
  }

  private static func decode(
    _ source: RawSpan, _ walk: InnerChunkWalk, with decoder: ChainDecoder, into output: inout ByteArena,
    limit: Int
  ) throws(ChunkError) {
    do {
      try decoder.decode(source, shape: walk.chunkShape, into: &output, limit: limit)
    } catch {
      throw .innerChunk(position: walk.position, reason: error)
    }
  }

  /// Finds the elements of the shard in the decoded inner chunks.
  ///
  /// - Returns: The bytes that they have together.
  private mutating func findElements(_ grid: InnerChunkGrid) throws(ChunkError) -> Int {
    try table.reset(count: grid.elementCount)
    let name = codec.chain.elementCodecName
    var payloadByteCount = 0
    var walk = InnerChunkWalk(ShardPart(allOf: grid))
    while walk.next() {
      guard let range = ranges[walk.position] else {
        for run in walk.runs {
          let slots = unsafe table.slots(run.selectionIndex..<run.selectionIndex + run.count)
          unsafe slots.update(repeating: fillElement.baseAddress + WireForm.lengthByteCount)
        }
        let (filled, overflow) = codec.fillValue.count.multipliedReportingOverflow(by: walk.chunkElementCount)
        guard !overflow else { throw .chunkTooLarge(byteCount: Int.max, limit: Int.max) }
        payloadByteCount = try sum(payloadByteCount, filled)
        continue
      }
      do {
        let found = try Self.find(
          walk.runs, in: chunks, range, count: walk.chunkElementCount, codec: name, table: &table)
        payloadByteCount = try sum(payloadByteCount, found)
      } catch {
        throw .innerChunk(position: walk.position, reason: error)
      }
    }
    return payloadByteCount
  }

  private static func find(
    _ runs: [ElementRun], in chunks: borrowing ByteArena, _ range: Range<Int>, count: Int, codec: String,
    table: inout BlobTable
  ) throws(ChunkError) -> Int {
    var cursor = try WireFormCursor(chunks.bytes.extracting(range), expectedCount: count, codec: codec)
    for run in runs {
      try cursor.skip(run.chunkIndex - cursor.index)
      try unsafe cursor.next(into: table.slots(run.selectionIndex..<run.selectionIndex + run.count))
    }
    try cursor.finish()
    return cursor.payloadByteCount
  }

  /// Appends the elements of the shard in wire form.
  private func append(
    count: Int, payloadByteCount: Int, to output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let byteCount = try WireForm.elementsByteCount(count: count, payloadByteCount: payloadByteCount)
    guard byteCount <= limit - WireForm.headerByteCount else {
      throw .decodedByteCountExceedsLimit(
        codec: ShardingCodec.name, byteCount: byteCount + WireForm.headerByteCount, limit: limit)
    }
    try Self.append(table, count: count, payloadByteCount: payloadByteCount, to: &output)
  }

  private static func append(
    _ table: borrowing BlobTable, count: Int, payloadByteCount: Int, to output: inout ByteArena
  ) throws(ChunkError) {
    try output.appendChunk(
      count: count, payloadByteCount: payloadByteCount, layout: .variable,
      maximumElementByteCount: WireForm.maximumElementByteCount
    ) { writer throws(ChunkError) in
      for index in 0..<count {
        try writer.append(table.blobs[index])
      }
    }
  }

  // MARK: Elements of one size

  /// Appends the elements of the shard back to back.
  private mutating func decodePacked(
    _ source: RawSpan, _ index: ShardIndex, _ grid: InnerChunkGrid, _ elementByteCount: Int,
    into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let byteCount = grid.elementCount * elementByteCount
    let start = output.count
    try output.append(addingCapacity: byteCount) { output throws(ChunkError) in
      try unsafe output.appendUnsafe { elements throws(ChunkError) in
        var walk = InnerChunkWalk(ShardPart(allOf: grid))
        while walk.next() {
          chunks.removeAll()
          let range = try index.range(ofChunkAt: walk.position)
          if let range {
            try Self.decode(
              source.extracting(range), walk, with: decoder, into: &chunks, limit: limit)
          }
          for run in walk.runs {
            let target = unsafe UnsafeMutableRawBufferPointer(
              rebasing: elements[
                run.selectionIndex * elementByteCount..<(run.selectionIndex + run.count) * elementByteCount])
            unsafe fill(
              target, from: range == nil ? nil : run.chunkIndex * elementByteCount, elementByteCount)
          }
        }
        return byteCount
      }
    }
    precondition(output.count - start == byteCount, "a shard has all its elements")
  }

  /// Copies elements from an offset of the inner chunk, or fill values if it is not stored.
  private func fill(
    _ target: UnsafeMutableRawBufferPointer, from offset: Int?, _ elementByteCount: Int
  ) {
    // SAFETY: The slices of the target and of the chunk are bounds-checked, and have the same size.
    if let offset {
      let elements = chunks.bytes.extracting(offset..<offset + target.count)
      return unsafe elements.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
    unsafe target.fill(repeating: fillElement.bytes)
  }
}
