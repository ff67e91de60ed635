import Testing
import Zarr

@Suite("Regular chunk grid")
struct RegularChunkGridTests {
  @Test(
    "There are as many chunks as cover the array",
    arguments: [
      ([10], [3], [4]), ([9], [3], [3]), ([0], [3], [0]), ([1], [3], [1]), ([], [], []),
      ([4, 5], [4, 1], [1, 5]),
      ([Int.max], [1], [Int.max]), ([Int.max], [4_294_967_295], [2_147_483_649]),
      ([Int.max, 0], [2, 2], [1 << 62, 0]),
    ])
  func chunkCounts(shape: [Int], chunkShape: [Int], counts: [Int]) throws {
    #expect(try RegularChunkGrid(chunkShape: chunkShape).chunkCounts(of: shape) == counts)
  }

  @Test("The number of all chunks is nil when it is out of range")
  func chunkCount() throws {
    let grid = try RegularChunkGrid(chunkShape: [2, 3])
    #expect(grid.chunkCount(of: [5, 6]) == 6)
    #expect(grid.chunkCount(of: [Int.max, Int.max]) == nil)
    #expect(grid.chunkCount(of: [Int.max, 0]) == 0)
    #expect(try RegularChunkGrid(chunkShape: [1, 1, 1]).chunkCount(of: [Int.max, Int.max, 0]) == 0)
    #expect(try RegularChunkGrid(chunkShape: []).chunkCount(of: []) == 1)
  }

  @Test(
    "A chunk has as many elements as 32 bits can count", arguments: [[4_294_967_295], [65535, 65537], []])
  func elementCount(chunkShape: [Int]) throws {
    #expect(try RegularChunkGrid(chunkShape: chunkShape).elementCount == chunkShape.reduce(1, *))
  }

  @Test(
    "A larger chunk is refused",
    arguments: [[4_294_967_296], [65536, 65536], [Int.max, Int.max], [1 << 32, 1 << 32]])
  func tooLarge(chunkShape: [Int]) {
    let error = #expect(throws: MetadataError.self) { try RegularChunkGrid(chunkShape: chunkShape) }
    #expect(error?.code == .tooLarge)
  }

  @Test("A side without elements is refused", arguments: [[0], [1, 0], [-1], [0, Int.max], [Int.min, 2]])
  func emptySide(chunkShape: [Int]) {
    let error = #expect(throws: MetadataError.self) { try RegularChunkGrid(chunkShape: chunkShape) }
    #expect(error?.code == .unexpectedValue)
  }

  @Test("A shape of another rank is a programming error")
  func otherRank() async {
    await #expect(processExitsWith: .failure) {
      _ = try RegularChunkGrid(chunkShape: [1]).chunkCounts(of: [1, 1])
    }
  }
}
