public import ChunkEngine

extension ArrayToArrayCodec {
  /// Encodes a chunk.
  public func encoded(_ bytes: [UInt8], shape: [Int], layout: ElementLayout) throws -> [UInt8] {
    var arena = ByteArena()
    try encode(bytes.span.bytes, of: ChunkRepresentation(shape: shape, layout: layout), into: &arena)
    return Array(copying: arena.bytes)
  }

  /// Decodes a chunk.
  public func decoded(
    _ bytes: [UInt8], shape: [Int], layout: ElementLayout, limit: Int = .max
  ) throws -> [UInt8] {
    var arena = ByteArena()
    try decode(
      bytes.span.bytes, of: ChunkRepresentation(shape: shape, layout: layout), into: &arena, limit: limit)
    return Array(copying: arena.bytes)
  }
}

extension ArrayToBytesCodec {
  /// Encodes a chunk with a new encoder.
  public func encoded(_ bytes: [UInt8], shape: [Int], layout: ElementLayout) throws -> [UInt8] {
    var arena = ByteArena()
    try makeEncoder().encode(
      bytes.span.bytes, of: ChunkRepresentation(shape: shape, layout: layout), into: &arena)
    return Array(copying: arena.bytes)
  }

  /// Decodes a chunk with a new decoder.
  public func decoded(
    _ bytes: [UInt8], shape: [Int], layout: ElementLayout, limit: Int = .max
  ) throws -> [UInt8] {
    var arena = ByteArena()
    try makeDecoder().decode(
      bytes.span.bytes, of: ChunkRepresentation(shape: shape, layout: layout), into: &arena, limit: limit)
    return Array(copying: arena.bytes)
  }
}

extension CodecChain {
  /// Encodes a chunk.
  public func encoded(_ bytes: [UInt8], shape: [Int]) throws -> [UInt8] {
    var arena = ByteArena()
    try ChainEncoder(self).encode(bytes.span.bytes, shape: shape, into: &arena)
    return Array(copying: arena.bytes)
  }

  /// Decodes a chunk.
  public func decoded(_ bytes: [UInt8], shape: [Int], limit: Int = .max) throws -> [UInt8] {
    var arena = ByteArena()
    try ChainDecoder(self).decode(bytes.span.bytes, shape: shape, into: &arena, limit: limit)
    return Array(copying: arena.bytes)
  }
}

/// Returns the contiguous bytes of numbers.
public func packedBytes<Number: BitwiseCopyable>(_ numbers: [Number]) -> [UInt8] {
  numbers.withUnsafeBytes { Array($0) }
}

/// Returns the numbers of contiguous bytes.
public func unpacked<Number: BitwiseCopyable>(
  _ bytes: [UInt8], as type: Number.Type = Number.self
) -> [Number] {
  let width = MemoryLayout<Number>.size
  return bytes.withUnsafeBytes { bytes in
    (0..<bytes.count / width).map { bytes.loadUnaligned(fromByteOffset: $0 * width, as: Number.self) }
  }
}
