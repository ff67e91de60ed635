import ChunkEngine
import TestSupport
import Testing

@Suite("Batches that several workers make")
struct BlobBatchAssemblyTests {
  /// Adds the elements in parts of a size, in the order that `order` gives the numbers of parts, by several threads if
  /// there are any.
  private func batch(
    of elements: [[UInt8]], partsOf size: Int, checksText: Bool = false, threadCount: Int = 1,
    limits: DecodingLimits = DecodingLimits(), order: (Int) -> [Int]
  ) throws -> (elements: BlobBatch, areText: Bool) {
    let assembly = try BlobBatchAssembly(count: elements.count, checksText: checksText, limits: limits)
    let numbers = order((elements.count + size - 1) / size)
    try ParallelChunks.forEachIndex(
      below: numbers.count, workerCount: threadCount, pool: WorkerPool { NoState() }
    ) { index, _ in
      let first = numbers[index] * size
      let part = Array(elements[first..<min(first + size, elements.count)])
      let view = try blobView(of: part)
      try assembly.add(view.blobs, at: first)
    }
    return try assembly.finish()
  }

  private final class NoState {}

  private func expect(_ batch: BlobBatch, _ elements: [[UInt8]]) {
    var found: [[UInt8]] = []
    for index in 0..<batch.count { found.append([UInt8](copying: batch[index])) }
    #expect(found == elements)
    let bytes = [UInt8](copying: batch.bytes)
    #expect(bytes == elements.flatMap { $0 })
  }

  @Test("Parts come in any order", arguments: ElementSample.all, [1, 3, 1000])
  func order(sample: ElementSample, size: Int) throws {
    var generator = SeededGenerator(seed: 3)
    expect(try batch(of: sample.elements, partsOf: size) { Array(0..<$0) }.elements, sample.elements)
    expect(try batch(of: sample.elements, partsOf: size) { (0..<$0).reversed() }.elements, sample.elements)
    let shuffled = try batch(of: sample.elements, partsOf: size) { (0..<$0).shuffled(using: &generator) }
    expect(shuffled.elements, sample.elements)
  }

  @Test("Elements that are larger than the first ones get room", arguments: [1, 4])
  func growth(threadCount: Int) throws {
    var generator = SeededGenerator(seed: 4)
    let elements =
      generator.elements(count: 500, byteCounts: 0...1) + generator.elements(count: 500, byteCounts: 0...300)
      + generator.elements(count: 500, byteCounts: 0...5000)
    let made = try batch(of: elements, partsOf: 7, threadCount: threadCount) { Array(0..<$0) }
    expect(made.elements, elements)
  }

  @Test("Text is told from what is none, and from characters that are cut")
  func text() throws {
    let texts = ["", "a", "é", "日本語", "😀"].map { Array($0.utf8) }
    let all = Array(repeating: texts, count: 20).flatMap { $0 }
    for elements in [all, all + [[0xFF]], all + [[0xC3], [0xA9]], [[0xC3], [0xA9]] + all] {
      for size in [1, 2, 1000] {
        for isReversed in [false, true] {
          let made = try batch(of: elements, partsOf: size, checksText: true) {
            isReversed ? (0..<$0).reversed() : Array(0..<$0)
          }
          #expect(made.areText == (elements == all))
          expect(made.elements, elements)
        }
      }
    }
    let unchecked = try batch(of: all, partsOf: 3) { Array(0..<$0) }
    #expect(!unchecked.areText)
  }

  @Test("Limits are kept")
  func limits() throws {
    let elements = Array(repeating: [UInt8](repeating: 1, count: 100), count: 50)
    let tooMany = ChunkError.callElementCountExceedsLimit(count: 50, limit: 49)
    #expect(throws: tooMany) {
      try batch(of: elements, partsOf: 5, limits: DecodingLimits(elementCountPerCall: 49)) { Array(0..<$0) }
    }
    for isReversed in [false, true] {
      #expect(throws: ChunkFailure.self) {
        try batch(of: elements, partsOf: 5, limits: DecodingLimits(decodedByteCountPerCall: 5000)) {
          isReversed ? (0..<$0).reversed() : Array(0..<$0)
        }
      }
    }
    #expect(throws: ChunkError.self) {
      try batch(of: elements, partsOf: 5, limits: DecodingLimits(decodedByteCountPerCall: 407)) {
        Array(0..<$0)
      }
    }
    let made = try batch(of: elements, partsOf: 5, limits: DecodingLimits(decodedByteCountPerCall: 5408)) {
      Array(0..<$0)
    }
    expect(made.elements, elements)
  }
}
