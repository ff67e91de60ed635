import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Copying of shards")
struct ShardCopyTests {
  /// An array, and its chunks and shards as they are and as they become; no shards where these are nil.
  struct Case {
    let shape: [Int]
    let from: (chunks: [Int], shards: [Int]?)
    let to: (chunks: [Int], shards: [Int]?)
  }

  private static let cases = [
    Case(shape: [100], from: ([3], [30]), to: ([5], [40])),
    Case(shape: [100], from: ([100], nil), to: ([1], [100])),
    Case(shape: [100], from: ([1], [64]), to: ([100], nil)),
    Case(shape: [1], from: ([4], [8]), to: ([2], [4])),
    Case(shape: [0], from: ([4], [8]), to: ([2], [4])),
    Case(shape: [], from: ([], []), to: ([], [])),
    Case(shape: [20, 30], from: ([20, 1], [20, 30]), to: ([1, 7], [20, 14])),
    Case(shape: [21, 31], from: ([4, 4], [8, 16]), to: ([5, 3], [15, 12])),
    Case(shape: [7, 5, 6], from: ([1, 5, 1], [2, 5, 6]), to: ([3, 1, 2], [6, 4, 4])),
    Case(shape: [64, 64], from: ([8, 8], nil), to: ([8, 8], [64, 64])),
  ]

  private func options(_ division: (chunks: [Int], shards: [Int]?)) -> ArrayOptions {
    ArrayOptions(
      chunkSize: .shape(division.chunks), shardSize: division.shards.map { .shape($0) },
      compressors: [.zstd()])
  }

  @Test(
    "A copy is the array that is written at once, to the byte", arguments: cases.indices,
    [1, 400, 4000, 1 << 20])
  func bytes(number: Int, memoryBudget: Int) throws {
    let test = Self.cases[number]
    var generator = SeededGenerator(seed: UInt64(number))
    let elements = ArrayElements.random(
      test.shape.reduce(1, *), maximumByteCount: 20, using: &generator)
    let store = MemoryStore()
    let source = try ZarrArray.create(
      in: store, at: "a", writing: elements, shape: test.shape, options: options(test.from))
    try ZarrArray.create(
      in: store, at: "b", writing: elements, shape: test.shape, options: options(test.to))
    let target = try ZarrArray.create(in: store, at: "c", shape: test.shape, options: options(test.to))
    let monitor = ProgressMonitor()
    try target.write(contentsOf: source, memoryBudget: memoryBudget, monitor: monitor)
    #expect(monitor.progress.elementCount == elements.count)
    for key in try store.keys("b") {
      let copy = key.replacing("b", with: "c", maxReplacements: 1)
      #expect(try store.value(of: copy) == store.value(of: key), "\(key)")
    }
    #expect(try store.keys("c").count == store.keys("b").count)
    #expect(try target.firstDifference(from: source, memoryBudget: memoryBudget) == nil)
  }

  @Test("A shard is written once, when all its inner chunks are encoded", arguments: [1, 100, 1 << 20])
  func writes(memoryBudget: Int) throws {
    let store = StoreProbe(MemoryStore())
    let source = try ZarrArray.create(
      in: store, at: "a", writing: (0..<100).map { [UInt8($0)] }, options: options(([10], nil)))
    let target = try ZarrArray.create(in: store, at: "b", shape: [100], options: options(([3], [30])))
    let start = store.calls.count
    try target.write(contentsOf: source, memoryBudget: memoryBudget)
    let written = store.calls.dropFirst(start).compactMap { call in
      if case .write(let key) = call { key.description } else { nil as String? }
    }
    #expect(written.sorted() == (0..<4).map { "b/c/\($0)" })
  }

  @Test("What is in the place of a shard goes, also where the source has nothing", arguments: [1, 1 << 20])
  func replaced(memoryBudget: Int) throws {
    let store = MemoryStore()
    let source = try ZarrArray.create(in: store, at: "a", shape: [6000], options: options(([1], nil)))
    try source.write(blob: [1, 2, 3], at: [70])
    let target = try ZarrArray.create(
      in: store, at: "b", writing: [[UInt8]](repeating: [9], count: 6000), options: options(([10], [1500])))
    try target.write(contentsOf: source, memoryBudget: memoryBudget)
    #expect(try target.read().arrays() == source.read().arrays())
    #expect(try store.keys("b") == ["b/c/0", "b/zarr.json"])
  }

  @Test("A failure in the middle of a shard leaves the shard that was there")
  func failure() throws {
    let store = MemoryStore()
    let source = try ZarrArray.create(
      in: store, at: "a", writing: (0..<100).map { [UInt8($0)] },
      options: ArrayOptions(chunkSize: .rows(1), compressors: [.crc32c]))
    let target = try ZarrArray.create(in: store, at: "b", shape: [100], options: options(([5], [50])))
    try target.write(blob: [7], at: [99])
    let before = try storedValue(at: "b/c/1", in: store)
    // None of the elements that are read first, to see how large they are.
    var value = try storedValue(at: "a/c/80", in: store)
    value[5] ^= 1
    try store.put(value, at: "a/c/80")
    #expect(throws: ZarrError.self) { try target.write(contentsOf: source, memoryBudget: 1) }
    #expect(try storedValue(at: "b/c/1", in: store) == before)
    #expect(try target.read([0..<50]).arrays() == (0..<50).map { [$0] })
    // Others can still read and write it.
    try target.write(blob: [8], at: [98])
  }

  @Test("A shard that is much larger than the budget takes the budget, and what it is encoded to")
  func memory() async {
    await #expect(processExitsWith: .success) {
      try blocking {
        // 64 MiB in one shard each, of which next to nothing is stored.
        let elementCount = 8 << 20
        func options(_ chunkLength: Int) -> ArrayOptions {
          ArrayOptions(
            dataType: .number(.int64), chunkSize: .rows(chunkLength), shardSize: .rows(elementCount),
            compressors: [.zstd()])
        }
        let store = MemoryStore()
        let source = try ZarrArray.create(
          in: store, at: "a", blobs: RepeatedBlob([1, 0, 0, 0, 0, 0, 0, 0], count: elementCount),
          options: options(1 << 15))
        let target = try ZarrArray.create(
          in: store, at: "b", shape: [elementCount], options: options(1 << 14))
        let growth = try PeakMemory.growth {
          try target.write(contentsOf: source, memoryBudget: 12 << 20)
        }
        #expect(growth < 40 << 20 + Sanitizer.keptByteCount, "\(growth)")
        #expect(try store.keys("b/c") == ["b/c/0"])
        #expect(try target.firstDifference(from: source) == nil)
      }
    }
  }
}
