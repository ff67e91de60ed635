import CLZ4
import ChunkEngine

/// How the buffers of an Arrow message are compressed, each by itself.
///
///     buffer   | i64 size of the content, or -1 | frame, or the content if the size is -1 |
enum ArrowCompression: Int8 {
  case lz4 = 0
  case zstd = 1

  private static let headerByteCount = 8

  /// LZ4 makes at most 255 bytes of one.
  private static let maximumLZ4Ratio = 255

  /// Decompresses a buffer.
  ///
  /// Memory is taken for sizes that the compressed bytes can have.
  ///
  /// - Parameters:
  ///   - buffer: The buffer. Without bytes, it has no content either.
  ///   - limit: The most bytes of the content.
  /// - Returns: The content.
  /// - Throws: ``ChunkError`` for what is wrong with the buffer.
  func decompress(_ buffer: [UInt8], limit: Int) throws(ChunkError) -> [UInt8] {
    guard !buffer.isEmpty else { return [] }
    guard buffer.count >= Self.headerByteCount else {
      throw .truncatedHeader(codec: name, byteCount: buffer.count, expected: Self.headerByteCount)
    }
    let claimed = Int(
      truncatingIfNeeded: buffer[..<Self.headerByteCount].reversed().reduce(0 as UInt64) {
        $0 << 8 | UInt64($1)
      })
    let frame = buffer.rawSpan.extracting(Self.headerByteCount..<buffer.count)
    if claimed == -1 { return [UInt8](copying: frame) }
    guard claimed >= 0 else {
      throw .implausibleByteCount(codec: name, claimed: claimed, encoded: frame.byteCount)
    }
    guard claimed <= limit else {
      throw .decodedByteCountExceedsLimit(codec: name, byteCount: claimed, limit: limit)
    }
    let content = try self == .lz4 ? Self.decompressLZ4(frame, claimed) : Self.decompressZstd(frame, claimed)
    guard content.count == claimed else {
      throw .decodedByteCountMismatch(codec: name, claimed: claimed, decoded: content.count)
    }
    return content
  }

  private var name: String { "\(self)" }

  private static func decompressZstd(_ frame: RawSpan, _ byteCount: Int) throws(ChunkError) -> [UInt8] {
    var output = ByteArena()
    try ZstdCodec().makeDecoder().decode(frame, into: &output, limit: byteCount)
    return [UInt8](copying: output.bytes)
  }

  private static func decompressLZ4(_ frame: RawSpan, _ byteCount: Int) throws(ChunkError) -> [UInt8] {
    guard byteCount / maximumLZ4Ratio <= frame.byteCount else {
      throw .implausibleByteCount(codec: "lz4", claimed: byteCount, encoded: frame.byteCount)
    }
    var context: OpaquePointer?
    guard unsafe LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0 else {
      throw .outOfMemory(byteCount: 0)
    }
    defer { unsafe LZ4F_freeDecompressionContext(context) }
    var failure: ChunkError?
    // SAFETY: lz4 reads and writes only inside of the sizes that it is given, and returns them. The count is the number of
    // bytes that were written.
    let content = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { room, count in
      unsafe frame.withUnsafeBytes { frame in
        var (readCount, wanted) = (0, 1)
        while wanted > 0 {
          var (taken, written) = (frame.count - readCount, byteCount - count)
          wanted = unsafe LZ4F_decompress(
            context, room.baseAddress.map { unsafe $0 + count }, &written,
            frame.baseAddress.map { unsafe $0 + readCount }, &taken, nil)
          // A frame that ends early, or has more than it should, makes no progress in the end.
          guard LZ4F_isError(wanted) == 0, wanted == 0 || taken + written > 0 else {
            failure = .decompressionFailed(codec: "lz4", reason: "the frame is damaged")
            return
          }
          readCount += taken
          count += written
        }
      }
    }
    if let failure { throw failure }
    return content
  }
}
