import CBlosc

/// Compresses chunks with Blosc 1, a container that shuffles bytes and compresses blocks of them.
///
/// See [blosc](https://zarr-specs.readthedocs.io/en/latest/v3/codecs/blosc/index.html). Shuffling serves
/// numbers of a fixed size. It does not help variable-length elements, so the default here is ``Shuffle/none``.
public struct BloscCodec: BytesToBytesCodec, BytesEncoder, BytesDecoder, Hashable {
  public static var name: String { "blosc" }

  /// The compressors inside Blosc, by their names in metadata.
  public enum Compressor: String, CaseIterable, Sendable {
    /// Blosc's own compressor.
    case blosclz
    /// LZ4.
    case lz4
    /// LZ4 with a longer search.
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

  /// Encodes without state: Blosc 1 keeps its memory in the call.
  public func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
    let shuffle =
      switch self.shuffle {
      case .none: BLOSC_NOSHUFFLE
      case .byte: BLOSC_SHUFFLE
      case .bit: BLOSC_BITSHUFFLE
      }
    try unsafe source.withUnsafeBytes { source throws(ChunkError) in
      try unsafe output.appendUnsafe { free throws(ChunkError) in
        // SAFETY: Blosc writes at most `free.count` bytes and keeps no pointer. It uses this thread only.
        let written = unsafe blosc_compress_ctx(
          Int32(level), shuffle, itemByteCount, source.count, source.baseAddress, free.baseAddress,
          free.count,
          compressor.rawValue, blockByteCount, 1)
        guard written > 0 else {
          let reason = written == -1 ? "the compressor \(compressor) is not built in" : "error \(written)"
          throw .compressionFailed(codec: Self.name, reason: reason)
        }
        return Int(written)
      }
    }
  }

  /// Decodes without state, after every size in the frame was checked.
  public func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {
    let frame = try BloscFrame(validating: source, limit: limit)
    guard frame.contentByteCount > 0 else { return }
    try output.append(addingCapacity: frame.contentByteCount) { output throws(ChunkError) in
      try unsafe source.withUnsafeBytes { source throws(ChunkError) in
        try unsafe output.appendUnsafe { free throws(ChunkError) in
          // SAFETY: Blosc writes at most `free.count` bytes, and the frame was checked so that it reads
          // inside `source` only. It keeps no pointer and uses this thread only.
          let written = unsafe blosc_decompress_ctx(source.baseAddress, free.baseAddress, free.count, 1)
          // blosc.c: a compressor that is not built in, and a version of the format that is not known.
          guard written != -5, written != -9 else {
            throw .unsupported(codec: Self.name, reason: "error \(written)")
          }
          guard written > 0 else {
            throw .decompressionFailed(codec: Self.name, reason: "error \(written)")
          }
          guard Int(written) == frame.contentByteCount else {
            throw .decodedByteCountMismatch(
              codec: Self.name, claimed: frame.contentByteCount, decoded: Int(written))
          }
          return Int(written)
        }
      }
    }
  }
}

/// The sizes in a Blosc 1 frame, all of them checked.
///
///     +---------+-----------+-------+----------+--------+-----------+--------+-----------+-----------+ …
///     | version | versionlz | flags | typesize | nbytes | blocksize | cbytes | offset[0] | offset[1] |
///     +---------+-----------+-------+----------+--------+-----------+--------+-----------+-----------+ …
///      u8        u8          u8      u8         u32      u32         u32      u32: one for each block, from the start
///
/// A block is a run of streams, each a `u32` size and its bytes. Blosc 1 trusts most of these numbers; here
/// they are held against the frame before Blosc sees it. See
/// [the format](https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst), whose note on offsets is
/// wrong.
private struct BloscFrame {
  /// The bytes of the header.
  static let headerByteCount = 16

  /// The most bytes that a frame can hold.
  static let maximumContentByteCount = Int(Int32.max) - headerByteCount

  /// The versions of the format that Blosc 2 writes.
  private static let laterVersions: ClosedRange<UInt8> = 3...5

  /// The bytes that the frame decodes to.
  let contentByteCount: Int

  private enum Flag {
    static let isStored: UInt8 = 0x02
    static let blocksAreWhole: UInt8 = 0x10
  }

  /// Checks a frame that must be all of `bytes` and decode to at most `limit` bytes.
  ///
  /// - Complexity: O(*n*) where *n* is the number of streams. Does not allocate.
  init(validating bytes: RawSpan, limit: Int) throws(ChunkError) {
    guard bytes.byteCount >= Self.headerByteCount else {
      throw .truncatedHeader(
        codec: BloscCodec.name, byteCount: bytes.byteCount, expected: Self.headerByteCount)
    }
    let flags = bytes.byte(at: 2)
    let itemByteCount = Int(bytes.byte(at: 3))
    let contentByteCount = Int(bytes.littleEndianUInt32(at: 4))
    let blockByteCount = Int(bytes.littleEndianUInt32(at: 8))
    let frameByteCount = Int(bytes.littleEndianUInt32(at: 12))
    self.contentByteCount = contentByteCount

    guard frameByteCount <= bytes.byteCount else { throw Self.damaged("the frame is cut short") }
    guard frameByteCount == bytes.byteCount else {
      throw .trailingBytes(codec: BloscCodec.name, byteCount: bytes.byteCount - frameByteCount)
    }
    // Blosc 2 has the same header and goes on otherwise.
    guard !Self.laterVersions.contains(bytes.byte(at: 0)) else {
      throw .unsupported(codec: BloscCodec.name, reason: "it is a frame of Blosc 2")
    }
    guard contentByteCount <= min(limit, Self.maximumContentByteCount) else {
      throw .decodedByteCountExceedsLimit(codec: BloscCodec.name, byteCount: contentByteCount, limit: limit)
    }
    guard contentByteCount > 0 else { return }
    guard itemByteCount > 0 else { throw Self.damaged("items have no bytes") }
    if flags & Flag.isStored != 0 {
      guard frameByteCount == contentByteCount + Self.headerByteCount else {
        throw .decodedByteCountMismatch(
          codec: BloscCodec.name, claimed: contentByteCount, decoded: frameByteCount - Self.headerByteCount)
      }
      return
    }
    guard blockByteCount > 0, blockByteCount <= max(contentByteCount, itemByteCount) else {
      throw Self.damaged("a block has \(blockByteCount) bytes")
    }
    let lastByteCount = contentByteCount % blockByteCount
    let blockCount = contentByteCount / blockByteCount + (lastByteCount > 0 ? 1 : 0)
    let streamsByteOffset = Self.headerByteCount + blockCount * 4
    guard streamsByteOffset <= frameByteCount else { throw Self.damaged("the block offsets are cut short") }

    let isSplit =
      flags & Flag.blocksAreWhole == 0 && itemByteCount <= 16 && blockByteCount / itemByteCount >= 128
    for block in 0..<blockCount {
      let isShort = lastByteCount > 0 && block == blockCount - 1
      let streamCount = isSplit && !isShort ? itemByteCount : 1
      let decodedByteCount = (isShort ? lastByteCount : blockByteCount) / streamCount
      var position = Int(bytes.littleEndianUInt32(at: Self.headerByteCount + block * 4))
      guard position >= streamsByteOffset else { throw Self.damaged("block \(block) lies in the header") }
      for _ in 0..<streamCount {
        guard position <= frameByteCount - 4 else { throw Self.damaged("block \(block) lies after the end") }
        let streamByteCount = Int(bytes.littleEndianUInt32(at: position))
        // Snappy writes up to a sixth more than it reads, and Blosc keeps that if the whole still gets
        // smaller.
        guard streamByteCount > 0, streamByteCount <= decodedByteCount + decodedByteCount / 6 + 32,
          streamByteCount <= frameByteCount - 4 - position
        else { throw Self.damaged("a stream of block \(block) has \(streamByteCount) bytes") }
        position += 4 + streamByteCount
      }
    }
  }

  private static func damaged(_ reason: String) -> ChunkError {
    .decompressionFailed(codec: BloscCodec.name, reason: reason)
  }
}
