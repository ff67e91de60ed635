import ChunkEngine
import Foundation
import Synchronization
import TestSupport
import Testing
import Zarr

@Suite("Appending to shards")
struct ShardAppendingTests {
  /// Rows of a shape, in chunks and shards of a shape.
  struct Layout: CustomTestStringConvertible, Sendable {
    let rowShape: [Int]
    let chunkShape: [Int]
    let shardShape: [Int]
    var testDescription: String {
      "rows of \(rowShape) in chunks of \(chunkShape) in shards of \(shardShape)"
    }
    var rowCount: Int { rowShape.reduce(1, *) }
  }

  static let layouts = [
    Layout(rowShape: [], chunkShape: [2], shardShape: [6]),
    Layout(rowShape: [], chunkShape: [1], shardShape: [4]),
    Layout(rowShape: [], chunkShape: [3], shardShape: [3]),
    Layout(rowShape: [3], chunkShape: [2, 3], shardShape: [4, 3]),
    Layout(rowShape: [4], chunkShape: [1, 2], shardShape: [2, 4]),
    Layout(rowShape: [5], chunkShape: [2, 2], shardShape: [4, 4]),
    Layout(rowShape: [3], chunkShape: [1, 1], shardShape: [2, 2]),
    Layout(rowShape: [3, 4], chunkShape: [1, 2, 3], shardShape: [2, 4, 3]),
  ]

  private func options(_ layout: Layout, location: StoredLocation = .end) -> ArrayOptions {
    ArrayOptions(
      chunkSize: .shape(layout.chunkShape), shardSize: .shape(layout.shardShape),
      shardIndexLocation: location, compressors: [], fillValue: [8])
  }

  @Test("Rows are where they belong, in the bytes of an array that is written at once", arguments: layouts)
  func rows(layout: Layout) throws {
    for rows in 0...13 {
      let store = MemoryStore()
      let elements = ArrayElements.numbered(rows * layout.rowCount)
      let appender = try Appender.create(in: store, rowShape: layout.rowShape, options: options(layout))
      try appender.append(blobs: elements)
      let array = try appender.finish()
      #expect(array.shape == [rows] + layout.rowShape)
      #expect(try array.read().arrays() == elements)
      let other = MemoryStore()
      try ZarrArray.create(in: other, writing: elements, shape: array.shape, options: options(layout))
      #expect(try store.keys() == other.keys())
      for key in try store.keys() {
        #expect(try store.value(of: key) == other.value(of: key), "\(rows) rows, \(key)")
      }
    }
  }

  @Test(
    "Rows follow those that are there, element by element", arguments: layouts, StoredLocation.allCases)
  func existingRows(layout: Layout, location: StoredLocation) throws {
    for first in 0...9 {
      for added in [0, 1, 3, 8] {
        let store = MemoryStore()
        let elements = ArrayElements.numbered((first + added) * layout.rowCount)
        let head = Array(elements.prefix(first * layout.rowCount))
        try ZarrArray.create(
          in: store, writing: head, shape: [first] + layout.rowShape,
          options: options(layout, location: location))
        let appender = try Appender(to: try ZarrArray.open(in: store))
        for element in elements.dropFirst(head.count) {
          try appender.append(blob: element.span.bytes)
        }
        #expect(try appender.finish().read().arrays() == elements, "\(first) and \(added) rows")
      }
    }
  }

  @Test("Chunks of a continued shard keep their bytes, and those past the end go")
  func continued() throws {
    let store = StoreMeter(MemoryStore())
    let options = ArrayOptions(chunkSize: .rows(2), shardSize: .rows(10), compressors: [])
    let array = try ZarrArray.create(in: store, writing: ArrayElements.numbered(20), options: options)
    // The array ends in the third chunk of the second shard, whose first chunk cannot be decoded.
    try array.resize(to: [15])
    var shard = try storedValue(at: "c/1", in: store)
    shard[0] = 77
    try store.put(shard, at: "c/1")
    _ = store.takeReads()
    let appender = try Appender(to: try ZarrArray.open(in: store))
    try appender.append([1] as [UInt8])
    try appender.append([2] as [UInt8])
    let grown = try appender.finish()
    #expect(grown.shape == [17])
    #expect(throws: ZarrError.self) { try grown.read(at: [10]) }
    #expect(
      try grown.read([12..<17]).arrays() == Array(ArrayElements.numbered(20)[12..<15]) + [[1], [2]])
    #expect(try storedValue(at: "c/1", in: store).first == 77)
    try grown.resize(to: [20])
    #expect(try grown.read([17..<20]).arrays() == [[], [], []])
  }

  @Test("Sizes in bytes are found from the first elements")
  func sampling() throws {
    var generator = SeededGenerator(seed: 5)
    let elements = ArrayElements.random(20_000, maximumByteCount: 200, using: &generator)
    let store = MemoryStore()
    let appender = try Appender.create(
      in: store, options: ArrayOptions(chunkSize: .bytes(4 << 10), shardSize: .bytes(256 << 10)),
      access: ArrayAccess(workerCount: 3), memoryBudget: 100_000)
    for element in elements { try appender.append(blob: element.span.bytes) }
    let array = try appender.finish()
    #expect((36...43).contains(array.chunkShape[0]))
    let shardLength = try #require(array.shardShape?[0])
    #expect(shardLength.isMultiple(of: array.chunkShape[0]))
    #expect((55...72).contains(shardLength / array.chunkShape[0]))
    #expect(try array.read().arrays() == elements)
    #expect(try store.keys("c").count == array.shardCount)

    let counted = try Appender.create(
      in: MemoryStore(), options: ArrayOptions(chunkSize: .rows(10), shardSize: .bytes(20_000)))
    try counted.append(blobs: elements.prefix(5000).map(\.self))
    let other = try counted.finish()
    #expect(other.chunkShape == [10])
    #expect((170...220).contains(try #require(other.shardShape?[0])))
    let empty = try Appender.create(
      in: MemoryStore(), options: ArrayOptions(chunkSize: .bytes(8 << 10), shardSize: .bytes(1 << 20))
    ).finish()
    #expect(empty.chunkShape == [8])
    #expect(empty.shardShape == [1024])
  }

  @Test("Progress counts all elements once")
  func monitor() throws {
    let monitor = ProgressMonitor()
    let appender = try Appender.create(
      in: MemoryStore(), options: ArrayOptions(chunkSize: .rows(2), shardSize: .rows(6), compressors: []),
      monitor: monitor)
    for _ in 0..<15 { try appender.append([1, 2, 3] as [UInt8]) }
    try appender.finish()
    #expect(monitor.progress.elementCount == 15)
    #expect(monitor.progress.elementByteCount == 45)
  }

  @Test("A shard that cannot be stored is an error, and the array stays as it was")
  func failure() throws {
    let base = MemoryStore()
    let store = StoreProbe(base) { call in
      if case .write(let key) = call, key.description == "c/1" { throw StoreProbe.Failure() }
    }
    let appender = try Appender.create(
      in: store, options: ArrayOptions(chunkSize: .rows(2), shardSize: .rows(6), compressors: []))
    #expect(throws: ZarrError.self) {
      for index in 0..<1000 { try appender.append([UInt8(truncatingIfNeeded: index)]) }
      try appender.finish()
    }
    #expect(try ZarrArray.open(in: base).shape == [0])
  }

  @Test("Where storing is slow, no more shards wait than one that is stored and one that is complete")
  func slowStore() throws {
    let gate = StoreGate()
    let store = StoreProbe(MemoryStore()) { call in
      if case .write(let key) = call, key.description.hasPrefix("c/") { gate.wait() }
    }
    @Sendable func shardCount() -> Int {
      store.calls.count { if case .write(let key) = $0 { key.description.hasPrefix("c/") } else { false } }
    }
    let appender = try Appender.create(
      in: store, options: ArrayOptions(chunkSize: .rows(1), shardSize: .rows(2), compressors: []),
      access: ArrayAccess(workerCount: 8), memoryBudget: 1)
    let seen = Mutex(0)
    DispatchQueue(label: "gate").async {
      while shardCount() < 2 { usleep(1000) }
      // Time enough for more to come, if more came.
      usleep(50_000)
      seen.withLock { $0 = shardCount() }
      gate.open()
    }
    let elements = (0..<100).map { [UInt8($0)] }
    for element in elements { try appender.append(element) }
    #expect(try appender.finish().read().arrays() == elements)
    #expect(seen.withLock { $0 } == 2)
  }

  @Test("An appender that is given up stores no more")
  func cancelled() throws {
    let store = MemoryStore()
    let appender = try Appender.create(
      in: store, options: ArrayOptions(chunkSize: .rows(2), shardSize: .rows(6), compressors: []))
    for _ in 0..<5 { try appender.append([1] as [UInt8]) }
    appender.cancel()
    #expect(try store.keys() == ["zarr.json"])
  }

  @Test("Shards that differ in length cannot be appended to")
  func rectilinear() throws {
    let grid = try ChunkGrid(dimensions: [.lengths(ChunkLengths([4, 2]))])
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [6], options: ArrayOptions(chunkSize: .rows(2), shardSize: .grid(grid)))
    let error = #expect(throws: ZarrError.self) { try Appender(to: array) }
    guard case .notWritable? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
  }

  @Test("Elements set one at a time cost one write of a shard, and one read of a chunk in part")
  func writeBack() throws {
    let base = MemoryStore()
    let store = StoreProbe(base)
    let array = try ZarrArray.create(
      in: store, writing: (0..<30).map { "\($0)" },
      options: ArrayOptions(dataType: .string, chunkSize: .rows(2), shardSize: .rows(10)))
    var expected = (0..<30).map { "\($0)" }
    let start = store.calls.count
    try array.withWriteBack(as: String.self) { view in
      for index in [3, 12, 13, 18, 14, 15] {
        expected[index] = "set \(index)"
        try view.write(expected[index], at: index)
        #expect(try view.read(at: [index]) == expected[index])
      }
      #expect(try view.read(at: [0]) == "0")
    }
    #expect(
      store.calls.dropFirst(start).count { if case .write = $0 { true } else { false } } == 2)
    #expect(try array.read().strings() == expected)
    #expect(try ZarrArray.open(in: base).read().strings() == expected)
  }
}
