/// Packs eight truth values into a byte, the first of them into its most significant bit.
///
///     ┌ count of padding bits ┬ t₀ t₁ t₂ t₃ t₄ t₅ t₆ t₇ ┬ t₈ 0 0 0 0 0 0 0 ┐
///
/// See [PackBits](https://numcodecs.readthedocs.io/en/stable/filter/packbits.html). What it makes is a chunk
/// of one axis, of bytes.
public struct NumcodecsPackBitsCodec: ArrayToArrayCodec, Hashable {
  public static var name: String { "numcodecs.packbits" }

  /// Creates the codec, which has no settings.
  public init() {}

  public func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation {
    let count = try chunk.byteCount(ofElements: 1, codec: Self.name)
    return try ChunkRepresentation(shape: [Self.packedByteCount(count) + 1], layout: .fixed(byteCount: 1))
  }

  private static func packedByteCount(_ count: Int) -> Int { count / 8 + (count.isMultiple(of: 8) ? 0 : 1) }

  private static func paddingBitCount(_ count: Int) -> UInt8 { UInt8(truncatingIfNeeded: -count & 7) }

  public func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    let count = try chunk.byteCount(ofElements: 1, codec: Self.name)
    try source.checkByteCount(count, codec: Self.name)
    try output.append(addingCapacity: Self.packedByteCount(count) + 1) { output throws(ChunkError) in
      output.append(Self.paddingBitCount(count))
      for start in stride(from: 0, to: count, by: 8) {
        var packed: UInt8 = 0
        for index in start..<min(start + 8, count) where source.byte(at: index) != 0 {
          packed |= 0x80 >> UInt8(truncatingIfNeeded: index - start)
        }
        output.append(packed)
      }
    }
  }

  public func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let count = try chunk.byteCount(ofElements: 1, codec: Self.name)
    try checkDecodedByteCount(count, limit: limit, codec: Self.name)
    try source.checkByteCount(Self.packedByteCount(count) + 1, codec: Self.name)
    let padding = source.byte(at: 0)
    guard padding == Self.paddingBitCount(count) else {
      throw .malformed(codec: Self.name, reason: "\(count) truth values have no \(padding) bits of padding")
    }
    try output.append(addingCapacity: count) { output throws(ChunkError) in
      for index in 0..<count {
        output.append(source.byte(at: 1 + index / 8) >> UInt8(truncatingIfNeeded: 7 - index % 8) & 1)
      }
    }
  }
}
