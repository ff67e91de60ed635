import TestSupport
import Testing

@testable import ChunkEngine

@Suite("Reading spans")
struct RawSpanReadingTests {
  /// Whether spans over `left` and `right` say that they are equal, asked from both sides.
  private func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool? {
    let isEqual = left.span.bytes.isEqual(to: right.span.bytes)
    return right.span.bytes.isEqual(to: left.span.bytes) == isEqual ? isEqual : nil
  }

  @Test("Spans are equal when their sizes and their bytes are", arguments: [0, 1, 7, 64, 1000])
  func equality(byteCount: Int) {
    var generator = SeededGenerator(seed: 2)
    let bytes = generator.bytes(count: byteCount)
    #expect(areEqual(bytes, bytes + []) == true)
    #expect(areEqual(bytes, bytes + [0]) == false)
    for index in stride(from: 0, to: byteCount, by: max(1, byteCount / 10)) {
      var other = bytes
      other[index] ^= 1
      #expect(areEqual(bytes, other) == false)
    }
  }

  @Test("Numbers are read at any offset")
  func numbers() {
    let bytes: [UInt8] = [0, 1, 2, 3, 4, 0xff]
    let span = bytes.span.bytes
    let numbers = [span.littleEndianUInt32(at: 1), span.littleEndianUInt32(at: 2), UInt32(span.byte(at: 5))]
    #expect(numbers == [0x0403_0201, 0xff04_0302, 0xff])
  }
}
