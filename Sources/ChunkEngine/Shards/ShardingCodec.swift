/// Divides a chunk into inner chunks, encodes each by itself, and stores them with an index.
///
///     chunk, here called shard ──▶ inner chunks ── their own codecs ──▶ ┌ inner chunks ┬ index ┐
///
/// A reader can fetch one inner chunk without the others. See
/// [sharding](https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html). Inner
/// chunks whose elements all equal the fill value are not stored, and the index says so. They are written in
/// C order without gaps, and read in any order and with gaps.
///
/// As a codec it encodes and decodes whole shards. `ChunkDecoder` and `ChunkEncoder` work on pieces of one.
package struct ShardingCodec: ArrayToBytesCodec {
  package static var name: String { "sharding_indexed" }

  /// The number of elements of an inner chunk along each dimension.
  package let chunkShape: [Int]

  /// The codecs of an inner chunk.
  package let chain: CodecChain

  /// How the index is stored.
  package let index: ShardIndexFormat

  /// The element that stands for all that was never written.
  package let fillValue: [UInt8]

  /// Creates a codec.
  ///
  /// - Parameters:
  ///   - chunkShape: The number of elements of an inner chunk along each dimension.
  ///   - chain: The codecs of an inner chunk.
  ///   - index: How the index is stored.
  ///   - fillValue: The element that stands for all that was never written.
  package init(chunkShape: [Int], chain: CodecChain, index: ShardIndexFormat, fillValue: [UInt8]) {
    self.chunkShape = chunkShape
    self.chain = chain
    self.index = index
    self.fillValue = fillValue
  }

  package func makeEncoder() throws(ChunkError) -> any ArrayEncoder {
    try ShardEncoder(self)
  }

  package func makeDecoder() throws(ChunkError) -> any ArrayDecoder {
    try ShardDecoder(self)
  }
}

/// Encodes whole shards for one worker.
private final class ShardEncoder: ArrayEncoder {
  private var work: Work

  init(_ codec: ShardingCodec) throws(ChunkError) {
    work = try Work(codec)
  }

  func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    try work.encode(source, of: chunk, into: &output)
  }

  /// What an encoder reuses from shard to shard.
  private struct Work: ~Copyable {
    private let codec: ShardingCodec
    private var encoder: ChunkEncoder

    init(_ codec: ShardingCodec) throws(ChunkError) {
      encoder = try ChunkEncoder(
        codec.chain, fillValue: codec.fillValue, omitsFillValue: true, areInner: false, limits: nil,
        maximumElementByteCount: WireForm.maximumElementByteCount)
      self.codec = codec
    }

    mutating func encode(
      _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
    ) throws(ChunkError) {
      let grid = try InnerChunkGrid(shardShape: chunk.shape, chunkShape: codec.chunkShape)
      var copy = ByteArena()
      try copy.append(copying: source)
      let elements = try BlobView(
        try copy.takeBytes(), count: chunk.elementCount, chain: CodecChain(codec, layout: chunk.layout))
      try encoder.beginPiece()
      var walk = InnerChunkWalk(Piece(allOf: grid))
      while try walk.next() {
        try encoder.append(
          walk.runs, of: elements, others: nil, count: walk.chunkElementCount, walk.chunkShape,
          at: walk.position)
      }
      let piece = try encoder.endPiece()
      let isIndexFirst = codec.index.location == .start
      var offset = isIndexFirst ? try codec.index.byteCount(grid) : 0
      var entries = [ShardEntry](repeating: .missing, count: grid.chunkCount)
      for chunk in piece.chunks {
        guard let byteCount = chunk.byteCount else { continue }
        entries[chunk.position] = ShardEntry(offset: UInt64(offset), byteCount: UInt64(byteCount))
        offset += byteCount
      }
      if isIndexFirst { try codec.index.encode(entries, grid, into: &output) }
      try output.append(copying: piece.bytes.bytes)
      if !isIndexFirst { try codec.index.encode(entries, grid, into: &output) }
    }
  }
}

/// Decodes whole shards for one worker.
private final class ShardDecoder: ArrayDecoder {
  private var work: Work

  init(_ codec: ShardingCodec) throws(ChunkError) {
    work = try Work(codec)
  }

  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try work.decode(source, of: chunk, into: &output, limit: limit)
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

    /// Decodes all inner chunks, one after the other.
    private mutating func decodeChunks(
      _ source: RawSpan, _ index: ShardIndex, _ grid: InnerChunkGrid, limit: Int
    ) throws(ChunkError) {
      chunks.removeAll()
      ranges.removeAll(keepingCapacity: true)
      // Inner chunks have a header each, which the shard has not.
      var rest = sumOrMaximum(limit, grid.chunkCount * WireForm.headerByteCount)
      var walk = InnerChunkWalk(Piece(allOf: grid))
      while try walk.next() {
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
      var walk = InnerChunkWalk(Piece(allOf: grid))
      while try walk.next() {
        guard let range = ranges[walk.position] else {
          table.place(repeating: fillElement, runs: walk.runs.span)
          let (filled, overflow) = codec.fillValue.count.multipliedReportingOverflow(
            by: walk.chunkElementCount)
          guard !overflow else { throw .chunkTooLarge(byteCount: Int.max, limit: Int.max) }
          payloadByteCount = try sum(payloadByteCount, filled)
          continue
        }
        do {
          let found = try table.place(
            chunks.bytes.extracting(range), count: walk.chunkElementCount, runs: walk.runs.span, codec: name)
          payloadByteCount = try sum(payloadByteCount, found)
        } catch {
          throw .innerChunk(position: walk.position, reason: error)
        }
      }
      return payloadByteCount
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
          var walk = InnerChunkWalk(Piece(allOf: grid))
          while try walk.next() {
            chunks.removeAll()
            let range = try index.range(ofChunkAt: walk.position)
            guard let range else {
              unsafe elements.place(repeating: fillElement.bytes, runs: walk.runs.span)
              continue
            }
            try Self.decode(source.extracting(range), walk, with: decoder, into: &chunks, limit: limit)
            unsafe elements.place(chunks.bytes, runs: walk.runs.span, elementByteCount: elementByteCount)
          }
          return byteCount
        }
      }
      precondition(output.count - start == byteCount, "a shard has all its elements")
    }
  }
}
