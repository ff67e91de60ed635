import ChunkEngine
import TestSupport
import Testing

@Suite("zstd frames")
struct ZstdFrameTests {
  /// What decoding gave, and how much memory it took.
  private struct Outcome {
    var decoded: [UInt8] = []
    var error: ChunkError?
    var capacity = 0
  }

  private func decode(_ frames: [UInt8], limit: Int) throws -> Outcome {
    var arena = ByteArena()
    var outcome = Outcome()
    do throws(ChunkError) {
      try ZstdCodec().makeDecoder().decode(frames.span.bytes, into: &arena, limit: limit)
      outcome.decoded = Array(copying: arena.bytes)
    } catch {
      outcome.error = error
    }
    outcome.capacity = arena.capacity
    return outcome
  }

  @Test("Frames with and without a content size, in a row and between skippable ones, are read")
  func mixedFrames() throws {
    let frames: [[UInt8]] = [
      ZstdFrame.skippable([1, 2, 3]), ZstdFrame.raw([1, 2], claiming: 2), ZstdFrame.raw([3], claiming: nil),
      ZstdFrame.skippable([], number: 15), try ZstdCodec(hasChecksum: true).encoded([4, 5]),
      ZstdFrame.raw([], claiming: nil), ZstdFrame.raw([], claiming: 0), ZstdFrame.raw([6], claiming: nil),
    ]
    let outcome = try decode(frames.flatMap { $0 }, limit: 6)
    #expect(outcome.decoded == [1, 2, 3, 4, 5, 6] && outcome.error == nil)
    #expect(try decode(frames.flatMap { $0 }, limit: 5).error != nil)
    for count in frames.indices {
      #expect(try decode(frames[..<count].flatMap { $0 } + [1, 2, 3, 4], limit: 6).error != nil)
    }
  }

  @Test("Skippable frames alone are an empty chunk")
  func onlySkippable() throws {
    let outcome = try decode(ZstdFrame.skippable([1, 2, 3]), limit: 0)
    #expect(outcome.decoded == [] && outcome.error == nil)
    #expect(try decode(ZstdFrame.skippable([1, 2, 3]).dropLast(), limit: 10).error != nil)
  }

  @Test("A content size that lies is an error", arguments: [0, 1, 4, 6, 100, 131_072, 262_144])
  func smallLies(claim: UInt64) throws {
    let outcome = try decode(ZstdFrame.raw([1, 2, 3, 4, 5], claiming: claim), limit: 1 << 20)
    #expect(outcome.error != nil)
    #expect(outcome.capacity <= 1 << 20)
  }

  @Test(
    "A content size above the limit takes no memory",
    arguments: [(1 << 20) + 1, 1 << 40, 1 << 62, (1 << 63) - 1, 1 << 63, .max - 2] as [UInt64])
  func largeLies(claim: UInt64) throws {
    let frame = ZstdFrame.raw([1, 2, 3, 4, 5], claiming: claim)
    let claimed = Int(clamping: claim)
    // It is more than so few bytes can become, so that no limit makes it right.
    for limit in [1 << 20, .max] {
      let outcome = try decode(frame, limit: limit)
      #expect(
        outcome.error == .implausibleByteCount(codec: "zstd", claimed: claimed, encoded: frame.count))
      #expect(outcome.capacity == 0)
    }
  }

  @Test("A content size above the limit that the bytes can give takes no memory")
  func plausibleClaims() throws {
    let frame = try ZstdCodec().encoded([UInt8](repeating: 0, count: 100_000))
    let outcome = try decode(frame, limit: 99_999)
    #expect(
      outcome.error == .decodedByteCountExceedsLimit(codec: "zstd", byteCount: 100_000, limit: 99_999))
    #expect(outcome.capacity == 0)
  }

  @Test("The two content sizes that stand for none are no sizes", arguments: [.max, .max - 1] as [UInt64])
  func reservedSizes(claim: UInt64) throws {
    let outcome = try decode(ZstdFrame.raw([1, 2, 3, 4, 5], claiming: claim), limit: 100)
    #expect(outcome.error != nil || outcome.decoded == [1, 2, 3, 4, 5])
    #expect(outcome.capacity <= 101)
  }

  @Test("Blocks of one repeated byte are not implausible")
  func highRatio() throws {
    let byteCount = 20 * ZstdFrame.blockByteCount
    for claim in [UInt64(byteCount), nil] {
      let outcome = try decode(ZstdFrame.zeros(blockCount: 20, claiming: claim), limit: byteCount)
      #expect(outcome.error == nil)
      #expect(outcome.decoded == [UInt8](repeating: 0, count: byteCount))
    }
  }

  @Test(
    "A bomb without a content size ends at the limit",
    arguments: [0, 1, 1000, 131_072, 131_073, 1 << 20, 3_000_000])
  func bomb(limit: Int) throws {
    let outcome = try decode(ZstdFrame.zeros(blockCount: 1000, claiming: nil), limit: limit)
    #expect(outcome.error == .decodedByteCountExceedsLimit(codec: "zstd", byteCount: nil, limit: limit))
    // One byte tells that there is more.
    #expect(outcome.capacity <= limit + 1)
  }

  @Test("The largest limit is one too", arguments: [.max, .max - 1] as [Int])
  func largestLimit(limit: Int) throws {
    let outcome = try decode(
      ZstdFrame.raw([1, 2], claiming: nil) + ZstdFrame.raw([3], claiming: 1), limit: limit)
    #expect(outcome.decoded == [1, 2, 3] && outcome.error == nil)
    for codec in [GzipCodec() as any BytesToBytesCodec, ZlibCodec(), LZ4Codec(), BloscCodec()] {
      #expect(try codec.decoded(codec.encoded([1, 2, 3]), limit: limit) == [1, 2, 3])
    }
  }

  @Test("Many frames end at the limit together")
  func manyFrames() throws {
    let one = ZstdFrame.zeros(blockCount: 1, claiming: UInt64(ZstdFrame.blockByteCount))
    var frames: [UInt8] = []
    for _ in 0..<100 {
      frames += one
    }
    for limit in [5 * ZstdFrame.blockByteCount, 8 * ZstdFrame.blockByteCount - 1] {
      let outcome = try decode(frames, limit: limit)
      #expect(
        outcome.error
          == .decodedByteCountExceedsLimit(codec: "zstd", byteCount: ZstdFrame.blockByteCount, limit: limit))
      #expect(outcome.capacity <= limit)
    }
  }

  @Test("A damaged checksum is an error")
  func checksum() throws {
    var frame = try ZstdCodec(hasChecksum: true).encoded([1, 2, 3])
    frame[frame.count - 1] ^= 1
    #expect(throws: ChunkError.self) { try ZstdCodec().decoded(frame, limit: 100) }
  }

  @Test("A frame says how large its content is", arguments: [1, 255, 256, 65_791, 65_792, 300_000])
  func contentSize(byteCount: Int) throws {
    let frame = try ZstdCodec().encoded([UInt8](repeating: 0, count: byteCount))
    // RFC 8878, 3.1.1.1: the flags give the width of the field, which a window byte may precede.
    let descriptor = frame[4]
    let isSingleSegment = descriptor & 0x20 != 0
    let width = [isSingleSegment ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
    let start = isSingleSegment ? 5 : 6
    let stored = frame[start..<start + width].reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect(width > 0 && stored + (width == 2 ? 256 : 0) == byteCount)
  }

  @Test("A level that zstd lacks is a programming error")
  func unsupportedLevel() async {
    await #expect(processExitsWith: .failure) { _ = ZstdCodec(level: 100) }
  }
}
