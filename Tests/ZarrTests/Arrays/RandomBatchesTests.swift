import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Batches in random order")
struct RandomBatchesTests {
  private func array(
    _ count: Int, _ options: ArrayOptions = ArrayOptions(chunkSize: .shape([10]))
  ) throws
    -> ZarrArray
  {
    try ZarrArray.create(in: MemoryStore(), writing: (0..<count).map { "element \($0)" }, options: options)
  }

  /// The indices of all batches, after a check that the elements are those of the array.
  private func indices(_ array: ZarrArray, _ options: RandomBatchOptions) throws -> [[Int]] {
    let batches = try array.randomBatches(options)
    var indices: [[Int]] = []
    while let batch = try batches.next() {
      #expect(try batch.elements.strings() == batch.indices.map { "element \($0)" })
      indices.append(batch.indices)
    }
    #expect(try batches.next()?.indices == nil)
    #expect(indices.joined().count == batches.count || options.dropsLast)
    return indices
  }

  @Test(
    "Each element comes once an epoch, in batches of the size",
    arguments: [1, 7, 64, 1000, 5000], [0, 500, 5000, 1 << 20])
  func each(batchSize: Int, windowByteCount: Int) throws {
    let array = try array(
      1234, ArrayOptions(chunkSize: .shape([10]), shardSize: .shape([100]), compressors: []))
    let batches = try indices(
      array, RandomBatchOptions(batchSize: batchSize, seed: 1, windowByteCount: windowByteCount))
    #expect(batches.joined().sorted() == Array(0..<1234))
    #expect(batches.dropLast().allSatisfy { $0.count == batchSize })
    #expect(batches.last?.count == (1234 - 1) % batchSize + 1)
    #expect(Array(batches.joined()) != Array(0..<1234))
  }

  @Test("The order follows from the seed and the epoch, and from no number of workers")
  func order() throws {
    let store = MemoryStore()
    try ZarrArray.create(
      in: store, writing: (0..<3000).map { "element \($0)" }, options: ArrayOptions(chunkSize: .shape([10])))
    func order(seed: UInt64, epoch: Int, workerCount: Int) throws -> [[Int]] {
      try indices(
        ZarrArray.open(in: store, access: ArrayAccess(workerCount: workerCount)),
        RandomBatchOptions(batchSize: 32, seed: seed, epoch: epoch, windowByteCount: 8000))
    }
    let first = try order(seed: 1, epoch: 0, workerCount: 1)
    #expect(try order(seed: 1, epoch: 0, workerCount: 4) == first)
    #expect(try order(seed: 1, epoch: 1, workerCount: 1) != first)
    #expect(try order(seed: 2, epoch: 0, workerCount: 1) != first)
  }

  @Test(
    "An array of more chunks than there is memory for is an error", arguments: [1 << 31, 1 << 40, Int.max])
  func manyChunks(count: Int) throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [count, 1],
      options: ArrayOptions(dataType: .string, chunkSize: .shape([2, 1])))
    let error = #expect(throws: ZarrError.self) {
      try array.randomBatches(RandomBatchOptions(batchSize: 2))
    }
    guard case .limit(_, .callElementCountExceedsLimit(count, _)) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("Parts have no element in common, and all together", arguments: [1, 2, 3, 7])
  func parts(count: Int) throws {
    let array = try array(1000, ArrayOptions(chunkSize: .shape([64])))
    var all: [Int] = []
    for index in 0..<count {
      let part = try indices(
        array,
        RandomBatchOptions(batchSize: 10, seed: 5, part: (index, count), windowByteCount: 4000)
      ).joined()
      #expect([1000 / count, 1000 / count + 1].contains(part.count))
      all += part
    }
    #expect(all.sorted() == Array(0..<1000))
  }

  @Test("A window of the whole array gives every order about as often")
  func uniform() throws {
    let array = try array(4, ArrayOptions(chunkSize: .shape([1])))
    var counts: [[Int]: Int] = [:]
    for epoch in 0..<2400 {
      let order = try indices(array, RandomBatchOptions(batchSize: 3, seed: 9, epoch: epoch)).joined()
      counts[Array(order), default: 0] += 1
    }
    #expect(counts.count == 24)
    // The expectation is 100, with a standard deviation of 10.
    #expect(counts.values.allSatisfy { (50...150).contains($0) })
  }

  @Test("With a small window, batches come from all over the array")
  func spread() throws {
    let array = try array(10_000, ArrayOptions(chunkSize: .shape([50]), compressors: []))
    let batches = try indices(
      array, RandomBatchOptions(batchSize: 100, seed: 3, windowByteCount: 20_000))
    // About 20 blocks of 50 elements, in a random order, are a window.
    let halves = batches.map { batch in batch.count { $0 < 5000 } }
    #expect(halves.allSatisfy { (5...95).contains($0) })
  }

  @Test("The last batch can be left out, and an empty array has none")
  func few() throws {
    let array = try array(25)
    let batches = try indices(array, RandomBatchOptions(batchSize: 10, dropsLast: true))
    #expect(batches.map(\.count) == [10, 10])
    #expect(try indices(self.array(0), RandomBatchOptions(batchSize: 10)).isEmpty)
    #expect(
      try indices(array, RandomBatchOptions(batchSize: 1, part: (99, 100))).isEmpty)
  }

  @Test("Numbers in several dimensions, and a scalar")
  func dimensions() throws {
    let numbers = (0..<7 * 5 * 3).map { Double($0) }
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: numbers, shape: [7, 5, 3],
      options: ArrayOptions(chunkSize: .shape([2, 3, 2])))
    for windowByteCount in [0, 200, 1 << 20] {
      let batches = try array.randomBatches(
        RandomBatchOptions(batchSize: 4, seed: 2, windowByteCount: windowByteCount))
      var seen: [Int] = []
      while let batch = try batches.next() {
        #expect(batch.elements.map { Double.values(of: $0) } == batch.indices.map { Double($0) })
        seen += batch.indices
      }
      #expect(seen.sorted() == Array(numbers.indices))
    }
    let scalar = try ZarrArray.create(in: MemoryStore(), writing: ["element 0"], shape: [])
    #expect(try indices(scalar, RandomBatchOptions(batchSize: 4)) == [[0]])
  }

  @Test("A damaged chunk ends the batches with an error")
  func damage() throws {
    let array = try array(500)
    var chunk = try #require(try array.storedBytes(ofChunkAt: [33]))
    chunk[8] ^= 0xFF
    try array.store.put(chunk, at: "c/33")
    let error = #expect(throws: ZarrError.self) {
      let batches = try array.randomBatches(RandomBatchOptions(batchSize: 10))
      while try batches.next() != nil {}
    }
    #expect(error?.chunkError != nil)
  }

  @Test("A task gets batches too")
  func task() async throws {
    let array = try array(100)
    let batches = try await array.randomBatches(RandomBatchOptions(batchSize: 30))
    var indices: [Int] = []
    while let batch = try await batches.next() { indices += batch.indices }
    #expect(indices.sorted() == Array(0..<100))
  }
}

extension Double {
  /// The number that an element is.
  fileprivate static func values(of blob: Blob) -> Double {
    Double(bitPattern: blob.enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) })
  }
}
