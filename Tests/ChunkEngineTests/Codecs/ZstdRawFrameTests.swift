import ChunkEngine
import TestSupport
import Testing

@Suite("zstd frames of what cannot be compressed")
struct ZstdRawFrameTests {
  @Test(
    "Random bytes are stored as they are, in blocks that libzstd reads",
    arguments: [131_072, 131_073, 262_143, 262_144, 262_145, 1_000_000])
  func random(byteCount: Int) throws {
    var generator = SeededGenerator(seed: UInt64(byteCount))
    let bytes = generator.bytes(count: byteCount)
    let encoded = try ZstdCodec().encoded(bytes)
    let blockCount = (byteCount + ZstdFrame.blockByteCount - 1) / ZstdFrame.blockByteCount
    // Magic number, descriptor, window and a size of four bytes; see RFC 8878, section 3.1.1.1.
    #expect(encoded.count == 10 + 3 * blockCount + byteCount)
    #expect(Array(encoded[13...].prefix(1000)) == Array(bytes.prefix(1000)))
    #expect(try ZstdCodec().decoded(encoded, limit: byteCount) == bytes)
  }

  @Test(
    "Few random bytes, and those with a checksum, are read too", arguments: [0, 1, 1000, 131_071, 300_000])
  func otherwise(byteCount: Int) throws {
    var generator = SeededGenerator(seed: 7)
    let bytes = generator.bytes(count: byteCount)
    for codec in [ZstdCodec(), ZstdCodec(level: 19), ZstdCodec(hasChecksum: true)] {
      #expect(try codec.decoded(codec.encoded(bytes), limit: byteCount) == bytes)
    }
  }

  /// Bytes that a compressor makes fewer, but not everywhere or not by their values.
  private static let samples: [(String, @Sendable (inout SeededGenerator) -> [UInt8])] = [
    ("zeros", { _ in [UInt8](repeating: 0, count: 1 << 20) }),
    ("seven bits", { $0.bytes(count: 1 << 20).map { $0 & 0x7F } }),
    (
      "one frequent byte",
      { $0.bytes(count: 1 << 20).enumerated().map { $0.offset.isMultiple(of: 4) ? 0 : $0.element } }
    ),
    (
      "a period of 64 KiB",
      { generator in
        let once = generator.bytes(count: 1 << 16)
        return (0..<16).flatMap { _ in once }
      }
    ),
    (
      "the same twice",
      { generator in
        let once = generator.bytes(count: 200_001)
        return once + once
      }
    ),
    (
      "a half of text",
      { generator in
        generator.bytes(count: 400_000) + Array(String(repeating: "some words ", count: 40_000).utf8)
      }
    ),
    (
      "runs of zeros",
      { generator in
        (0..<64).flatMap { _ in generator.bytes(count: 8192) + [UInt8](repeating: 0, count: 8192) }
      }
    ),
  ]

  @Test("Bytes that can be compressed are", arguments: 0..<7)
  func compressible(index: Int) throws {
    let (name, make) = Self.samples[index]
    var generator = SeededGenerator(seed: 11)
    let bytes = make(&generator)
    let encoded = try ZstdCodec().encoded(bytes)
    // A frame with a checksum is always libzstd's, and has four bytes more.
    let reference = try ZstdCodec(hasChecksum: true).encoded(bytes).count - 4
    #expect(encoded.count == reference, "\(name)")
    #expect(try ZstdCodec().decoded(encoded, limit: bytes.count) == bytes, "\(name)")
  }
}
