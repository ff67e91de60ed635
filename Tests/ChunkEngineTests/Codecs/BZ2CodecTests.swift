import ChunkEngine
import TestSupport
import Testing

@Suite("numcodecs.bz2")
struct BZ2CodecTests {
  @Test("What Python's bz2 writes is read, also nothing")
  func python() throws {
    // bz2.compress(b"abc", 1) and bz2.compress(b"")
    let stream: [UInt8] = [
      0x42, 0x5a, 0x68, 0x31, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x64, 0x8c, 0xbb, 0x73, 0x00, 0x00, 0x00,
      0x01, 0x00, 0x38, 0x00, 0x20, 0x00, 0x21, 0x98, 0x19, 0x84, 0x61, 0x77, 0x24, 0x53, 0x85, 0x09, 0x06,
      0x48, 0xcb, 0xb7, 0x30,
    ]
    let nothing: [UInt8] = [
      0x42, 0x5a, 0x68, 0x39, 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, 0x00, 0x00, 0x00, 0x00,
    ]
    #expect(try BZ2Codec().decoded(stream, limit: 3) == Array("abc".utf8))
    #expect(try BZ2Codec().decoded(nothing, limit: 0) == [])
    #expect(try BZ2Codec().decoded(nothing + stream + nothing + stream, limit: 6) == Array("abcabc".utf8))
    #expect(throws: ChunkError.self) { try BZ2Codec().decoded(stream + stream, limit: 5) }
    #expect(throws: ChunkError.self) { try BZ2Codec().decoded(stream + [0], limit: 100) }
    #expect(throws: ChunkError.self) { try BZ2Codec().decoded([], limit: 100) }
  }

  @Test("Every flipped bit of a small stream is an error, or one that counts for nothing")
  func flippedBits() throws {
    let text = Array("a rather short text".utf8)
    let stream = try BZ2Codec().encoded(text)
    for bit in 0..<stream.count * 8 {
      var damaged = stream
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      // The size of a block may be another, as may be tables that are not used and bits after the last.
      if let decoded = try? BZ2Codec().decoded(damaged, limit: 1 << 16) {
        #expect(decoded == text, "bit \(bit)")
      }
    }
  }

  @Test("An input that is too large for the library is refused before it sees it")
  func largestInput() throws {
    #expect(throws: ChunkError.self) { try BZ2Codec().maximumEncodedByteCount(of: Int(UInt32.max)) }
    #expect(try BZ2Codec().maximumEncodedByteCount(of: 4_000_000_000) <= Int(UInt32.max))
  }
}
