internal import CLZ4

/// Compresses chunks with LZ4, in the form of numcodecs.
///
///     +------------------+-----------+
///     | decodedByteCount | LZ4 block |
///     +------------------+-----------+
///      u32, little endian
///
/// See [numcodecs.lz4](https://numcodecs.readthedocs.io/en/stable/compression/lz4.html) and
/// [the block format](https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md). zarrs and tensorstore lack this
/// codec.
public struct LZ4Codec: BytesToBytesCodec, BytesDecoder, Hashable {
  public static var name: String { "numcodecs.lz4" }

  /// How much compression is traded for speed.
  ///
  /// 1 compresses best. Larger numbers, up to 65537, are faster.
  public let acceleration: Int

  /// Creates a codec.
  ///
  /// - Precondition: `acceleration` fits in 32 bits.
  public init(acceleration: Int = 1) {
    precondition(Int32(exactly: acceleration) != nil, "lz4 has no acceleration of \(acceleration)")
    self.acceleration = acceleration
  }

  private static let headerByteCount = 4

  /// Says the decoded size before a block: at most 255 bytes for each of the block.
  private static let maximumRatio = 255

  public func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int {
    guard byteCount <= LZ4_MAX_INPUT_SIZE else {
      throw .chunkTooLarge(byteCount: byteCount, limit: Int(LZ4_MAX_INPUT_SIZE))
    }
    return Int(LZ4_compressBound(Int32(byteCount))) + Self.headerByteCount
  }

  public func makeEncoder() throws(ChunkError) -> any BytesEncoder {
    try Encoder(acceleration: Int32(acceleration))
  }

  /// Decodes a block, which takes LZ4 no memory.
  public func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {
    guard source.byteCount > Self.headerByteCount else {
      throw .truncatedHeader(
        codec: Self.name, byteCount: source.byteCount, expected: Self.headerByteCount + 1)
    }
    let claimed = Int(source.littleEndianUInt32(at: 0))
    let block = source.extracting(Self.headerByteCount..<source.byteCount)
    // First what no limit makes right: such a block is damaged.
    guard claimed / Self.maximumRatio <= block.byteCount, claimed <= Int(LZ4_MAX_INPUT_SIZE),
      block.byteCount <= Int(Int32.max)
    else {
      throw .implausibleByteCount(codec: Self.name, claimed: claimed, encoded: block.byteCount)
    }
    try checkDecodedByteCount(claimed, limit: limit, codec: Self.name)
    try output.append(addingCapacity: claimed) { output throws(ChunkError) in
      try unsafe block.withUnsafeBytes { block throws(ChunkError) in
        try unsafe output.appendUnsafe { free throws(ChunkError) in
          // SAFETY: lz4 reads and writes only inside the two sizes that it is given, and keeps no
          // pointer.
          let written = unsafe LZ4_decompress_safe(
            block.baseAddress, free.baseAddress, Int32(block.count), Int32(claimed))
          guard written >= 0 else {
            throw .decompressionFailed(codec: Self.name, reason: "the block is damaged")
          }
          guard Int(written) == claimed else {
            throw .decodedByteCountMismatch(codec: Self.name, claimed: claimed, decoded: Int(written))
          }
          return Int(written)
        }
      }
    }
  }

  /// The hash table of the compressor, allocated once.
  @safe
  private final class Encoder: BytesEncoder {
    private let state: UnsafeMutableRawPointer
    private let acceleration: Int32

    init(acceleration: Int32) throws(ChunkError) {
      unsafe state = try unsafe RawMemory.allocate(byteCount: Int(LZ4_sizeofState()))
      self.acceleration = acceleration
    }

    deinit {
      unsafe RawMemory.deallocate(state)
    }

    func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
      output.append(littleEndian: UInt32(source.byteCount))
      try unsafe source.withUnsafeBytes { source throws(ChunkError) in
        try unsafe output.appendUnsafe { free throws(ChunkError) in
          // SAFETY: lz4 writes at most as many bytes as it is told are free, and keeps no pointer.
          let written = unsafe LZ4_compress_fast_extState(
            state, source.baseAddress, free.baseAddress, Int32(source.count),
            Int32(clamping: free.count), acceleration)
          guard written > 0 else {
            throw .compressionFailed(codec: LZ4Codec.name, reason: "the output is full")
          }
          return Int(written)
        }
      }
    }
  }
}
