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
struct BloscFrame {
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
        guard position <= frameByteCount - 4 else { throw Self.damaged("block \(block) lies behind the end") }
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
