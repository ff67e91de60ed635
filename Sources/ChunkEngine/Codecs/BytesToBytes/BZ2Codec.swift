internal import CBzip2

/// Compresses chunks with bzip2.
///
/// See [numcodecs.bz2](https://numcodecs.readthedocs.io/en/stable/compression/bz2.html) and
/// [bzip2](https://sourceware.org/bzip2/). Several streams in a row are read as one. Bytes after the last
/// stream are an error here. numcodecs ignores them.
package struct BZ2Codec: BytesToBytesCodec, BytesEncoder, Hashable {
  package static var name: String { "numcodecs.bz2" }

  /// The levels of the codec: the size of a block in units of 100,000 bytes.
  package static var levels: ClosedRange<Int> { 1...9 }

  /// The compression level.
  package let level: Int

  /// Creates a codec.
  ///
  /// - Precondition: `level` is in ``levels``.
  package init(level: Int = 1) {
    precondition(Self.levels.contains(level), "bz2 has levels \(Self.levels), not \(level)")
    self.level = level
  }

  /// The largest input whose output the library can count.
  private static let maximumInputByteCount = Int(UInt32.max) / 102 * 100

  package func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int {
    guard byteCount <= Self.maximumInputByteCount else {
      throw .chunkTooLarge(byteCount: byteCount, limit: Self.maximumInputByteCount)
    }
    // The manual of libbz2: one percent and 600 bytes more than the input.
    return byteCount + byteCount / 100 + 601
  }

  package func makeDecoder() throws(ChunkError) -> any BytesDecoder {
    Decoder()
  }

  /// Encodes without state: libbz2 cannot reuse its memory.
  package func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
    try unsafe source.withUnsafeBytes { source throws(ChunkError) in
      try unsafe output.appendUnsafe { free throws(ChunkError) in
        var written = UInt32(clamping: free.count)
        var nothing: CChar = 0
        let status = unsafe withUnsafeMutablePointer(to: &nothing) { nothing in
          // SAFETY: libbz2 writes at most `written` bytes and keeps no pointer. It does not change its
          // input, though it takes a pointer that could, which must not be nil.
          unsafe BZ2_bzBuffToBuffCompress(
            free.baseAddress?.assumingMemoryBound(to: CChar.self), &written,
            UnsafeMutableRawPointer(mutating: source.baseAddress)?.assumingMemoryBound(to: CChar.self)
              ?? nothing, UInt32(source.count), Int32(level), 0, 0)
        }
        guard status == BZ_OK else {
          throw status == BZ_MEM_ERROR
            ? .outOfMemory(byteCount: 0)
            : .compressionFailed(codec: Self.name, reason: "error \(status)")
        }
        return Int(written)
      }
    }
  }

  /// Holds a decompressor, which libbz2 creates for each stream.
  @safe
  private final class Decoder: BytesDecoder {
    // libbz2 remembers this address.
    private let stream: UnsafeMutablePointer<bz_stream>

    init() {
      unsafe stream = .allocate(capacity: 1)
      unsafe stream.initialize(to: bz_stream())
    }

    deinit {
      unsafe stream.deallocate()
    }

    func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {
      var rest = source
      var free = limit
      repeat {
        let before = output.count
        let consumed = try decodeStream(rest, into: &output, free: free, limit: limit)
        free -= output.count - before
        rest = rest.extracting(consumed..<rest.byteCount)
      } while !rest.isEmpty
    }

    /// Decodes one stream, and returns how many bytes it has.
    private func decodeStream(
      _ source: RawSpan, into output: inout ByteArena, free: Int, limit: Int
    ) throws(ChunkError) -> Int {
      guard source.byteCount <= Int(UInt32.max) else {
        throw .storedByteCountExceedsLimit(byteCount: source.byteCount, limit: Int(UInt32.max))
      }
      unsafe stream.pointee = bz_stream()
      guard unsafe BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK else { throw .outOfMemory(byteCount: 0) }
      defer { unsafe BZ2_bzDecompressEnd(stream) }
      try unsafe source.withUnsafeBytes { source throws(ChunkError) in
        // SAFETY: libbz2 reads at most `avail_in` bytes during this call, and does not change them.
        unsafe stream.pointee.next_in =
          UnsafeMutableRawPointer(mutating: source.baseAddress)?.assumingMemoryBound(to: CChar.self)
        unsafe stream.pointee.avail_in = UInt32(source.count)
        try unsafe output.appendStream(
          codec: BZ2Codec.name, firstByteCount: source.count * 4, free: free, limit: limit
        ) { room throws(ChunkError) in
          // SAFETY: It writes at most `avail_out` bytes.
          let byteCount = UInt32(clamping: room.count)
          unsafe stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: CChar.self)
          unsafe stream.pointee.avail_out = byteCount
          let status = unsafe BZ2_bzDecompress(stream)
          guard status == BZ_OK || status == BZ_STREAM_END else {
            throw status == BZ_MEM_ERROR
              ? .outOfMemory(byteCount: 0)
              : .decompressionFailed(codec: BZ2Codec.name, reason: "the data is damaged")
          }
          let written = unsafe Int(byteCount - stream.pointee.avail_out)
          let canGoOn = unsafe stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0
          guard status == BZ_STREAM_END || canGoOn else {
            throw .decompressionFailed(codec: BZ2Codec.name, reason: "the data is cut short")
          }
          return (written, status == BZ_STREAM_END)
        }
      }
      return unsafe source.byteCount - Int(stream.pointee.avail_in)
    }
  }
}
