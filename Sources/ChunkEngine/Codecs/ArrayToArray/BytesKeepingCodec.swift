/// A codec that gives a chunk another shape, and leaves its bytes as they are.
public protocol BytesKeepingCodec: ArrayToArrayCodec {}

extension BytesKeepingCodec {
  public var keepsBytes: Bool { true }

  public func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    try output.append(copying: source)
  }

  public func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try checkDecodedByteCount(source.byteCount, limit: limit, codec: Self.name)
    if let expected = chunk.byteCount { try source.checkByteCount(expected, codec: Self.name) }
    try output.append(copying: source)
  }
}
