import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Chunk sizes")
struct ChunkSizeTests {
  private func chunkShape(_ size: ChunkSize, elements: [[UInt8]], shape: [Int]) throws -> [Int] {
    try ZarrArray.create(
      in: MemoryStore(), writing: elements, shape: shape,
      options: ArrayOptions(chunkSize: size, compressors: [])
    ).chunkShape
  }

  @Test("Bytes are divided by what an element has with its length")
  func bytes() throws {
    // 16 bytes with the length.
    let elements = [[UInt8]](repeating: [UInt8](repeating: 1, count: 12), count: 1000)
    #expect(try chunkShape(.bytes(1600), elements: elements, shape: [1000]) == [100])
    #expect(try chunkShape(.bytes(16), elements: elements, shape: [1000]) == [1])
    #expect(try chunkShape(.bytes(15), elements: elements, shape: [1000]) == [1])
    #expect(try chunkShape(.bytes(0), elements: elements, shape: [1000]) == [1])
    #expect(try chunkShape(.bytes(1600), elements: elements, shape: [10, 100]) == [1, 100])
    #expect(try chunkShape(.bytes(3300), elements: elements, shape: [10, 100]) == [2, 100])
    #expect(try chunkShape(.bytes(160), elements: elements, shape: [10, 100]) == [1, 10])
    #expect(try chunkShape(.bytes(1600), elements: elements, shape: [10, 10, 10]) == [1, 10, 10])
    #expect(try chunkShape(.bytes(1600), elements: [[1]], shape: []) == [])
  }

  @Test("Chunks may be longer than an array that can grow")
  func beyondTheArray() throws {
    let chunkShape = try chunkShape(.standard, elements: ArrayElements.numbered(10), shape: [10])
    #expect(chunkShape[0] > 10_000)
    #expect(chunkShape[0] < 1 << 20)
  }

  @Test("The mean is that of elements from all over the source")
  func mean() throws {
    // A sample of the beginning alone would be off by a factor of 10.
    let elements = (0..<20_000).map { [UInt8](repeating: 1, count: $0 < 10_000 ? 6 : 186) }
    let chunkShape = try chunkShape(.bytes(100_000), elements: elements, shape: [20_000])
    #expect((950...1050).contains(chunkShape[0]), "\(chunkShape)")
  }

  @Test("Arrays without elements, or with empty ones alone")
  func noElements() throws {
    #expect(try chunkShape(.bytes(400), elements: [], shape: [0])[0] > 0)
    #expect(try chunkShape(.bytes(400), elements: [], shape: [3, 0]).allSatisfy { $0 > 0 })
    #expect(try chunkShape(.bytes(400), elements: [[], []], shape: [2]) == [100])
  }

  @Test("A count is of the first dimension, and the others are whole")
  func count() throws {
    let elements = ArrayElements.numbered(24)
    #expect(try chunkShape(.rows(5), elements: elements, shape: [24]) == [5])
    #expect(try chunkShape(.rows(2), elements: elements, shape: [4, 6]) == [2, 6])
    #expect(try chunkShape(.rows(9), elements: elements, shape: [4, 3, 2]) == [9, 3, 2])
    #expect(try chunkShape(.rows(2), elements: [], shape: [4, 0]) == [2, 1])
    #expect(try chunkShape(.rows(2), elements: [[1]], shape: []) == [])
  }
}
