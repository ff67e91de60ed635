import TestSupport
import Testing

@testable import ChunkEngine

@Suite("Wire form writer")
struct WireFormWriterTests {
  /// Runs `body` on a writer for `byteCount` bytes, and returns what was written.
  private func written(
    byteCount: Int, maximumElementByteCount: Int = 1000,
    _ body: (inout WireFormWriter) throws(ChunkError) -> Void
  ) throws -> [UInt8] {
    var arena = ByteArena()
    try arena.appendElements(
      byteCount: byteCount, maximumElementByteCount: maximumElementByteCount, writingWith: body)
    return Array(copying: arena.bytes)
  }

  /// Expects `body` to throw `error`.
  private func expect(_ error: ChunkError, _ body: () throws(ChunkError) -> Void) {
    do throws(ChunkError) {
      try body()
      Issue.record("nothing was thrown instead of \(error)")
    } catch let thrown {
      #expect(thrown == error)
    }
  }

  @Test("Elements fill memory to the last byte", arguments: 0...200)
  func exactlyFull(byteCount: Int) throws {
    var generator = SeededGenerator(seed: UInt64(byteCount))
    let elements = generator.elements(byteCounts: [byteCount, 0, byteCount, 1])
    let found = try written(byteCount: 2 * byteCount + 17) { writer throws(ChunkError) in
      for element in elements {
        try writer.append(element.span.bytes)
      }
      let (free, count) = (writer.freeByteCount, writer.count)
      #expect(free == 0 && count == 4)
    }
    #expect(found == Array(referenceWireForm(elements)[4...]))
  }

  @Test("An element that does not fit is refused and leaves the writer as it was", arguments: 0..<24)
  func refusal(byteCount: Int) throws {
    let large = [UInt8](repeating: 1, count: 20)
    let found = try written(byteCount: byteCount) { writer throws(ChunkError) in
      expect(.sourceChanged) { () throws(ChunkError) in try writer.append(large.span.bytes) }
      expect(.sourceChanged) { () throws(ChunkError) in
        try writer.append(byteCount: 20) { _ in Issue.record("the initializer was called") }
      }
      let (free, count) = (writer.freeByteCount, writer.count)
      #expect(free == byteCount && count == 0)
    }
    #expect(found == [])
  }

  @Test("An element above the limit is named")
  func elementLimit() throws {
    let large = [UInt8](repeating: 0, count: 6)
    let found = try written(byteCount: 100, maximumElementByteCount: 3) { writer throws(ChunkError) in
      try writer.append(bytes(1, 2, 3).span.bytes)
      expect(.elementTooLarge(index: 1, byteCount: 6, limit: 3)) { () throws(ChunkError) in
        try writer.append(large.span.bytes)
      }
      expect(.elementTooLarge(index: 1, byteCount: 5, limit: 3)) { () throws(ChunkError) in
        try writer.append(byteCount: 5) { _ in }
      }
      expect(.elementTooLarge(index: 1, byteCount: 6, limit: 3)) { () throws(ChunkError) in
        try writer.append(repeating: large.span.bytes, count: 2)
      }
    }
    #expect(found == [3, 0, 0, 0, 1, 2, 3])
  }

  @Test("An initializer that gives fewer bytes than announced is an error", arguments: 0..<4)
  func shortInitializers(given: Int) throws {
    let found = try written(byteCount: 100) { writer throws(ChunkError) in
      try writer.append(byteCount: 4) { output in output.append(littleEndian: 0x0403_0201) }
      expect(.sourceChanged) { () throws(ChunkError) in
        try writer.append(byteCount: 4) { output in
          for _ in 0..<given { output.append(9) }
        }
      }
    }
    #expect(found == [4, 0, 0, 0, 1, 2, 3, 4], "a failed element leaves the writer as it was")
  }

  @Test("An error of an initializer comes out")
  func failingInitializers() throws {
    let found = try written(byteCount: 100) { writer throws(ChunkError) in
      try writer.append(byteCount: 4) { output in output.append(littleEndian: 0x0403_0201) }
      expect(.cancelled) { () throws(ChunkError) in
        try writer.append(byteCount: 4) { output throws(ChunkError) in
          output.append(littleEndian: 0)
          throw .cancelled
        }
      }
    }
    #expect(found == [4, 0, 0, 0, 1, 2, 3, 4], "a failed element leaves the writer as it was")
  }

  @Test("Sizes that the format cannot count are refused before memory is taken")
  func formatLimits() throws {
    #expect(try WireForm.elementsByteCount(count: 3, payloadByteCount: 10) == 22)
    #expect(try WireForm.elementsByteCount(count: 1 << 32 - 1, payloadByteCount: 0) == 4 * (1 << 32 - 1))
    #expect(throws: ChunkError.tooManyElements(count: 1 << 32)) {
      try WireForm.elementsByteCount(count: 1 << 32, payloadByteCount: 0)
    }
    #expect(throws: ChunkError.self) { try WireForm.elementsByteCount(count: 1, payloadByteCount: .max) }
    #expect(throws: ChunkError.self) { try WireForm.elementsByteCount(count: 1, payloadByteCount: .max - 4) }
  }

  @Test("No limit is above what the format can hold")
  func largestLimit() throws {
    _ = try written(byteCount: 0, maximumElementByteCount: .max) { writer in
      let limit = writer.maximumElementByteCount
      #expect(limit == Int(UInt32.max))
    }
  }
}
