import ChunkEngine
import TestSupport
import Testing

@Suite("Elements of a chunk in wire form, for codecs")
struct WireFormReaderTests {
  private func elements(of chunk: [UInt8], count: Int) throws -> [[UInt8]] {
    var reader = try WireFormReader(chunk.span.bytes, expectedCount: count, codec: "test")
    var elements: [[UInt8]] = []
    while let element = try reader.next() {
      elements.append(Array(copying: element))
      #expect(reader.index == elements.count)
    }
    return elements
  }

  @Test("Every element is shown", arguments: [[], [[]], [[1]], [[1, 2], [], [3]]] as [[[UInt8]]])
  func all(elements: [[UInt8]]) throws {
    #expect(try self.elements(of: referenceWireForm(elements), count: elements.count) == elements)
  }

  @Test("A chunk that is damaged is refused")
  func damaged() {
    let chunk = referenceWireForm([[1, 2], [], [3]])
    for count in chunk.indices {
      #expect(throws: ChunkError.self) { try elements(of: Array(chunk[..<count]), count: 3) }
    }
    #expect(throws: ChunkError.countMismatch(found: 3, expected: 2)) { try elements(of: chunk, count: 2) }
    #expect(throws: ChunkError.trailingBytes(codec: "test", byteCount: 1)) {
      try elements(of: chunk + [0], count: 3)
    }
    var overrun = chunk
    overrun[4] = 255
    #expect(throws: ChunkError.elementOverrun(index: 0, byteCount: 255, available: 11)) {
      try elements(of: overrun, count: 3)
    }
  }
}
