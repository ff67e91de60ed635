internal import CBlosc

/// Compresses chunks with Blosc 1, a container that shuffles bytes and compresses blocks of them.
///
/// See [blosc](https://zarr-specs.readthedocs.io/en/latest/v3/codecs/blosc/index.html). Shuffling serves
/// numbers of a fixed size; for variable-length elements it is of no use, which is why ``Shuffle/none`` is
/// the default here.
public struct BloscCodec: BytesToBytesCodec, Hashable {
  public static var name: String { "blosc" }

  /// The compressors inside of Blosc, by their names in metadata.
  public enum Compressor: String, CaseIterable, Sendable {
    /// The compressor that Blosc brings along.
    case blosclz
    /// LZ4.
    case lz4
    /// LZ4 that searches longer.
    case lz4hc
    /// Snappy.
    case snappy
    /// DEFLATE.
    case zlib
    /// Zstandard.
    case zstd
  }

  /// What is done to the bytes before they are compressed.
  public enum Shuffle: String, CaseIterable, Sendable {
    /// Nothing.
    case none = "noshuffle"
    /// The first bytes of all items come first, then the second ones, and so on.
    case byte = "shuffle"
    /// The first bits of all items come first, then the second ones, and so on.
    case bit = "bitshuffle"
  }

  /// The levels of the codec, from storing to the best compression.
  public static var levels: ClosedRange<Int> { 0...9 }

  /// The sizes of an item that Blosc knows.
  public static var itemByteCounts: ClosedRange<Int> { 1...255 }

  /// The compressor of the blocks.
  public let compressor: Compressor

  /// The compression level.
  public let level: Int

  /// What is done to the bytes before they are compressed.
  public let shuffle: Shuffle

  /// The bytes of an item, for shuffling.
  public let itemByteCount: Int

  /// The bytes of a block, where 0 lets Blosc choose.
  public let blockByteCount: Int

  /// Creates a codec.
  ///
  /// - Precondition: `level` is in ``levels``, `itemByteCount` in ``itemByteCounts``, and `blockByteCount` is
  ///   not negative and fits in 31 bits.
  public init(
    compressor: Compressor = .lz4, level: Int = 5, shuffle: Shuffle = .none, itemByteCount: Int = 1,
    blockByteCount: Int = 0
  ) {
    precondition(Self.levels.contains(level), "blosc has levels \(Self.levels), not \(level)")
    precondition(Self.itemByteCounts.contains(itemByteCount), "blosc has no items of \(itemByteCount) bytes")
    precondition(
      (0...Int(Int32.max)).contains(blockByteCount), "blosc has no blocks of \(blockByteCount) bytes")
    self.compressor = compressor
    self.level = level
    self.shuffle = shuffle
    self.itemByteCount = itemByteCount
    self.blockByteCount = blockByteCount
  }

  public func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int {
    guard byteCount <= BloscFrame.maximumContentByteCount else {
      throw .chunkTooLarge(byteCount: byteCount, limit: BloscFrame.maximumContentByteCount)
    }
    return byteCount + BloscFrame.headerByteCount
  }

  public func makeEncoder() throws(ChunkError) -> any BytesEncoder {
    Encoder(codec: self)
  }

  public func makeDecoder() throws(ChunkError) -> any BytesDecoder {
    Decoder()
  }

  /// Encodes without state: Blosc 1 keeps its memory in the call.
  private final class Encoder: BytesEncoder {
    private let codec: BloscCodec

    init(codec: BloscCodec) {
      self.codec = codec
    }

    func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
      let shuffle =
        switch codec.shuffle {
        case .none: BLOSC_NOSHUFFLE
        case .byte: BLOSC_SHUFFLE
        case .bit: BLOSC_BITSHUFFLE
        }
      try unsafe source.withUnsafeBytes { source throws(ChunkError) in
        try unsafe output.appendUnsafe { free throws(ChunkError) in
          // SAFETY: Blosc writes at most `free.count` bytes and keeps no pointer. It uses this thread only.
          let written = unsafe blosc_compress_ctx(
            Int32(codec.level), shuffle, codec.itemByteCount, source.count, source.baseAddress,
            free.baseAddress,
            free.count, codec.compressor.rawValue, codec.blockByteCount, 1)
          guard written > 0 else {
            let reason =
              written == -1 ? "the compressor \(codec.compressor) is not built in" : "error \(written)"
            throw .compressionFailed(codec: BloscCodec.name, reason: reason)
          }
          return Int(written)
        }
      }
    }
  }

  /// Decodes without state, after ``BloscFrame`` has checked every size in the frame.
  private final class Decoder: BytesDecoder {
    func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {
      let frame = try BloscFrame(validating: source, limit: limit)
      guard frame.contentByteCount > 0 else { return }
      try output.append(addingCapacity: frame.contentByteCount) { output throws(ChunkError) in
        try unsafe source.withUnsafeBytes { source throws(ChunkError) in
          try unsafe output.appendUnsafe { free throws(ChunkError) in
            // SAFETY: Blosc writes at most `free.count` bytes, and the frame was checked so that it reads
            // inside of `source` only. It keeps no pointer and uses this thread only.
            let written = unsafe blosc_decompress_ctx(source.baseAddress, free.baseAddress, free.count, 1)
            // blosc.c: a compressor that is not built in, and a version of the format that is not known.
            guard written != -5, written != -9 else {
              throw .unsupported(codec: BloscCodec.name, reason: "error \(written)")
            }
            guard written > 0 else {
              throw .decompressionFailed(codec: BloscCodec.name, reason: "error \(written)")
            }
            guard Int(written) == frame.contentByteCount else {
              throw .decodedByteCountMismatch(
                codec: BloscCodec.name, claimed: frame.contentByteCount, decoded: Int(written))
            }
            return Int(written)
          }
        }
      }
    }
  }
}
