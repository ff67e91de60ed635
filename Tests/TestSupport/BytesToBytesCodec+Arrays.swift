public import ChunkEngine

extension BytesToBytesCodec {
  /// Encodes `bytes` with a new encoder.
  public func encoded(_ bytes: [UInt8]) throws -> [UInt8] {
    try makeEncoder().encoded(bytes, bound: maximumEncodedByteCount(of: bytes.count))
  }

  /// Decodes `bytes` with a new decoder.
  public func decoded(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
    var arena = ByteArena()
    try makeDecoder().decode(bytes.span.bytes, into: &arena, limit: limit)
    return Array(copying: arena.bytes)
  }
}

extension BytesEncoder {
  /// Encodes `bytes` into `bound` bytes of memory.
  public func encoded(_ bytes: [UInt8], bound: Int) throws -> [UInt8] {
    var arena = ByteArena()
    try arena.append(addingCapacity: bound) { output throws(ChunkError) in
      try encode(bytes.span.bytes, into: &output)
    }
    return Array(copying: arena.bytes)
  }
}
