import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Arrays whose chunks differ in length")
struct RectilinearArrayTests {
  private func lengths(covering extent: Int, using generator: inout SeededGenerator) throws -> ChunkDimension
  {
    if Bool.random(using: &generator) { return .repeated(Int.random(in: 1...4, using: &generator)) }
    var lengths = ChunkLengths()
    while lengths.extent < extent {
      try lengths.append(Int.random(in: 1...4, using: &generator))
    }
    return .lengths(lengths)
  }

  @Test("Whatever is written is read back, in whatever parts", arguments: 0..<40 as Range<UInt64>)
  func model(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let shape = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
      Int.random(in: 0...7, using: &generator)
    }
    let grid = try ChunkGrid(dimensions: shape.map { try lengths(covering: $0, using: &generator) })
    let store = MemoryStore()
    let array = try ZarrArray.create(
      in: store, shape: shape, options: ArrayOptions(chunkSize: .grid(grid), fillValue: [7]))
    var model = ArrayModel(shape: shape, fillValue: [7])
    for _ in 0..<6 {
      let region = ArrayRegion.random(in: shape, using: &generator)
      let elements = (0..<(region.elementCount ?? 0)).map { _ in
        [UInt8](repeating: 1, count: Int.random(in: 0...5, using: &generator))
      }
      try array.write(elements, to: region)
      model.write(elements, to: region)
      let again = try ZarrArray.open(in: store)
      #expect(again.metadata == array.metadata)
      let other = ArrayRegion.random(in: shape, using: &generator)
      #expect(try again.read(other).arrays() == model.read(other))
    }
    var inOrder: [[UInt8]] = []
    try array.forEachBlock { inOrder += $0.elements.arrays() }
    #expect(inOrder == model.read())
  }

  @Test("A chunk holds as many elements as its length says, and no padding but beyond the array")
  func storedChunks() throws {
    let store = MemoryStore()
    let grid = try ChunkGrid(dimensions: [.lengths(ChunkLengths([1, 2, 4]))])
    let array = try ZarrArray.create(
      in: store, shape: [5], options: ArrayOptions(dataType: .string, chunkSize: .grid(grid), compressors: [])
    )
    try array.write(["a", "b", "c", "d", "e"])
    let counts = try [0, 1, 2].map { try array.storedBytes(ofChunkAt: [$0])?.first }
    #expect(counts == [1, 2, 4])
    #expect(try array.storedBytes(ofChunkAt: [3]) == nil)
    #expect(throws: ZarrError.self) { try array.resize(to: [8]) }
    try array.resize(to: [7])
    #expect(try array.read().strings() == ["a", "b", "c", "d", "e", "", ""])
  }

  private func uneven(_ count: Int, seed: UInt64) -> [[UInt8]] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { index in
      let byteCount =
        Int.random(in: 0...9, using: &generator) == 0 ? 900 : Int.random(in: 0...40, using: &generator)
      return [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: byteCount)
    }
  }

  /// Checks that chunks have at most `limit` bytes or one element, and could not have held the next one too.
  private func expectEven(_ array: ZarrArray, _ elements: [[UInt8]], limit: Int) {
    var position = 0
    for index in 0..<array.chunkCount {
      let range = array.metadata.chunkGrid.dimensions[0].range(ofChunk: index)
      #expect(range.lowerBound == position)
      let byteCount = 4 + elements[range].reduce(0) { $0 + 4 + $1.count }
      #expect(byteCount <= limit || range.count == 1)
      if range.upperBound < elements.count {
        #expect(byteCount + 4 + elements[range.upperBound].count > limit)
      }
      position = range.upperBound
    }
    #expect(position == elements.count)
  }

  @Test("Chunks of uneven elements are even", arguments: [1, 100, 1000, 100_000])
  func evenBytes(limit: Int) throws {
    let elements = uneven(500, seed: 1)
    let options = ArrayOptions(chunkSize: .evenBytes(limit))
    let array = try ZarrArray.create(in: MemoryStore(), writing: elements, options: options)
    #expect(try array.read().arrays() == elements)
    expectEven(array, elements, limit: limit)
    #expect(try ZarrArray.create(in: MemoryStore(), writing: [[UInt8]](), options: options).count == 0)
    #expect(throws: ZarrError.self) {
      try ZarrArray.create(in: MemoryStore(), writing: elements, shape: [5, 100], options: options)
    }
  }

  @Test(
    "An appender makes the same even chunks, of elements and of whole sources", arguments: [1, 300, 2000])
  func appending(limit: Int) throws {
    let elements = uneven(400, seed: 2)
    for asSource in [false, true] {
      let store = MemoryStore()
      let appender = try Appender.create(in: store, options: ArrayOptions(chunkSize: .evenBytes(limit)))
      if asSource {
        try appender.append(blobs: elements)
      } else {
        for element in elements {
          try appender.append(blob: element.span.bytes)
        }
      }
      try appender.finish()
      let array = try ZarrArray.open(in: store)
      #expect(try array.read().arrays() == elements)
      expectEven(array, elements, limit: limit)
    }
  }

  @Test(
    "Appending goes on where the array ends, also in the middle of a chunk",
    arguments: 0..<10 as Range<UInt64>)
  func appendingAgain(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let store = MemoryStore()
    var expected: [[UInt8]] = []
    try Appender.create(in: store, options: ArrayOptions(chunkSize: .evenBytes(200))).finish()
    for round in 0..<6 {
      let array = try ZarrArray.open(in: store)
      if round > 2, !expected.isEmpty {
        let count = Int.random(in: 0...expected.count, using: &generator)
        try array.resize(to: [count])
        expected.removeLast(expected.count - count)
      }
      let elements = uneven(Int.random(in: 0...40, using: &generator), seed: seed &+ UInt64(round))
      let appender = try Appender(to: array, evenChunkByteCount: 150)
      if Bool.random(using: &generator) {
        try appender.append(blobs: elements)
      } else {
        try appender.append(contentsOf: elements)
      }
      try appender.finish()
      expected += elements
      #expect(try ZarrArray.open(in: store).read().arrays() == expected)
    }
  }
}
