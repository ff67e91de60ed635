/// A codec that computes with each number of a chunk.
protocol NumberPipelineCodec: ArrayToArrayCodec {
  /// What encoding does.
  var encoding: NumberPipeline { get throws(ChunkError) }

  /// What decoding does.
  var decoding: NumberPipeline { get }
}

extension NumberPipelineCodec {
  public func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation {
    _ = try chunk.byteCount(ofElements: decoding.target.byteCount, codec: Self.name)
    return try ChunkRepresentation(
      shape: chunk.shape, layout: .fixed(byteCount: decoding.source.byteCount))
  }

  public func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    let byteCount = try chunk.byteCount(ofElements: decoding.target.byteCount, codec: Self.name)
    try source.checkByteCount(byteCount, codec: Self.name)
    try encoding.run(source, into: &output)
  }

  public func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let decoding = decoding
    let byteCount = try chunk.byteCount(ofElements: decoding.target.byteCount, codec: Self.name)
    try checkDecodedByteCount(byteCount, limit: limit, codec: Self.name)
    let (expected, overflow) = chunk.elementCount.multipliedReportingOverflow(by: decoding.source.byteCount)
    try source.checkByteCount(overflow ? Int.max : expected, codec: Self.name)
    try decoding.run(source, into: &output)
  }
}
