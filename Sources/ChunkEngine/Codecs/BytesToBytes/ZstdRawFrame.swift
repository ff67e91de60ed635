/// A frame of Zstandard whose blocks hold their content as it is, which is how content is stored that cannot be
/// compressed.
///
///     preamble │ header │ 128 KiB │ header │ 128 KiB │ … │ header │ the rest │ trailer
///       6…14       3                  3                      3                 a checksum of the chain
///
/// See [RFC 8878](https://www.rfc-editor.org/rfc/rfc8878), section 3.1.1. A file is read with the blocks back to back,
/// and with all that is around them after that, so that the content need not be moved:
///
///     128 KiB │ 128 KiB │ … │ the rest │ preamble │ header │ header │ … │ header │ trailer
package struct ZstdRawFrame: Hashable, Sendable {
  /// The bytes of the content.
  let contentByteCount: Int

  /// The bytes before the header of the first block.
  private let preambleByteCount: Int

  /// The bytes after the frame.
  private let trailerByteCount: Int

  /// The largest content of a block.
  static let blockByteCount = 128 << 10

  private static let headerByteCount = 3
  private static let magic: UInt32 = 0xFD2F_B528

  /// The least bytes of content for which all this pays.
  static let leastByteCount = blockByteCount

  /// The bytes that tell whether a value may be such a frame.
  package static let beginningByteCount = 18

  /// The least bytes of a value that may be such a frame.
  package static let leastStoredByteCount = leastByteCount + beginningByteCount

  /// A frame that is to be written.
  init(contentByteCount: Int) {
    self.contentByteCount = contentByteCount
    preambleByteCount = contentByteCount > UInt32.max ? 14 : 10
    trailerByteCount = 0
  }

  /// Recognizes the beginning of a frame of raw blocks, or is nil for anything else or unusual.
  ///
  /// The other blocks may still be of another kind.
  ///
  /// - Parameters:
  ///   - bytes: The first bytes of a value.
  ///   - byteCount: The bytes of the value.
  ///   - trailerByteCount: The bytes after the frame.
  package init?(beginning bytes: RawSpan, byteCount: Int, trailerByteCount: Int) {
    guard bytes.byteCount >= Self.beginningByteCount, bytes.littleEndianUInt32(at: 0) == Self.magic else {
      return nil
    }
    let descriptor = bytes.byte(at: 4)
    // Neither a checksum of the content nor a dictionary.
    guard descriptor & 0b1_1111 == 0 else { return nil }
    var offset = 5
    if descriptor & 0b10_0000 == 0 {
      // A window of 1 KiB times a power of two, and eighths of that: no smaller than a block, and no larger than the
      // 128 MiB that libzstd takes.
      guard (7...17).contains(bytes.byte(at: 5) >> 3) else { return nil }
      offset = 6
    }
    let size: UInt64
    switch descriptor >> 6 {
    case 2:
      size = UInt64(bytes.littleEndianUInt32(at: offset))
      offset += 4
    case 3:
      size = bytes.littleEndianUInt64(at: offset)
      offset += 8
    default: return nil
    }
    guard size >= Self.leastByteCount, trailerByteCount >= 0, byteCount >= 0, size <= byteCount else {
      return nil
    }
    contentByteCount = Int(size)
    preambleByteCount = offset
    self.trailerByteCount = trailerByteCount
    // Each term is at most `byteCount`, or small.
    guard storedByteCount == byteCount,
      Self.number(bytes.extracting(offset..<offset + Self.headerByteCount)) == header(ofBlockAt: 0)
    else { return nil }
  }

  /// The bytes of the frame and its trailer.
  package var storedByteCount: Int {
    preambleByteCount + blockCount * Self.headerByteCount + contentByteCount + trailerByteCount
  }

  private var blockCount: Int { (contentByteCount + Self.blockByteCount - 1) / Self.blockByteCount }

  /// The header of the block that begins at an offset of the content: its size, kind 0, and whether it is the last.
  private func header(ofBlockAt offset: Int) -> UInt32 {
    let rest = contentByteCount - offset
    return UInt32(min(rest, Self.blockByteCount)) << 3 | (rest <= Self.blockByteCount ? 1 : 0)
  }

  private static func number(_ header: RawSpan) -> UInt32 {
    UInt32(header.byte(at: 0)) | UInt32(header.byte(at: 1)) << 8 | UInt32(header.byte(at: 2)) << 16
  }

  /// The offset of the block with a number in the content.
  private func block(_ number: Int) -> Range<Int> {
    let start = number * Self.blockByteCount
    return start..<min(contentByteCount, start + Self.blockByteCount)
  }

  /// Calls `body` with where each part is when it is read, in the order in which parts are stored.
  package func forEachPart(_ body: (Range<Int>) throws -> Void) rethrows {
    var framing = contentByteCount..<contentByteCount + preambleByteCount + Self.headerByteCount
    for number in 0..<blockCount {
      try body(framing)
      try body(block(number))
      framing = framing.upperBound..<framing.upperBound + Self.headerByteCount
    }
    guard trailerByteCount > 0 else { return }
    try body(framing.lowerBound..<framing.lowerBound + trailerByteCount)
  }

  /// Whether `bytes`, which were read apart, are such a frame to the end, and its trailer is right.
  func isIntact(_ bytes: RawSpan, _ checksum: CRC32CCodec?) -> Bool {
    guard bytes.byteCount == storedByteCount else { return false }
    let framing = bytes.extracting(contentByteCount..<bytes.byteCount)
    guard
      ZstdRawFrame(
        beginning: framing, byteCount: bytes.byteCount, trailerByteCount: trailerByteCount) == self
    else { return false }
    for number in 0..<blockCount {
      let start = preambleByteCount + number * Self.headerByteCount
      let header = Self.number(framing.extracting(start..<start + Self.headerByteCount))
      guard header == self.header(ofBlockAt: block(number).lowerBound) else { return false }
    }
    guard let checksum else { return true }
    var computed: UInt32 = 0
    forEachPart { part in
      guard part.upperBound <= storedByteCount - trailerByteCount else { return }
      computed = checksum.checksum(of: bytes.extracting(part), continuing: computed)
    }
    return bytes.littleEndianUInt32(at: bytes.byteCount - trailerByteCount) == computed
  }

  /// Puts bytes that were read apart in the order in which they are stored.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  func restored(_ bytes: RawSpan) throws(ChunkError) -> ByteArena {
    var arena = ByteArena()
    try arena.reserve(bytes.byteCount)
    var failure: ChunkError?
    forEachPart { part in
      do throws(ChunkError) {
        try arena.append(copying: bytes.extracting(part))
      } catch { failure = error }
    }
    if let failure { throw failure }
    return arena
  }
}

extension ZstdRawFrame {
  /// Hands a frame to a store part by part, as its content comes.
  struct Writer: ~Copyable {
    private let frame: ZstdRawFrame

    /// The bytes of content so far.
    private var offset = 0

    /// What continues over all parts, if a checksum follows.
    private let checksum: CRC32CCodec?
    private var computed: UInt32 = 0

    init(_ frame: ZstdRawFrame, _ checksum: CRC32CCodec?) {
      self.frame = frame
      self.checksum = checksum
    }

    /// Writes the next bytes of the content.
    ///
    /// - Throws: ``ChunkError/sourceChanged`` for more bytes than were announced, and what `append` throws.
    mutating func write(_ content: RawSpan, to append: (RawSpan) throws -> Void) throws {
      guard content.byteCount <= frame.contentByteCount - offset else { throw ChunkError.sourceChanged }
      var position = 0
      while position < content.byteCount {
        let written = offset % ZstdRawFrame.blockByteCount
        if written == 0 { try put(header.rawSpan, append) }
        let count = min(content.byteCount - position, ZstdRawFrame.blockByteCount - written)
        try put(content.extracting(position..<position + count), append)
        position += count
        offset += count
      }
    }

    /// Writes elements in wire form from where they are.
    ///
    /// - Throws: ``ChunkError/sourceChanged`` for other elements than were announced, and what `append` throws.
    mutating func write(
      _ elements: any BlobSource, in range: Range<Int>, maximumElementByteCount: Int,
      to append: (RawSpan) throws -> Void
    ) throws {
      try write(UInt32(range.count).littleEndianBytes.rawSpan, to: append)
      var count = 0
      _ = try elements.showElements(in: range) { element in
        guard element.byteCount <= maximumElementByteCount else { throw ChunkError.sourceChanged }
        try write(UInt32(element.byteCount).littleEndianBytes.rawSpan, to: append)
        try write(element, to: append)
        count += 1
      }
      guard count == range.count else { throw ChunkError.sourceChanged }
    }

    /// Writes what follows the content.
    ///
    /// - Throws: ``ChunkError/sourceChanged`` for fewer bytes than were announced, and what `append` throws.
    mutating func finish(_ append: (RawSpan) throws -> Void) throws {
      guard offset == frame.contentByteCount else { throw ChunkError.sourceChanged }
      guard checksum != nil else { return }
      try append(computed.littleEndianBytes.rawSpan)
    }

    private mutating func put(_ part: RawSpan, _ append: (RawSpan) throws -> Void) throws {
      if let checksum { computed = checksum.checksum(of: part, continuing: computed) }
      try append(part)
    }

    /// The header of the next block, after the preamble if it is the first.
    private var header: [UInt8] {
      let header = Array(frame.header(ofBlockAt: offset).littleEndianBytes.prefix(headerByteCount))
      guard offset == 0 else { return header }
      // A window of 128 KiB, which no reader refuses, and the size of the content in four or eight bytes.
      let isSmall = frame.preambleByteCount == 10
      let size = UInt64(frame.contentByteCount).littleEndianBytes.prefix(isSmall ? 4 : 8)
      return magic.littleEndianBytes + [isSmall ? 0x80 : 0xC0, 7 << 3] + size + header
    }
  }
}

extension FixedWidthInteger {
  /// The bytes, the least significant one first.
  fileprivate var littleEndianBytes: [UInt8] {
    (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) }
  }
}
