import ChunkEngine
import TestSupport
import Testing

/// Headers of the codecs other than zstd, of which `ZstdFrameTests` has more.
@Suite("Headers that lie")
struct LyingHeaderTests {
  /// Expects `codec` to refuse `encoded` with `error` before it takes memory.
  private func expect(
    _ codec: some BytesToBytesCodec, toRefuse encoded: [UInt8], limit: Int = 1 << 20, with error: ChunkError,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var arena = ByteArena()
    let decoder = try codec.makeDecoder()
    #expect(throws: error, sourceLocation: sourceLocation) {
      try decoder.decode(encoded.span.bytes, into: &arena, limit: limit)
    }
    let capacity = arena.capacity
    #expect(capacity == 0, sourceLocation: sourceLocation)
  }

  @Test("A header that is cut short is an error of its own", arguments: 0..<20)
  func truncatedHeaders(byteCount: Int) throws {
    let bytes = [UInt8](repeating: 0, count: byteCount)
    if byteCount < 5 {
      try expect(
        LZ4Codec(), toRefuse: bytes,
        with: .truncatedHeader(codec: "numcodecs.lz4", byteCount: byteCount, expected: 5))
    }
    if byteCount < 16 {
      try expect(
        BloscCodec(), toRefuse: bytes,
        with: .truncatedHeader(codec: "blosc", byteCount: byteCount, expected: 16))
    }
  }

  @Test("No bytes are no chunk for any compressor")
  func noBytes() throws {
    try expect(
      ZstdCodec(), toRefuse: [], with: .truncatedHeader(codec: "zstd", byteCount: 0, expected: 5))
    #expect(throws: ChunkError.self) { try GzipCodec().decoded([], limit: 10) }
    #expect(throws: ChunkError.self) { try ZlibCodec().decoded([], limit: 10) }
  }

  @Test("An LZ4 block says its size, and a lie is found")
  func lz4() throws {
    let name = "numcodecs.lz4"
    let block = try Array(LZ4Codec().encoded([1, 2, 3, 4, 5])[4...])
    func claiming(_ byteCount: UInt32) -> [UInt8] { littleEndianBytes(byteCount) + block }
    #expect(try LZ4Codec().decoded(claiming(5), limit: 5) == [1, 2, 3, 4, 5])
    try expect(
      LZ4Codec(), toRefuse: claiming(101), limit: 100,
      with: .decodedByteCountExceedsLimit(codec: name, byteCount: 101, limit: 100))
    try expect(
      LZ4Codec(), toRefuse: claiming(.max),
      with: .implausibleByteCount(codec: name, claimed: Int(UInt32.max), encoded: block.count))
    try expect(
      LZ4Codec(), toRefuse: claiming(1 << 20),
      with: .implausibleByteCount(codec: name, claimed: 1 << 20, encoded: block.count))
    #expect(throws: ChunkError.decodedByteCountMismatch(codec: name, claimed: 6, decoded: 5)) {
      try LZ4Codec().decoded(claiming(6), limit: 100)
    }
    #expect(throws: ChunkError.self) { try LZ4Codec().decoded(claiming(4), limit: 100) }
    #expect(throws: ChunkError.self) { try LZ4Codec().decoded(claiming(0), limit: 100) }
  }

  /// A Blosc frame of 5,000 bytes in blocks of 512 and items of 4, in which the number at `offset` is
  /// `value`.
  private func bloscFrame(_ offset: Int, _ value: UInt32) throws -> [UInt8] {
    let codec = BloscCodec(compressor: .lz4, shuffle: .byte, itemByteCount: 4, blockByteCount: 512)
    var frame = try codec.encoded([UInt8](repeating: 7, count: 5000))
    frame.replaceSubrange(offset..<offset + 4, with: littleEndianBytes(value))
    return frame
  }

  @Test("Blosc says its sizes, and lies are found")
  func blosc() throws {
    let frame = try bloscFrame(4, 5000)
    #expect(try BloscCodec().decoded(frame, limit: 5000) == [UInt8](repeating: 7, count: 5000))
    for claim in [.max, 1 << 31, 1 << 20 | 1] as [UInt32] {
      try expect(
        BloscCodec(), toRefuse: bloscFrame(4, claim),
        with: .decodedByteCountExceedsLimit(codec: "blosc", byteCount: Int(claim), limit: 1 << 20))
    }
    try expect(
      BloscCodec(), toRefuse: frame + [0], with: .trailingBytes(codec: "blosc", byteCount: 1))
    let lies: [(offset: Int, values: [UInt32])] = [
      (4, [0, 4999, 5001, 6000]), (8, [0, 1, 511, 513, .max]), (12, [0, 15, .max]), (16, [0, 1, .max]),
    ]
    for (offset, values) in lies {
      for value in values {
        let frame = try bloscFrame(offset, value)
        guard let decoded = try? BloscCodec().decoded(frame, limit: 1 << 20) else { continue }
        #expect(offset == 4 && decoded.count == Int(value), "\(value) at \(offset)")
      }
    }
  }

  @Test("A gzip or zlib bomb ends at the limit", arguments: [0, 1, 1000, 1 << 20])
  func deflateBombs(limit: Int) throws {
    let zeros = [UInt8](repeating: 0, count: 8 << 20)
    for codec in [GzipCodec(level: 9) as any BytesToBytesCodec, ZlibCodec(level: 9)] {
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
      #expect(
        failure == .decodedByteCountExceedsLimit(codec: type(of: codec).name, byteCount: nil, limit: limit))
      #expect(capacity <= limit)
      #expect(try codec.decoded(bomb, limit: zeros.count).count == zeros.count)
    }
  }

  @Test("Several gzip members are one chunk, within one limit")
  func gzipMembers() throws {
    let members =
      try GzipCodec().encoded([1, 2]) + GzipCodec().encoded([]) + GzipCodec(level: 0).encoded([3])
    #expect(try GzipCodec().decoded(members, limit: 3) == [1, 2, 3])
    #expect(throws: ChunkError.self) { try GzipCodec().decoded(members, limit: 2) }
    #expect(throws: ChunkError.self) { try GzipCodec().decoded(members + [1], limit: 3) }
    let large = try GzipCodec().encoded([UInt8](repeating: 1, count: 100_000))
    var arena = ByteArena()
    let decoder = try GzipCodec().makeDecoder()
    let three = large + large + large
    #expect(throws: ChunkError.self) {
      try decoder.decode(three.span.bytes, into: &arena, limit: 250_000)
    }
    let capacity = arena.capacity
    #expect(capacity <= 250_000)
  }

  @Test("Bytes behind a zlib stream are an error of its own")
  func zlibTrailingBytes() throws {
    let stream = try ZlibCodec().encoded([1, 2, 3])
    #expect(throws: ChunkError.trailingBytes(codec: "numcodecs.zlib", byteCount: 2)) {
      try ZlibCodec().decoded(stream + [0, 0], limit: 100)
    }
  }

  @Test("Sizes that a codec cannot take are refused before it sees them")
  func largestInputs() throws {
    #expect(throws: ChunkError.self) { try LZ4Codec().maximumEncodedByteCount(of: 0x7e00_0001) }
    #expect(try LZ4Codec().maximumEncodedByteCount(of: 0x7e00_0000) > 0x7e00_0000)
    #expect(throws: ChunkError.self) { try BloscCodec().maximumEncodedByteCount(of: Int(Int32.max) - 15) }
    #expect(try BloscCodec().maximumEncodedByteCount(of: Int(Int32.max) - 16) == Int(Int32.max))
  }

  @Test("Settings that a codec lacks are a programming error")
  func settings() async {
    await #expect(processExitsWith: .failure) { _ = GzipCodec(level: 10) }
    await #expect(processExitsWith: .failure) { _ = ZlibCodec(level: -1) }
    await #expect(processExitsWith: .failure) { _ = LZ4Codec(acceleration: 1 << 31) }
    await #expect(processExitsWith: .failure) { _ = BloscCodec(level: 10) }
    await #expect(processExitsWith: .failure) { _ = BloscCodec(itemByteCount: 0) }
    await #expect(processExitsWith: .failure) { _ = BloscCodec(itemByteCount: 256) }
    await #expect(processExitsWith: .failure) { _ = BloscCodec(blockByteCount: -1) }
  }
}
