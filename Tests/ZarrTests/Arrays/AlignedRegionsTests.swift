import TestSupport
import Testing
import Zarr

@Suite("Aligned regions")
struct AlignedRegionsTests {
  private func array(_ shape: [Int], _ chunkSize: ChunkSize, shards: [Int]? = nil) throws -> ZarrArray {
    try ZarrArray.create(
      in: MemoryStore(), shape: shape,
      options: ArrayOptions(chunkSize: chunkSize, shardSize: shards.map { .shape($0) }))
  }

  /// Checks that regions are a division of an array that no chunk is part of twice.
  private func expectDivision(_ array: ZarrArray, into count: Int) throws {
    let regions = array.alignedRegions(count: count)
    let grid = array.metadata.chunkGrid
    let chunkCount = array.shardCount ?? array.chunkCount
    #expect(regions.count == min(count, chunkCount))
    var elements: Set<[Int]> = []
    var chunks: [[Int]: Int] = [:]
    for (number, region) in regions.enumerated() {
      for indices in region.allIndices {
        #expect(elements.insert(indices).inserted)
        // The slow way to find a chunk: count those that end before.
        let chunk = zip(indices, grid.dimensions).map { index, dimension in
          (0...index).first { dimension.range(ofChunk: $0).contains(index) } ?? -1
        }
        #expect(chunks.updateValue(number, forKey: chunk) ?? number == number)
      }
    }
    #expect(elements.count == array.count)
    // Even: no region has more than twice an even share and the chunks across its border.
    let largest = grid.elementCount
    for region in regions {
      #expect((region.elementCount ?? 0) <= 2 * (array.count / count + largest))
    }
  }

  @Test("Regions are a division of regular chunks", arguments: 0..<60)
  func regular(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let rank = Int.random(in: 1...4, using: &generator)
    let longest = [60, 16, 8, 5][rank - 1]
    let shape = (0..<rank).map { _ in Int.random(in: 1...longest, using: &generator) }
    let chunkShape = (0..<rank).map { _ in Int.random(in: 1...longest / 2, using: &generator) }
    let array = try array(shape, .shape(chunkShape))
    for count in [1, 2, 3, 5, 8, 100] { try expectDivision(array, into: count) }
  }

  @Test("Regions are a division of chunks of any lengths", arguments: 0..<30)
  func rectilinear(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let dimensions = try (0..<Int.random(in: 1...3, using: &generator)).map { _ in
      try ChunkLengths(
        (0..<Int.random(in: 1...7, using: &generator)).map { _ in Int.random(in: 1...4, using: &generator) })
    }
    // The array may end in the middle of a chunk, or before the last ones.
    let shape = dimensions.map { Int.random(in: 1...$0.extent, using: &generator) }
    let array = try array(shape, .grid(ChunkGrid(dimensions: dimensions.map { .lengths($0) })))
    for count in [1, 2, 3, 7, 50] { try expectDivision(array, into: count) }
  }

  @Test("Regions have whole shards")
  func shards() throws {
    let array = try array([50, 12], .shape([2, 3]), shards: [8, 6])
    for count in 1...16 { try expectDivision(array, into: count) }
  }

  @Test(
    "Chunks in a row are divided as evenly as can be, but for one",
    arguments: 1...70, [1, 2, 3, 4, 7, 8, 16, 64])
  func row(chunkCount: Int, count: Int) throws {
    let counts = try array([chunkCount * 10], .rows(10)).alignedRegions(count: count).map {
      ($0.elementCount ?? 0) / 10
    }
    let even = (chunkCount + count - 1) / count
    #expect(counts.allSatisfy { $0 >= 1 && $0 <= even + 1 })
  }

  @Test("An array without elements has no regions, and one without dimensions has one")
  func edges() throws {
    #expect(try array([0], .rows(5)).alignedRegions(count: 3) == [])
    #expect(try array([4, 0], .shape([1, 1])).alignedRegions(count: 3) == [])
    #expect(try array([], .shape([])).alignedRegions(count: 3) == [ArrayRegion([])])
    #expect(try array([7], .rows(100)).alignedRegions(count: 3) == [[0..<7]])
    // As many as can be.
    let huge = try array([1 << 61, 2], .shape([1 << 31, 1]))
    #expect(huge.alignedRegions(count: 4).map(\.elementCount) == [Int](repeating: 1 << 60, count: 4))
  }
}
