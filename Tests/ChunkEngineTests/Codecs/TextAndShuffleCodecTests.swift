import ChunkEngine
import TestSupport
import Testing

@Suite("numcodecs.base64 and numcodecs.shuffle")
struct TextAndShuffleCodecTests {
  @Test(
    "Text is that of RFC 4648 and comes back",
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
      ("foobar", "Zm9vYmFy"),
    ])
  func base64(text: String, encoded: String) throws {
    let codec = Base64Codec()
    #expect(try codec.encoded(Array(text.utf8)) == Array(encoded.utf8))
    #expect(try codec.decoded(Array(encoded.utf8), limit: text.utf8.count) == Array(text.utf8))
    #expect(try codec.maximumEncodedByteCount(of: text.utf8.count) == encoded.utf8.count)
  }

  @Test("All bytes come back from text, within the limit")
  func base64Bytes() throws {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    for count in 0..<300 {
      let text = try Base64Codec().encoded(Array(bytes[..<count]))
      #expect(try Base64Codec().decoded(text, limit: count) == Array(bytes[..<count]))
      guard count > 0 else { continue }
      #expect(
        throws: ChunkError.decodedByteCountExceedsLimit(
          codec: "numcodecs.base64", byteCount: count, limit: count - 1)
      ) { try Base64Codec().decoded(text, limit: count - 1) }
    }
    let text = try Base64Codec().encoded(bytes)
    #expect(throws: ChunkError.self) { try Base64Codec().makeEncoder().encoded(bytes, bound: text.count - 1) }
  }

  @Test(
    "What is no base64 text is an error",
    arguments: [
      "Z", "Zg", "Zg=", "=", "==", "====", "Z===", "Zg==Zg==", "Zm8=Zm8=", "Zg=g", "Zm9 v", "Zm9v\n", "Zm9-",
      "Zm9_", "Zh==", "Zm9=", "Zm\u{0}v", "Zm9v=",
    ])
  func malformedBase64(text: String) throws {
    #expect(throws: ChunkError.self) { try Base64Codec().decoded(Array(text.utf8), limit: 100) }
  }

  @Test(
    "Shuffled bytes are those of numcodecs",
    arguments: [
      (1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), (2, [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]),
      (3, [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]), (4, [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]),
      (12, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    ] as [(Int, [UInt8])])
  func shuffle(itemByteCount: Int, shuffled: [UInt8]) throws {
    let codec = ShuffleCodec(itemByteCount: itemByteCount)
    #expect(try codec.encoded(Array(0..<12)) == shuffled)
    #expect(try codec.decoded(shuffled, limit: 12) == Array(0..<12))
    #expect(try codec.encoded([]) == [])
    #expect(try codec.decoded([], limit: 0) == [])
    #expect(throws: ChunkError.self) { try codec.decoded(shuffled, limit: 11) }
    #expect(throws: ChunkError.self) { try codec.makeEncoder().encoded(shuffled, bound: 11) }
  }

  @Test("Bytes that are no multiple of an item are an error, as in numcodecs", arguments: [1, 3, 5, 4095])
  func partialItem(byteCount: Int) throws {
    let codec = ShuffleCodec(itemByteCount: 4)
    let bytes = [UInt8](repeating: 0, count: byteCount)
    #expect(throws: ChunkError.self) { try codec.encoded(bytes) }
    #expect(throws: ChunkError.self) { try codec.decoded(bytes, limit: 1 << 20) }
  }
}
