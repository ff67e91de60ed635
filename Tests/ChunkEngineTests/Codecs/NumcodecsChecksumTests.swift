import ChunkEngine
import TestSupport
import Testing

@Suite("Checksums of numcodecs")
struct NumcodecsChecksumTests {
  private static let inputs = ["a", "ab", "abc", "abcd", "123456789", "Four score and seven years ago"]

  /// What numcodecs 0.16.6 stores for the inputs.
  private static let vectors: [(codec: any ChecksumCodec, checksums: [UInt32])] = [
    (CRC32Codec(), [0xe8b7_be43, 0x9e83_486d, 0x3524_41c2, 0xed82_cd11, 0xcbf4_3926, 0x3cfe_93b8]),
    (
      NumcodecsCRC32CCodec(),
      [0xc1d0_4330, 0xe2a2_2936, 0x364b_3fb7, 0x92c8_0a31, 0xe306_9283, 0xa3e9_8c0d]
    ),
    (Adler32Codec(), [0x0062_0062, 0x0126_00c4, 0x024d_0127, 0x03d8_018b, 0x091e_01de, 0xaa6d_0b08]),
    (Fletcher32Codec(), [0x6100_6100, 0x6162_6162, 0x25c5_c462, 0x2629_c4c6, 0x09df_09d5, 0x4d63_ac65]),
    (JenkinsLookup3Codec(), [0x58d6_8708, 0xfbb3_a8df, 0x0e39_7631, 0xb5f4_889c, 0x845d_9a96, 0x1777_0551]),
    (
      JenkinsLookup3Codec(initialValue: 0xdead_beef),
      [0xdd24_f4fb, 0xa9ee_faac, 0x1102_55fd, 0x6598_132e, 0x9c62_933e, 0x7ed6_f46a]
    ),
    (
      JenkinsLookup3Codec(prefix: Array("ab".utf8)),
      [0x17f6_b500, 0x48b5_801b, 0x66be_b1db, 0x84ba_e0eb, 0xc1e8_f879, 0x74a5_3394]
    ),
  ]

  @Test("Checksums are those of numcodecs", arguments: vectors.indices)
  func published(index: Int) {
    let (codec, checksums) = Self.vectors[index]
    for (input, checksum) in zip(Self.inputs, checksums) {
      let bytes = Array(input.utf8)
      #expect(codec.checksum(of: bytes.span.bytes) == checksum, "\(type(of: codec)) of \(input)")
    }
  }

  @Test("Every number of bytes in the last block of lookup3 counts")
  func lookup3Tails() {
    // JenkinsLookup3(initval=7) of 1, 1 2, … 1 2 … 13
    let checksums: [UInt32] = [
      0x5543_253f, 0xacc5_d8fa, 0xd5cc_1e8c, 0x162a_259c, 0x692d_60c1, 0x5f7d_e53d, 0x50af_b07d, 0xe976_a356,
      0x627b_b05b, 0xa40e_c602, 0x2cca_065d, 0x6268_adb9, 0x7f2a_0b31,
    ]
    for count in 1...13 {
      let bytes = Array(1...UInt8(count))
      #expect(
        JenkinsLookup3Codec(initialValue: 7).checksum(of: bytes.span.bytes) == checksums[count - 1],
        "\(count) bytes")
    }
  }

  @Test("Nothing has a checksum too")
  func nothing() {
    let nothing: [UInt8] = []
    #expect(CRC32Codec().checksum(of: nothing.span.bytes) == 0)
    #expect(Adler32Codec().checksum(of: nothing.span.bytes) == 1)
    #expect(Fletcher32Codec().checksum(of: nothing.span.bytes) == 0)
    #expect(JenkinsLookup3Codec().checksum(of: nothing.span.bytes) == 0xdead_beef)
    #expect(JenkinsLookup3Codec(initialValue: 0xdead_beef).checksum(of: nothing.span.bytes) == 0xbd5b_7dde)
  }

  @Test("Fletcher's sums do not overflow, and a sum of ones stays ones")
  func fletcherOverflow() {
    let checksum = Fletcher32Codec()
    let ones = [UInt8](repeating: 0xff, count: 1001)
    #expect(checksum.checksum(of: ones.span.bytes) == 0xff00_ff00)
    let even = [UInt8](repeating: 0xff, count: 1000)
    #expect(checksum.checksum(of: even.span.bytes) == 0xffff_ffff)
    let zeros = [UInt8](repeating: 0, count: 1001)
    #expect(checksum.checksum(of: zeros.span.bytes) == 0)
    let all = (0..<256_000).map { UInt8(truncatingIfNeeded: $0) }
    #expect(checksum.checksum(of: all.span.bytes) == 0x5fc8_f906)
  }

  @Test("A checksum stands where its settings say")
  func location() throws {
    let bytes = Array("123456789".utf8)
    func stored(_ codec: any ChecksumCodec) throws -> [UInt8] {
      try CodecChain(VlenBytesCodec(), stages: [.checksum(codec)]).encodedAsIs(bytes)
    }
    let crc: [UInt8] = [0x26, 0x39, 0xf4, 0xcb]
    #expect(try stored(CRC32Codec()) == crc + bytes)
    #expect(try stored(CRC32Codec(location: .end)) == bytes + crc)
    let adler: [UInt8] = [0xde, 0x01, 0x1e, 0x09]
    #expect(try stored(Adler32Codec()) == adler + bytes)
    #expect(try stored(Adler32Codec(location: .end)) == bytes + adler)
    let castagnoli: [UInt8] = [0x83, 0x92, 0x06, 0xe3]
    #expect(try stored(NumcodecsCRC32CCodec(location: .start)) == castagnoli + bytes)
    #expect(try stored(NumcodecsCRC32CCodec()) == bytes + castagnoli)
  }

  @Test("A checksum in front is verified, held against the limit, and no bytes are too few")
  func leading() throws {
    let elements: [[UInt8]] = [[1, 2, 3], []]
    let chain = CodecChain(VlenBytesCodec(), stages: [.checksum(CRC32Codec())])
    let stored = try #require(try chain.encoded(elements))
    #expect(try chain.decoded(stored, count: 2).arrays() == elements)
    for index in stored.indices {
      var damaged = stored
      damaged[index] ^= 0x80
      #expect(throws: ChunkError.self) { try chain.decoded(damaged, count: 2) }
    }
    for count in 0..<4 {
      #expect(
        throws: ChunkError.truncatedHeader(codec: "numcodecs.crc32", byteCount: count, expected: 4)
      ) { try chain.decoded(Array(stored[..<count]), count: 2) }
    }
    let limits = DecodingLimits(decodedByteCountPerChunk: stored.count - 5)
    #expect(
      throws: ChunkError.decodedByteCountExceedsLimit(
        codec: "numcodecs.crc32", byteCount: stored.count - 4, limit: stored.count - 5)
    ) { try chain.decoded(stored, count: 2, limits: limits) }
  }

  @Test("Fletcher's sum of an odd number of bytes has two forms: both are read, that of numcodecs is written")
  func fletcherForms() throws {
    let elements: [[UInt8]] = [[1, 2, 3]]
    let chain = CodecChain(VlenBytesCodec(), stages: [.checksum(Fletcher32Codec())])
    let content: [UInt8] = [1, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3]
    // The words are 0x0100, 0, 0x0300, 0, 0x0102; numcodecs adds 0x0300, and zarrs leaves the last byte out.
    let numcodecs: [UInt8] = [0x02, 0x08, 0x04, 0x17]
    let zarrs: [UInt8] = [0x02, 0x05, 0x02, 0x0F]
    #expect(try chain.encoded(elements) == content + numcodecs)
    for checksum in [numcodecs, zarrs] {
      #expect(try chain.decoded(content + checksum, count: 1).arrays() == elements)
    }
    #expect(throws: ChunkError.self) { try chain.decoded(content + [0x02, 0x05, 0x02, 0x11], count: 1) }
    // Of an even number of bytes there is one.
    let even: [[UInt8]] = [[1, 2, 3, 4]]
    var stored = try #require(try chain.encoded(even))
    stored.replaceSubrange(stored.count - 4..<stored.count, with: [0x02, 0x05, 0x02, 0x10])
    #expect(throws: ChunkError.self) { try chain.decoded(stored, count: 1) }
  }
}
