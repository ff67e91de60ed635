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
    let byteCount = Self.packedByteCount(count)
    try output.reserve(byteCount + 1)
    try output.append(addingCapacity: 1) { output in output.append(Self.paddingBitCount(count)) }
    try unsafe output.append(byteCount: byteCount, from: source) { source, target in
      // SAFETY: There are all truth values at `source`, and room for their bits at `target`.
      unsafe TruthValueBits.mostSignificantFirst.pack(count, from: source, to: target)
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
    try unsafe output.append(byteCount: count, from: source.extracting(1..<source.byteCount)) {
      source, target in
      // SAFETY: There are the bits of all truth values at `source`, and room for these at `target`.
      unsafe TruthValueBits.mostSignificantFirst.unpack(count, from: source, to: target)
    }
  }
}
