import ChunkEngine
import TestSupport
import Testing

@Suite("Chunk encoder")
struct ChunkEncoderTests {
  /// A source that announces other than it gives.
  private struct LyingSource: BlobSource {
    let announced: Int
    let count: Int
    let elements: [[UInt8]]

    func byteCount(of range: Range<Int>) throws(ChunkError) -> Int { announced }

    func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
      for element in elements {
        try writer.append(element.span.bytes)
      }
    }
  }

  @Test(
    "A source that gives other than it announced is an error",
    arguments: [
      (4, 2, [[1, 2], [3]]), (2, 2, [[1, 2], [3]]), (0, 2, [[1, 2], [3]]), (3, 2, [[1, 2, 3]]),
      (3, 3, [[1, 2], [3]]), (3, 1, [[1, 2], [3]]), (7, 2, [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]]), (0, 2, []),
      (1 << 20, 1, [[1]]), (4, 1, [[], []]),
    ] as [(Int, Int, [[UInt8]])])
  func lyingSource(announced: Int, count: Int, elements: [[UInt8]]) throws {
    var encoder = try ChunkEncoder(CodecChain(VlenBytesCodec(), stages: [.transform(ZstdCodec())]))
    let source = LyingSource(announced: announced, count: count, elements: elements)
    #expect(throws: ChunkError.sourceChanged) {
      _ = try encoder.encode(source, in: 0..<count) { _ in
        Issue.record("the chunk was encoded")
      }
    }
    // The encoder works on after an error.
    let honest = LyingSource(announced: 3, count: 2, elements: [[1, 2], [3]])
    var byteCount = 0
    _ = try encoder.encode(honest) { byteCount = $0.byteCount }
    #expect(byteCount > 0)
  }

  @Test("Sizes that add up to more than there is are an error, and nothing is allocated")
  func impossibleSizes() throws {
    let chain = CodecChain(VlenBytesCodec())
    let huge = LyingSource(announced: .max - 8, count: 1, elements: [])
    #expect(throws: ChunkError.self) { try chain.encoded(huge) }
    #expect(throws: ChunkError.chunkTooLarge(byteCount: .max, limit: .max)) { try chain.encoded(huge, huge) }
    let negative = LyingSource(announced: -100, count: 1, elements: [[1]])
    #expect(throws: ChunkError.self) { try chain.encoded(negative) }
  }

  @Test("An element above the limit is named by its index in the chunk")
  func elementLimit() throws {
    let chain = CodecChain(VlenBytesCodec())
    let elements: [[UInt8]] = [[1], [1, 2, 3], [1, 2, 3, 4]]
    #expect(try chain.encoded(elements, maximumElementByteCount: 4) != nil)
    let error = ChunkError.elementTooLarge(index: 3, byteCount: 4, limit: 3)
    let sources: [any BlobSource] = [
      elements, elements.map { $0[...] }, try blobBatch(of: elements), try blobView(of: elements),
      JoinedBlobs([elements]),
      GeneratedBlobs(count: 3, byteCount: { elements[$0].count }) { index, output in
        let element = elements[index]
        output.append(copying: element.span.bytes)
      },
    ]
    for source in sources {
      #expect(throws: error, "\(type(of: source))") {
        try chain.encoded(RepeatedBlob([7], count: 1), source, maximumElementByteCount: 3)
      }
    }
    #expect(throws: ChunkError.elementTooLarge(index: 0, byteCount: 4, limit: 3)) {
      try chain.encoded(RepeatedBlob([1, 2, 3, 4], count: 2), maximumElementByteCount: 3)
    }
  }

  @Test("Bytes that are to be text are validated")
  func text() throws {
    let chain = CodecChain(VlenUTF8Codec(), stages: [.checksum(CRC32CCodec())])
    let text = ["", "ä", "日本", "\0", "😀"].map { Array($0.utf8) }
    let stored = try #require(try chain.encoded(text))
    #expect(try chain.decoded(stored, count: 5).strings() == ["", "ä", "日本", "\0", "😀"])
    #expect(throws: ChunkError.invalidUTF8(index: 5)) { try chain.encoded(text, [[0xff]] as [[UInt8]]) }
    #expect(throws: ChunkError.invalidUTF8(index: 0)) { try chain.encoded([[0xc3], [0xa9]] as [[UInt8]]) }
    var arena = ByteArena()
    try arena.append(copying: referenceWireForm([[0x61], [0x80]]).span.bytes)
    var encoder = try ChunkEncoder(chain)
    #expect(throws: ChunkError.invalidUTF8(index: 1)) {
      _ = try encoder.encode(&arena, unlessAllEqual: nil) { _ in }
    }
    // Bytes that stay bytes are not.
    #expect(try CodecChain(VlenBytesCodec()).encoded([[0xff]] as [[UInt8]]) != nil)
  }

  @Test("An error of the closure that takes the chunk is thrown")
  func failingStore() throws {
    struct StoreError: Error {}
    var encoder = try ChunkEncoder(CodecChain(VlenBytesCodec()))
    #expect(throws: StoreError.self) {
      _ = try encoder.encode([[1]] as [[UInt8]]) { _ in
        throw StoreError()
      }
    }
  }
}
