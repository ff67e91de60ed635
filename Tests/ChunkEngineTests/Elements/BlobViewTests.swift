import ChunkEngine
import TestSupport
import Testing

@Suite("Blob views")
struct BlobViewTests {
  @Test("A view shows the elements of its chunk", arguments: ElementSample.all)
  func contents(sample: ElementSample) throws {
    let view = try blobView(of: sample.elements)
    #expect(view.count == sample.elements.count)
    #expect(view.isEmpty == sample.elements.isEmpty)
    #expect(view.indices == sample.elements.indices)
    #expect(view.arrays() == sample.elements)
    for index in view.indices {
      #expect([UInt8](view[index]) == view.bytes(at: index))
    }
    let total = view.blobs.byteCount
    #expect(total == sample.elements.reduce(0) { $0 + $1.count })
  }

  @Test("A view compacts to a batch", arguments: ElementSample.all)
  func compaction(sample: ElementSample) throws {
    try expectCompaction(of: sample.elements)
  }

  @Test(
    "Blocks of elements are compacted side by side without touching each other",
    arguments: [0, 1, 7, 31, 63, 64, 65, 128, 256, 257])
  func blocksOfOneSize(byteCount: Int) throws {
    var generator = SeededGenerator(seed: UInt64(byteCount))
    let count = 3 * 16_384 + 1
    let all = generator.bytes(count: count * byteCount)
    try expectCompaction(of: (0..<count).map { Array(all[$0 * byteCount..<($0 + 1) * byteCount]) })
  }

  @Test("Blocks of elements of many sizes are compacted", arguments: [16_384, 16_385, 70_000])
  func blocksOfManySizes(count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count))
    try expectCompaction(of: generator.elements(count: count, byteCounts: 0...300))
  }

  /// Expects the view of `elements` to become one buffer with offsets.
  private func expectCompaction(of elements: [[UInt8]]) throws {
    let batch = try blobView(of: elements).compacted()
    var payload: [UInt8] = []
    var offsets: [Int64] = [0]
    for element in elements {
      payload += element
      offsets.append(Int64(payload.count))
    }
    let isEqual = batch.bytes.isEqual(to: payload.span.bytes)
    #expect(isEqual)
    #expect(batch.count == elements.count)
    #expect(batch.offsets.withUnsafeBufferPointer { Array($0) } == offsets)
  }

  @Test("Elements become text when they are well-formed UTF-8")
  func text() throws {
    let texts = ["", "a", "é", "日本語", "😀", "\0", "e\u{301}", String(repeating: "ä", count: 1000)]
    let view = try blobView(of: texts.map { Array($0.utf8) })
    #expect(try view.strings().map { Array($0.utf8) } == texts.map { Array($0.utf8) })
    #expect(try view.string(at: 4) == "😀")
  }

  @Test(
    "The first element that is not text is named",
    arguments: [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0x61, 0x80]] as [[UInt8]])
  func invalidText(element: [UInt8]) throws {
    let view = try blobView(of: [[0x61], element, [0x62], element])
    #expect(throws: ChunkError.invalidUTF8(index: 1)) { try view.strings() }
    #expect(throws: ChunkError.invalidUTF8(index: 3)) { try view.string(at: 3) }
    #expect(try view.string(at: 2) == "b")
  }

  @Test("A character may not begin in one element and end in the next")
  func dividedCharacter() throws {
    let view = try blobView(of: [[0xc3], [0xa9]])
    #expect(throws: ChunkError.invalidUTF8(index: 0)) { try view.strings() }
  }

  @Test("A view keeps what it shows after all else is gone")
  func lifetime() throws {
    var view: BlobView?
    for _ in 0..<3 {
      view = try blobView(of: [[1, 2, 3], [UInt8](repeating: 7, count: 100_000)])
    }
    let copy = try #require(view)
    view = nil
    #expect(copy.arrays() == [[1, 2, 3], [UInt8](repeating: 7, count: 100_000)])
  }

  @Test("An element that is not there is a programming error")
  func indexPrecondition() async {
    await #expect(processExitsWith: .failure) {
      let view = try blobView(of: [[1]])
      _ = view[1].byteCount
    }
    await #expect(processExitsWith: .failure) { _ = try blobView(of: [[1]]).bytes(at: -1) }
    await #expect(processExitsWith: .failure) { _ = try blobView(of: []).bytes(at: 0) }
  }
}
