import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Blocks in C order", .timeLimit(.minutes(10)))
struct ElementBlockTests {
  /// Fails the test if the blocks are not those elements, one after the other.
  private func expectBlocks(
    of array: ZarrArray, _ range: Range<Int>?, are expected: [[UInt8]],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var position = range?.lowerBound ?? 0
    var found: [[UInt8]] = []
    try array.forEachBlock(of: range) { block in
      #expect(block.offset == position, sourceLocation: sourceLocation)
      #expect(!block.elements.isEmpty, sourceLocation: sourceLocation)
      position += block.elements.count
      found += block.elements.arrays()
    }
    #expect(found == expected, "\(String(describing: range))", sourceLocation: sourceLocation)
  }

  @Test(
    "Every range of arrays of any shape comes in order, and nothing else does",
    arguments: [
      ([7], [3]), ([7], [10]), ([1], [1]), ([3, 4], [2, 2]), ([4, 3], [1, 5]), ([2, 20], [2, 1]),
      ([1, 9], [4, 2]), ([2, 3, 4], [1, 2, 3]), ([3, 1, 5], [2, 2, 2]), ([2, 2, 2, 2], [1, 1, 1, 1]),
    ] as [([Int], [Int])], [1, 3])
  func ranges(shapes: ([Int], [Int]), workerCount: Int) throws {
    let (shape, chunkShape) = shapes
    let elements = ArrayElements.numbered(shape.reduce(1, *))
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: elements, shape: shape,
      options: ArrayOptions(chunkSize: .shape(chunkShape), compressors: []),
      access: ArrayAccess(workerCount: workerCount))
    try expectBlocks(of: array, nil, are: elements)
    for lower in 0...elements.count {
      for upper in lower...elements.count {
        try expectBlocks(of: array, lower..<upper, are: Array(elements[lower..<upper]))
      }
    }
  }

  @Test("No chunk is read twice, wherever a range of rows begins", arguments: [7..<44, 0..<50, 3..<6])
  func chunksOnce(rows: Range<Int>) throws {
    for (shape, chunkShape) in [([50], [3]), ([50, 6], [3, 4])] {
      let width = shape.dropFirst().reduce(1, *)
      let probe = StoreProbe(MemoryStore())
      let array = try ZarrArray.create(
        in: probe, writing: ArrayElements.numbered(50 * width), shape: shape,
        options: ArrayOptions(chunkSize: .shape(chunkShape)), access: ArrayAccess(workerCount: 2))
      let before = probe.calls.count
      try array.forEachBlock(of: rows.lowerBound * width..<rows.upperBound * width) { _ in }
      let calls = probe.calls.dropFirst(before)
      let chunkRows = rows.lowerBound / 3...(rows.upperBound - 1) / 3
      #expect(calls.count == chunkRows.count * (width == 1 ? 1 : 2))
      #expect(Set(calls).count == calls.count)
    }
  }

  @Test("Rows that are much longer than a block are read in parts")
  func longRows() throws {
    let elements = ArrayElements.numbered(3 * 1000)
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: elements, shape: [3, 1000],
      options: ArrayOptions(chunkSize: .shape([2, 5]), compressors: []), access: ArrayAccess(workerCount: 1))
    var largest = 0
    try array.forEachBlock(of: 0..<700) { block in largest = max(largest, block.elements.count) }
    // 700 elements are less than a row, so chunks of ten are counted one by one, twice as many at most in
    // every step.
    #expect((5..<700).contains(largest))
    try expectBlocks(of: array, nil, are: elements)
    try expectBlocks(of: array, 7..<2992, are: Array(elements[7..<2992]))
  }

  @Test("An array without dimensions is one block, and one without elements none")
  func degenerate() throws {
    let scalar = try ZarrArray.create(in: MemoryStore(), blobs: [[1, 2]] as [[UInt8]], shape: [])
    try expectBlocks(of: scalar, nil, are: [[1, 2]])
    try expectBlocks(of: scalar, 0..<1, are: [[1, 2]])
    try expectBlocks(of: scalar, 1..<1, are: [])
    for shape in [[0], [3, 0], [0, 3]] {
      let empty = try ZarrArray.create(
        in: MemoryStore(), shape: shape, options: ArrayOptions(chunkSize: .rows(4)))
      try expectBlocks(of: empty, nil, are: [])
      try expectBlocks(of: empty, 0..<0, are: [])
    }
  }

  @Test("Chunks that are larger than a block come one at a time")
  func largeChunks() throws {
    let element = [UInt8](repeating: 7, count: 3 << 20)
    let elements = [[UInt8]](repeating: element, count: 9)
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: elements,
      options: ArrayOptions(chunkSize: .rows(3), compressors: [.zstd()]),
      access: ArrayAccess(workerCount: 1))
    var counts: [Int] = []
    try array.forEachBlock { block in counts.append(block.elements.count) }
    #expect(counts == [3, 3, 3])
    try expectBlocks(of: array, 2..<8, are: Array(elements[2..<8]))
  }

  @Test("Blocks of small elements grow to some MiB, and no further")
  func adaptation() throws {
    let element = [UInt8](repeating: 7, count: 1 << 10)
    let elements = RepeatedBlob(element, count: 40_000)
    let array = try ZarrArray.create(
      in: MemoryStore(), blobs: elements,
      options: ArrayOptions(chunkSize: .rows(100), compressors: [.zstd()]),
      access: ArrayAccess(workerCount: 2))
    var counts: [Int] = []
    try array.forEachBlock { block in counts.append(block.elements.count) }
    #expect(counts.reduce(0, +) == 40_000)
    #expect(counts[0] == 200)
    #expect((4000...8200).contains(counts.max() ?? 0))
    #expect(counts.dropLast().allSatisfy { $0 % 100 == 0 })
  }

  @Test("A range that is not inside of the array is an error", arguments: [-1..<3, 5..<13, 13..<13, 12..<99])
  func outOfBounds(range: Range<Int>) throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: ArrayElements.numbered(12), shape: [3, 4])
    let error = #expect(throws: ZarrError.self) {
      try array.forEachBlock(of: range) { _ in Issue.record("there is no block") }
    }
    guard case .outOfBounds("memory", [range], [12])? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
  }

  @Test("A damaged chunk is an error after the blocks before it", arguments: [1, 4])
  func damagedChunk(workerCount: Int) throws {
    let store = MemoryStore()
    let elements = ArrayElements.numbered(100)
    let array = try ZarrArray.create(
      in: store, writing: elements, options: ArrayOptions(chunkSize: .rows(1)),
      access: ArrayAccess(workerCount: workerCount))
    try store.put([9], at: "c/60")
    var found: [[UInt8]] = []
    let error = #expect(throws: ZarrError.self) {
      try array.forEachBlock { block in found += block.elements.arrays() }
    }
    guard case .chunk("memory/c/60", _)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(!found.isEmpty && found.count <= 60)
    #expect(found == Array(elements[..<found.count]))
  }

  @Test("An error of the body ends the work, and nothing is read after it")
  func failingBody() throws {
    let probe = StoreProbe(MemoryStore())
    let array = try ZarrArray.create(
      in: probe, writing: ArrayElements.numbered(1000), options: ArrayOptions(chunkSize: .rows(1)),
      access: ArrayAccess(workerCount: 2))
    var calls = 0
    #expect(throws: StoreProbe.Failure(number: 3)) {
      try array.forEachBlock { _ in
        calls += 1
        if calls == 3 { throw StoreProbe.Failure(number: 3) }
      }
    }
    #expect(calls == 3)
    let count = probe.calls.count
    // At most the next read has begun. A remaining thread would continue while this one sleeps.
    Thread.sleep(forTimeInterval: 0.05)
    #expect(probe.calls.count == count)
    #expect(count < 2500)
    try expectBlocks(of: array, 10..<20, are: Array(ArrayElements.numbered(20)[10...]))
  }

  @Test("The next block is read while the body looks at the last one")
  func readAhead() throws {
    let gate = StoreGate()
    let probe = StoreProbe(MemoryStore()) { call in
      if case .read(let key) = call, key.description == "c/1" { gate.open() }
    }
    let array = try ZarrArray.create(
      in: probe, writing: ArrayElements.numbered(2), options: ArrayOptions(chunkSize: .rows(1)),
      access: ArrayAccess(workerCount: 1))
    try array.forEachBlock { block in
      // Never opens unless another thread reads.
      if block.offset == 0 { gate.wait() }
    }
  }

  @Test("Blocks can be read by the workers of a scan, and in the body of others", arguments: [1, 8])
  func nestedCalls(workerCount: Int) throws {
    let elements = ArrayElements.numbered(64)
    func makeArray() throws -> ZarrArray {
      try ZarrArray.create(
        in: MemoryStore(), writing: elements, options: ArrayOptions(chunkSize: .rows(2)),
        access: ArrayAccess(workerCount: workerCount))
    }
    let outer = try makeArray()
    let inner = try makeArray()
    let seen = Collected(0)
    try outer.scan { _, _ in
      try inner.forEachBlock { block in
        let count = block.elements.count
        seen.change { $0 += count }
        try outer.forEachBlock(of: 0..<5) { #expect($0.elements.count <= 5) }
      }
    }
    #expect(seen.value == 32 * 64)
  }

  @Test("Many threads read blocks at once")
  func manyThreads() throws {
    let elements = ArrayElements.numbered(300)
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: elements, options: ArrayOptions(chunkSize: .rows(7)))
    try onThreads(50) { _ in
      var found: [[UInt8]] = []
      try array.forEachBlock { found += $0.elements.arrays() }
      #expect(found == elements)
    }
  }

  @Test("Progress is that of the whole, and reported as done once", arguments: [0..<60, 7..<44, 9..<9])
  func progress(range: Range<Int>) throws {
    let elements = ArrayElements.numbered(60)
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: elements, shape: [6, 10],
      options: ArrayOptions(chunkSize: .shape([1, 3])), access: ArrayAccess(workerCount: 2))
    let reports = Collected<[ProgressMonitor.Progress]>([])
    let monitor = ProgressMonitor(interval: .zero) { progress in reports.change { $0.append(progress) } }
    try array.forEachBlock(of: range, monitor: monitor) { _ in }
    let last = try #require(reports.value.last)
    #expect(last.elementCount == range.count)
    #expect(last.elementByteCount == elements[range].reduce(0) { $0 + $1.count })
    #expect(reports.value.allSatisfy { $0.totalElementCount == range.count })
    #expect(reports.value.count { $0.elementCount == range.count } <= 2)
  }

  @Test("A monitor that is cancelled ends the work before the next block")
  func cancellation() throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: ArrayElements.numbered(100), options: ArrayOptions(chunkSize: .rows(1)),
      access: ArrayAccess(workerCount: 1))
    let monitor = ProgressMonitor()
    var calls = 0
    let error = #expect(throws: ZarrError.self) {
      try array.forEachBlock(monitor: monitor) { _ in
        calls += 1
        monitor.cancel()
      }
    }
    guard case .cancelled? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(calls == 1)
  }
}
