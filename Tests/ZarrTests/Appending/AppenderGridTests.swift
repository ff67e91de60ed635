import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Appending rows")
struct AppenderGridTests {
  /// Rows of a shape, in chunks of a shape.
  struct Layout: CustomTestStringConvertible, Sendable {
    let rowShape: [Int]
    let chunkShape: [Int]
    var testDescription: String { "rows of \(rowShape) in chunks of \(chunkShape)" }
    var rowCount: Int { rowShape.reduce(1, *) }
  }

  static let layouts = [
    Layout(rowShape: [], chunkShape: [3]),
    Layout(rowShape: [3], chunkShape: [2, 3]),
    Layout(rowShape: [3], chunkShape: [1, 3]),
    Layout(rowShape: [3], chunkShape: [1, 2]),
    Layout(rowShape: [4], chunkShape: [1, 2]),
    Layout(rowShape: [5], chunkShape: [3, 2]),
    Layout(rowShape: [3], chunkShape: [2, 5]),
    Layout(rowShape: [1], chunkShape: [2, 1]),
    Layout(rowShape: [3, 4], chunkShape: [2, 3, 4]),
    Layout(rowShape: [3, 4], chunkShape: [2, 2, 3]),
    Layout(rowShape: [3, 4], chunkShape: [2, 1, 4]),
    Layout(rowShape: [2, 2, 3], chunkShape: [2, 1, 2, 2]),
  ]

  private func options(_ layout: Layout) -> ArrayOptions {
    ArrayOptions(chunkSize: .shape(layout.chunkShape), compressors: [], fillValue: [8])
  }

  @Test("Rows are where they belong, whatever the chunks", arguments: layouts, [0, 1, 2, 3, 7])
  func rows(layout: Layout, rows: Int) throws {
    let store = MemoryStore()
    let elements = ArrayElements.numbered(rows * layout.rowCount)
    let appender = try Appender.create(in: store, rowShape: layout.rowShape, options: options(layout))
    try appender.append(blobs: elements)
    let array = try appender.finish()
    #expect(array.shape == [rows] + layout.rowShape)
    #expect(try array.read().arrays() == elements)

    // The same bytes as those of an array that is written at once.
    let other = MemoryStore()
    try ZarrArray.create(in: other, writing: elements, shape: array.shape, options: options(layout))
    #expect(try store.keys() == other.keys())
    for key in try store.keys() {
      #expect(try store.value(of: key) == other.value(of: key), "\(key)")
    }
  }

  @Test("Rows follow those that are there, element by element", arguments: layouts)
  func existingRows(layout: Layout) throws {
    for first in 0...4 {
      let store = MemoryStore()
      let elements = ArrayElements.numbered((first + 3) * layout.rowCount)
      let head = Array(elements.prefix(first * layout.rowCount))
      try ZarrArray.create(
        in: store, writing: head, shape: [first] + layout.rowShape, options: options(layout))
      let appender = try Appender(to: try ZarrArray.open(in: store))
      for element in elements.dropFirst(head.count) {
        try appender.append(blob: element.span.bytes)
      }
      #expect(try appender.finish().read().arrays() == elements, "\(first) rows")
    }
  }

  @Test("A row that is not complete is an error, and says how many elements it has", arguments: layouts)
  func incompleteRow(layout: Layout) throws {
    for count in 1..<max(1, layout.rowCount) {
      for rows in 0...2 {
        let store = MemoryStore()
        let appender = try Appender.create(in: store, rowShape: layout.rowShape, options: options(layout))
        try appender.append(
          blobs: ArrayElements.numbered(rows * layout.rowCount + count))
        let error = #expect(throws: ZarrError.self) { try appender.finish() }
        guard case .elementCount(let path, count, layout.rowCount)? = error else {
          Issue.record("\(rows) rows and \(count): unexpected error \(String(describing: error))")
          continue
        }
        #expect(path.contains("memory"))
        #expect(try ZarrArray.open(in: store).shape == [0] + layout.rowShape)
      }
    }
  }

  @Test("Rows without elements take none", arguments: [[0], [0, 3], [2, 0]])
  func emptyRows(rowShape: [Int]) throws {
    for chunkShape in [[2] + rowShape.map { max(1, $0) }, [2] + rowShape.map { _ in 1 }] {
      let store = MemoryStore()
      let appender = try Appender.create(
        in: store, rowShape: rowShape, options: ArrayOptions(chunkSize: .shape(chunkShape)))
      #expect(throws: ZarrError.self) { try appender.append(blob: ([1] as [UInt8]).span.bytes) }
      #expect(throws: ZarrError.self) {
        try appender.append(blobs: [[1]] as [[UInt8]])
      }
      #expect(try appender.finish().shape == [0] + rowShape)
      #expect(try store.keys() == ["zarr.json"])
    }
  }

  @Test("An array without dimensions cannot grow")
  func noDimensions() throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [], options: ArrayOptions(chunkSize: .shape([])))
    let error = #expect(throws: ZarrError.self) { try Appender(to: array) }
    guard case .notWritable("memory", _)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
  }

  @Test(
    "An array that claims more than can be counted is an error",
    arguments: [
      Layout(rowShape: [Int.max, 2], chunkShape: [1, 1, 1]),
      Layout(rowShape: [1 << 40, 1 << 40], chunkShape: [1, 1 << 16, 1 << 15]),
    ])
  func hugeRows(layout: Layout) throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [0] + layout.rowShape, options: options(layout))
    let error = #expect(throws: ZarrError.self) { try Appender(to: array) }
    guard case .tooLarge("memory")? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
  }

  @Test(
    "An array that cannot become longer is an error",
    arguments: [(Int.max, 1), (Int.max - 1, 4), (Int.max, 4)])
  func longest(length: Int, chunkCount: Int) throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [length], options: ArrayOptions(chunkSize: .rows(chunkCount)))
    let error = #expect(throws: ZarrError.self) {
      let appender = try Appender(to: array)
      for _ in 0..<9 { try appender.append(blob: ([1] as [UInt8]).span.bytes) }
      try appender.finish()
    }
    guard case .tooLarge("memory")? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(array.shape == [length])
  }
}
