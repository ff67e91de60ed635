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
  private let codec: ShardingCodec
  private let fillElement: SharedBytes
  private var decoder: ChunkDecoder

  init(_ codec: ShardingCodec) throws(ChunkError) {
    self.codec = codec
    fillElement = try codec.chain.layout.sharedElement(codec.fillValue)
    decoder = try ChunkDecoder(codec.chain)
  }

  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let grid = try InnerChunkGrid(shardShape: chunk.shape, chunkShape: codec.chunkShape)
    // Also what a shard without any inner chunk decodes to is bounded.
    let elementByteCount = chunk.layout.fixedByteCount ?? WireForm.lengthByteCount
    let (least, overflow) = chunk.elementCount.multipliedReportingOverflow(by: elementByteCount)
    guard !overflow, least <= limit else { throw Self.tooLarge(overflow ? nil : least, limit) }
    let range = try codec.index.range(inShardOf: source.byteCount, grid, limit: limit)
    let index = try codec.index.decode(source.extracting(range), grid, shardByteCount: source.byteCount)
    try index.validate()
    let elements = try elements(of: source, index, grid, limit: limit)
    let payloadByteCount = try elements.byteCount(of: elements.indices)
    if chunk.layout == .variable {
      let byteCount = try WireForm.elementsByteCount(
        count: elements.count, payloadByteCount: payloadByteCount)
      try checkDecodedByteCount(
        WireForm.headerByteCount + byteCount, limit: limit, codec: ShardingCodec.name)
    }
    try output.appendChunk(
      count: elements.count, payloadByteCount: payloadByteCount, layout: chunk.layout,
      maximumElementByteCount: WireForm.maximumElementByteCount
    ) { writer throws(ChunkError) in try elements.write(elements.indices, to: &writer) }
  }

  /// Decodes all inner chunks, which together take no more memory than the limit and what points to elements.
  private func elements(
    of source: RawSpan, _ index: ShardIndex, _ grid: InnerChunkGrid, limit: Int
  ) throws(ChunkError) -> BlobView {
    let piece = Piece(allOf: grid)
    // What points to an element, and the header of an inner chunk, which has at least one.
    let (ownByteCount, overflow) = grid.elementCount.multipliedReportingOverflow(
      by: MemoryLayout<UInt>.stride + WireForm.headerByteCount)
    decoder.limits = DecodingLimits(
      decodedByteCountPerChunk: limit,
      decodedByteCountPerCall: overflow ? Int.max : sumOrMaximum(limit, ownByteCount),
      expansionRatio: Int.max)
    do {
      let builder = try BlobViewBuilder(
        count: grid.elementCount, chain: codec.chain, limits: decoder.limits)
      builder.keep(fillElement)
      try decoder.find(piece, in: .index(index))
      try decoder.fetch(joining: .local) { range, arena in
        guard let range else { return false }
        try arena.append(copying: source.extracting(range))
        return true
      }
      _ = try decoder.place(in: builder, fillElement: fillElement, countsElementBytes: false)
      return builder.finish()
    } catch ChunkError.callByteCountExceedsLimit {
      throw Self.tooLarge(nil, limit)
    } catch let error as ChunkError {
      throw error
    } catch {
      throw .sourceFailed(reason: "\(error)")
    }
  }

  private static func tooLarge(_ byteCount: Int?, _ limit: Int) -> ChunkError {
    .decodedByteCountExceedsLimit(codec: ShardingCodec.name, byteCount: byteCount, limit: limit)
  }
}
