/// Puts a checksum in front of the bytes of a chunk.
///
///     ┌ u32 checksum ┬ bytes
struct LeadingChecksumCodec<Checksum: ChecksumCodec>: BytesToBytesCodec {
  static var name: String { Checksum.name }

  private let checksum: Checksum

  init(_ checksum: Checksum) {
    self.checksum = checksum
  }

  var addedByteCount: Int? { Checksum.byteCount }

  func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int {
    try sum(byteCount, Checksum.byteCount)
  }

  func makeEncoder() throws(ChunkError) -> any BytesEncoder {
    Encoder(checksum: checksum)
  }

  func makeDecoder() throws(ChunkError) -> any BytesDecoder {
    Decoder(checksum: checksum)
  }

  private final class Encoder: BytesEncoder {
    private let checksum: Checksum

    init(checksum: Checksum) {
      self.checksum = checksum
    }

    func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
      guard output.freeCapacity >= Checksum.byteCount + source.byteCount else {
        throw .compressionFailed(codec: Checksum.name, reason: "the output is full")
      }
      output.append(littleEndian: checksum.checksum(of: source))
      output.append(copying: source)
    }
  }

  private final class Decoder: BytesDecoder {
    private let checksum: Checksum

    init(checksum: Checksum) {
      self.checksum = checksum
    }

    func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {
      guard source.byteCount >= Checksum.byteCount else {
        throw .truncatedHeader(
          codec: Checksum.name, byteCount: source.byteCount, expected: Checksum.byteCount)
      }
      let bytes = source.extracting(Checksum.byteCount..<source.byteCount)
      guard bytes.byteCount <= limit else {
        throw .decodedByteCountExceedsLimit(codec: Checksum.name, byteCount: bytes.byteCount, limit: limit)
      }
      let stored = source.littleEndianUInt32(at: 0)
      let computed = checksum.checksum(of: bytes)
      guard stored == computed else {
        throw .checksumMismatch(codec: Checksum.name, stored: stored, computed: computed)
      }
      try output.append(copying: bytes)
    }
  }
}
