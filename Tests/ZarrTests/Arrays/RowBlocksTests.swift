import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Rows, some at a time")
struct RowBlocksTests {
  @Test("Blocks follow each other and are all of the rows", arguments: ArrayModelTests.layouts, [1, 2, 5])
  func allRows(layout: ArrayModelTests.Layout, workerCount: Int) throws {
    let count = layout.shape.reduce(1, *)
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: ArrayElements.numbered(count), shape: layout.shape,
      options: ArrayOptions(chunkSize: .shape(layout.chunkShape), codecs: []),
      access: ArrayAccess(workerCount: workerCount))
    let length = layout.shape.first ?? 1
    for rows in ArrayRegion.all(of: [length]).map(\.ranges[0]) {
      var blocks = try array.rowBlocks(rows)
      var row = rows.lowerBound
      var found: [[UInt8]] = []
      while let block = try blocks.next() {
        #expect(block.rows.lowerBound == row)
        #expect(!block.rows.isEmpty)
        #expect(block.rows.count <= (layout.chunkShape.first ?? 1) * workerCount)
        row = block.rows.upperBound
        found += block.elements.arrays()
      }
      #expect(row == rows.upperBound)
      let rowCount = layout.shape.dropFirst().reduce(1, *)
      #expect(
        found == Array(ArrayElements.numbered(count)[rows.lowerBound * rowCount..<rows.upperBound * rowCount])
      )
      #expect(try blocks.next() == nil)
    }
    var blocks = try array.rowBlocks()
    var found: [[UInt8]] = []
    while let block = try blocks.next() { found += block.elements.arrays() }
    #expect(found == ArrayElements.numbered(count))
  }

  @Test("No chunk is read twice, wherever the rows begin")
  func chunksOnce() throws {
    let probe = StoreProbe(MemoryStore())
    let array = try ZarrArray.create(
      in: probe, writing: ArrayElements.numbered(50), options: ArrayOptions(chunkSize: .count(3), codecs: []),
      access: ArrayAccess(workerCount: 2))
    let before = probe.calls.count
    var blocks = try array.rowBlocks(7..<44)
    while let block = try blocks.next() { #expect(block.elements.count == block.rows.count) }
    let calls = probe.calls.dropFirst(before)
    #expect(calls.count == 13)
    #expect(Set(calls) == Set((2...14).map { .read(array.key(ofChunkAt: [$0])) }))
  }

  @Test("Rows outside of the array are an error", arguments: [-1..<1, 0..<6, 6..<6])
  func outside(rows: Range<Int>) throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [5], options: ArrayOptions(chunkSize: .count(2)))
    let error = #expect(throws: ZarrError.self) { try array.rowBlocks(rows) }
    guard case .outOfBounds("memory", [rows], [5])? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
  }

  @Test("A damaged chunk is an error, and the blocks behind it can be read")
  func damaged() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(
      in: store, writing: ArrayElements.numbered(6), options: ArrayOptions(chunkSize: .count(2), codecs: []),
      access: ArrayAccess(workerCount: 1))
    try store.put([1], at: "c/1")
    var blocks = try array.rowBlocks()
    #expect(try blocks.next()?.elements.arrays() == Array(ArrayElements.numbered(6)[..<2]))
    #expect(throws: ZarrError.self) { try blocks.next() }
    #expect(try blocks.next()?.elements.arrays() == Array(ArrayElements.numbered(6)[4...]))
  }
}
