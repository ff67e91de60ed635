/// A codec that stores elements of variable size as they lie in memory, in ``WireForm``.
public protocol WireFormCodec: ArrayToBytesCodec, ArrayEncoder, ArrayDecoder {}

extension WireFormCodec {
  public var keepsBytes: Bool { true }

  public func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    try output.append(copying: source)
  }

  public func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    guard source.byteCount <= limit else {
      throw .decodedByteCountExceedsLimit(codec: Self.name, byteCount: source.byteCount, limit: limit)
    }
    try output.append(copying: source)
  }
}
