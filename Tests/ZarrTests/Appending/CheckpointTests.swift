import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Checkpoints", .timeLimit(.minutes(10)))
struct CheckpointTests {
  /// Arrays of one kind or another, of rows that are appended.
  struct Layout: CustomTestStringConvertible, Sendable {
    let rowShape: [Int]
    let options: ArrayOptions
    let testDescription: String

    var rowCount: Int { rowShape.reduce(1, *) }

    /// Whether the bytes in the store are those of an array that is written at once.
    let isCanonical: Bool

    init(_ rowShape: [Int], _ chunkShape: [Int], shards: [Int]? = nil) {
      self.rowShape = rowShape
      options = ArrayOptions(
        chunkSize: .shape(chunkShape), shardSize: shards.map { .shape($0) }, compressors: [.crc32c],
        fillValue: [8]
      )
      testDescription = "rows of \(rowShape) in chunks of \(chunkShape), shards \(shards ?? [])"
      isCanonical = true
    }

    /// Elements in chunks of a size in bytes, which is found from the first ones.
    init(bytes: Int) {
      rowShape = []
      options = ArrayOptions(chunkSize: .bytes(bytes))
      testDescription = "chunks of about \(bytes) bytes"
      isCanonical = false
    }

    init(evenBytes: Int) {
      rowShape = []
      options = ArrayOptions(chunkSize: .evenBytes(evenBytes), compressors: [])
      testDescription = "chunks of at most \(evenBytes) bytes"
      isCanonical = false
    }
  }

  static let layouts = [
    Layout([], [1]), Layout([], [3]), Layout([3], [2, 3]), Layout([4], [1, 2]), Layout([5], [3, 2]),
    Layout([3], [2, 5]), Layout([3, 4], [2, 2, 3]), Layout([], [2], shards: [6]),
    Layout([], [3], shards: [3]), Layout([3], [2, 3], shards: [4, 3]), Layout([5], [2, 2], shards: [4, 4]),
    Layout([3, 4], [1, 2, 3], shards: [2, 4, 3]), Layout(evenBytes: 30), Layout(evenBytes: 1 << 20),
    Layout(bytes: 70), Layout(bytes: 1 << 20),
  ]

  private func elements(_ layout: Layout, _ rows: Range<Int>) -> [[UInt8]] {
    Array(ArrayElements.numbered(rows.upperBound * layout.rowCount)[(rows.lowerBound * layout.rowCount)...])
  }

  @Test(
    "Appended rows are there after a checkpoint, and later rows follow them", arguments: layouts, [1, 2, 5])
  func everyFewRows(layout: Layout, step: Int) throws {
    let store = MemoryStore()
    let appender = try Appender.create(in: store, rowShape: layout.rowShape, options: layout.options)
    for row in 0..<13 {
      try appender.append(blobs: elements(layout, row..<row + 1))
      guard (row + 1).isMultiple(of: step) else { continue }
      try appender.checkpoint()
      // Again, for nothing.
      try appender.checkpoint()
      let array = try ZarrArray.open(in: store)
      #expect(array.shape == [row + 1] + layout.rowShape)
      #expect(try array.read().arrays() == elements(layout, 0..<row + 1))
      #expect(appender.appendedCount == (row + 1) * layout.rowCount)
    }
    let array = try appender.finish()
    #expect(try array.read().arrays() == elements(layout, 0..<13))
    guard layout.isCanonical else { return }
    let other = MemoryStore()
    try ZarrArray.create(
      in: other, writing: elements(layout, 0..<13), shape: array.shape, options: layout.options)
    #expect(try store.keys() == other.keys())
    for key in try store.keys() {
      #expect(try store.value(of: key) == other.value(of: key), "\(key)")
    }
  }

  @Test("The next appender after a cancelled one continues at its checkpoint", arguments: layouts)
  func givenUp(layout: Layout) throws {
    for (first, lost) in [(0, 3), (1, 1), (2, 7), (5, 2), (6, 1), (7, 6)] {
      // Nothing is created without elements.
      if first == 0, case .bytes = layout.options.chunkSize { continue }
      let store = MemoryStore()
      let appender = try Appender.create(in: store, rowShape: layout.rowShape, options: layout.options)
      try appender.append(blobs: elements(layout, 0..<first))
      try appender.checkpoint()
      try appender.append(
        blobs: [[UInt8]](repeating: [99], count: lost * layout.rowCount))
      appender.cancel()
      #expect(try ZarrArray.open(in: store).read().arrays() == elements(layout, 0..<first))
      let next = try Appender(to: ZarrArray.open(in: store))
      for element in elements(layout, first..<first + 4) {
        try next.append(blob: element.span.bytes)
      }
      try next.checkpoint()
      next.cancel()
      #expect(
        try ZarrArray.open(in: store).read().arrays() == elements(layout, 0..<first + 4),
        "\(first) rows, \(lost) lost")
    }
  }

  @Test("A row that is not complete is an error, and can be completed", arguments: layouts)
  func incompleteRow(layout: Layout) throws {
    let store = MemoryStore()
    let appender = try Appender.create(in: store, rowShape: layout.rowShape, options: layout.options)
    for (index, element) in elements(layout, 0..<3).enumerated() {
      if !index.isMultiple(of: layout.rowCount) {
        let error = #expect(throws: ZarrError.self) { try appender.checkpoint() }
        guard case .elementCount? = error else {
          Issue.record("unexpected error \(String(describing: error))")
          continue
        }
        #expect(throws: ZarrError.self) { try appender.finish() }
      }
      try appender.append(blob: element.span.bytes)
    }
    #expect(try appender.finish().read().arrays() == elements(layout, 0..<3))
  }

  @Test("The array is created at a checkpoint of a sample, with chunks for the elements in it")
  func sampling() throws {
    let store = MemoryStore()
    let appender = try Appender.create(
      in: store, options: ArrayOptions(chunkSize: .bytes(10_000), compressors: []))
    try appender.checkpoint()
    #expect(store.count == 0)
    // 100 bytes with the length of each.
    let elements = (0..<250).map { [UInt8](repeating: UInt8($0), count: 96) }
    for (index, element) in elements.enumerated() {
      try appender.append(blob: element.span.bytes)
      guard [2, 3, 110].contains(index) else { continue }
      try appender.checkpoint()
      #expect(try ZarrArray.open(in: store).read().arrays() == Array(elements[...index]))
    }
    let array = try appender.finish()
    #expect(array.chunkShape == [100])
    #expect(try array.read().arrays() == elements)
    #expect(appender.appendedCount == 250)
  }

  @Test("Progress counts all elements once")
  func monitor() throws {
    for layout in Self.layouts {
      let monitor = ProgressMonitor()
      let appender = try Appender.create(
        in: MemoryStore(), rowShape: layout.rowShape, options: layout.options, monitor: monitor)
      for _ in 0..<11 {
        try appender.append(
          blobs: [[UInt8]](repeating: [1, 2, 3], count: layout.rowCount))
        try appender.checkpoint()
      }
      try appender.finish()
      #expect(monitor.progress.elementCount == 11 * layout.rowCount)
      #expect(monitor.progress.elementByteCount == 33 * layout.rowCount)
    }
  }

  @Test("Tasks have checkpoints too")
  func async() async throws {
    let store = MemoryStore()
    let appender = try await AsyncAppender.create(in: store, options: ArrayOptions(chunkSize: .rows(4)))
    for count in 1...9 {
      try await appender.append(contentsOf: [[UInt8(count)]])
      try await appender.checkpoint()
      #expect(try await ZarrArray.open(in: store).read().count == count)
      #expect(try await appender.appendedCount == count)
    }
    #expect(try await appender.finish().read().count == 9)
  }
}
