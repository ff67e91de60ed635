import ChunkEngine
import TestSupport
import Testing

@Suite("numcodecs.lzma")
struct LZMACodecTests {
  private static let text = Array("abcabcabcabcabcabcabcabc".utf8)

  private func decode(_ bytes: [UInt8], as codec: LZMACodec, limit: Int = 1 << 20) throws -> [UInt8] {
    try codec.decoded(bytes, limit: limit)
  }

  @Test("What Python's lzma writes is read")
  func python() throws {
    // lzma.compress(b"abc" * 8, format=FORMAT_ALONE, preset=0)
    let alone: [UInt8] = [
      0x5d, 0x00, 0x00, 0x04, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x30, 0x98, 0x88,
      0xaa, 0xed, 0xa0, 0x5d, 0x1e, 0xff, 0xff, 0xfd, 0xac, 0x10, 0x00,
    ]
    #expect(try decode(alone, as: LZMACodec(format: .alone)) == Self.text)
    // The same with FORMAT_RAW and {"id": FILTER_LZMA1, "preset": 0}: without the header of 13 bytes.
    var options = LZMAOptions()
    options.preset = 0
    let raw = LZMACodec(format: .raw, filters: [.lzma1(options)])
    #expect(try decode(Array(alone[13...]), as: raw) == Self.text)
  }

  @Test("Several .xz streams, also with padding between and behind, are one chunk")
  func streams() throws {
    let codec = LZMACodec(preset: 0)
    let (one, two) = (try codec.encoded([1, 2]), try codec.encoded([3]))
    #expect(try decode(one + two, as: codec, limit: 3) == [1, 2, 3])
    #expect(try decode(one + [0, 0, 0, 0] + two + [0, 0, 0, 0, 0, 0, 0, 0], as: codec) == [1, 2, 3])
    #expect(throws: ChunkError.self) { try decode(one + [0, 0] + two, as: codec) }
    #expect(throws: ChunkError.self) { try decode(one + two, as: codec, limit: 2) }
  }

  @Test("Bytes behind the end are an error", arguments: [LZMACodec.Format.alone, .raw])
  func trailingBytes(format: LZMACodec.Format) throws {
    let codec =
      format == .raw
      ? LZMACodec(format: .raw, filters: [.lzma2(LZMAOptions())]) : LZMACodec(format: .alone)
    #expect(throws: ChunkError.trailingBytes(codec: "numcodecs.lzma", byteCount: 2)) {
      try decode(codec.encoded(Self.text) + [0, 0], as: codec)
    }
  }

  @Test("A header that claims a huge window is refused before memory is taken")
  func window() throws {
    var alone = try LZMACodec(format: .alone).encoded(Self.text)
    // The size of the dictionary: 3 GiB.
    alone.replaceSubrange(1..<5, with: littleEndianBytes(UInt32(3) << 30))
    #expect(
      throws: ChunkError.unsupported(
        codec: "numcodecs.lzma", reason: "its window is larger than the limit")
    ) { try decode(alone, as: LZMACodec(format: .alone)) }
    var options = LZMAOptions()
    options.dictionaryByteCount = 1 << 30
    let raw = LZMACodec(format: .raw, filters: [.lzma2(options)])
    #expect(throws: ChunkError.self) { try decode([0], as: raw) }
    options.dictionaryByteCount = 1 << 16
    #expect(try decode([0], as: LZMACodec(format: .raw, filters: [.lzma2(options)])) == [])
  }

  @Test("A claimed size that lies is an error and takes no memory")
  func claimedSize() throws {
    var alone = try LZMACodec(format: .alone).encoded(Self.text)
    for claim in [0, 23, 25, 1 << 40, UInt64.max - 1] as [UInt64] {
      let bytes = (0..<8).map { UInt8(truncatingIfNeeded: claim >> (8 * UInt64($0))) }
      alone.replaceSubrange(5..<13, with: bytes)
      var arena = ByteArena()
      let decoder = try LZMACodec(format: .alone).makeDecoder()
      #expect(throws: ChunkError.self, "\(claim)") {
        try decoder.decode(alone.span.bytes, into: &arena, limit: 1 << 20)
      }
      let capacity = arena.capacity
      #expect(capacity <= 1 << 16)
    }
  }

  @Test("A bomb ends at the limit", arguments: [0, 1, 1000, 1 << 20])
  func bomb(limit: Int) throws {
    let zeros = [UInt8](repeating: 0, count: 8 << 20)
    for codec in [LZMACodec(preset: 0) as any BytesToBytesCodec, BZ2Codec(level: 9)] {
      let bomb = try codec.encoded(zeros)
      #expect(bomb.count < 10_000)
      var arena = ByteArena()
      var failure: ChunkError?
      do throws(ChunkError) {
        try codec.makeDecoder().decode(bomb.span.bytes, into: &arena, limit: limit)
      } catch {
        failure = error
      }
      let capacity = arena.capacity
      let name = type(of: codec).name
      #expect(failure == .decodedByteCountExceedsLimit(codec: name, byteCount: nil, limit: limit))
      #expect(capacity <= limit)
      #expect(try codec.decoded(bomb, limit: zeros.count).count == zeros.count)
    }
  }

  @Test("Settings that do not fit together are none")
  func validity() {
    let lzma1 = LZMAFilter.lzma1(LZMAOptions())
    let lzma2 = LZMAFilter.lzma2(LZMAOptions())
    var wrong = LZMAOptions()
    wrong.literalContextBits = 4
    wrong.literalPositionBits = 4
    let delta = LZMAFilter.delta(distance: 1)
    func isValid(_ format: LZMACodec.Format, preset: Int? = nil, _ filters: [LZMAFilter]?) -> Bool {
      LZMACodec.isValid(format: format, check: nil, preset: preset, filters: filters)
    }
    for filters in [[], [delta], [lzma2, delta], [lzma2, lzma2], [.lzma2(wrong)], [lzma1, lzma2]] {
      for format in LZMACodec.Format.allCases { #expect(!isValid(format, filters), "\(filters)") }
    }
    #expect(!isValid(.raw, Array(repeating: delta, count: 4) + [lzma2]))
    #expect(isValid(.raw, Array(repeating: delta, count: 3) + [lzma2]))
    #expect(!isValid(.raw, nil) && isValid(.raw, [lzma1]) && isValid(.raw, [lzma2]))
    #expect(isValid(.xz, [delta, lzma2]) && !isValid(.xz, [lzma1]) && !isValid(.xz, preset: 1, [lzma2]))
    #expect(isValid(.alone, [lzma1]) && !isValid(.alone, [lzma2]) && !isValid(.alone, [delta, lzma1]))
    #expect(!isValid(.xz, preset: 10, nil) && !isValid(.xz, preset: -1, nil) && isValid(.xz, preset: 9, nil))
    #expect(!LZMACodec.isValid(format: .alone, check: .crc32, preset: nil, filters: nil))
  }

  @Test("Settings that do not fit together are a programming error")
  func settings() async {
    await #expect(processExitsWith: .failure) { _ = LZMACodec(preset: 10) }
    await #expect(processExitsWith: .failure) { _ = LZMACodec(format: .raw) }
    await #expect(processExitsWith: .failure) { _ = BZ2Codec(level: 0) }
    await #expect(processExitsWith: .failure) { _ = ShuffleCodec(itemByteCount: 0) }
  }
}
