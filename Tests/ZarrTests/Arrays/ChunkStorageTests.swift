import ChunkEngine
import TestSupport
import Testing
import Zarr

/// What of an array is in its store.
@Suite("Stored chunks")
struct ChunkStorageTests {
  /// The elements of a chunk without compression, by the definition of its form.
  private func elements(ofWireForm bytes: [UInt8]) throws -> [[UInt8]] {
    func number(_ offset: Int) throws -> Int {
      try #require(offset + 4 <= bytes.count)
      return bytes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    var elements: [[UInt8]] = []
    var offset = 4
    for _ in 0..<(try number(0)) {
      let byteCount = try number(offset)
      try #require(offset + 4 + byteCount <= bytes.count)
      elements.append(Array(bytes[offset + 4..<offset + 4 + byteCount]))
      offset += 4 + byteCount
    }
    #expect(offset == bytes.count)
    return elements
  }

  private func options(_ chunkShape: [Int], fillValue: [UInt8] = []) -> ArrayOptions {
    ArrayOptions(chunkSize: .shape(chunkShape), compressors: [], fillValue: fillValue)
  }

  @Test("A chunk is its count and its elements in C order, each after its length")
  func wireForm() throws {
    let store = MemoryStore()
    try ZarrArray.create(in: store, blobs: [[1, 2], [], [3]] as [[UInt8]], options: options([3]))
    #expect(try store.value(of: "c/0") == [3, 0, 0, 0, 2, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0, 0, 0, 3])
  }

  @Test("Chunks at the edge have the full shape, padded with the fill value", arguments: [[], [9, 9]])
  func edges(fillValue: [UInt8]) throws {
    let store = MemoryStore()
    let written = ArrayElements.numbered(6)
    try ZarrArray.create(
      in: store, writing: written, shape: [2, 3], options: options([2, 2], fillValue: fillValue))
    let first = try elements(ofWireForm: try storedValue(at: "c/0/0", in: store))
    #expect(first == [written[0], written[1], written[3], written[4]])
    let last = try elements(ofWireForm: try storedValue(at: "c/0/1", in: store))
    #expect(last == [written[2], fillValue, written[5], fillValue])
    #expect(try store.keys() == ["c/0/0", "c/0/1", "zarr.json"])
  }

  @Test("A chunk larger than its array is padded too")
  func chunkBeyondArray() throws {
    let store = MemoryStore()
    try ZarrArray.create(in: store, blobs: [[1]] as [[UInt8]], options: options([3], fillValue: [8]))
    #expect(try elements(ofWireForm: try storedValue(at: "c/0", in: store)) == [[1], [8], [8]])
  }

  @Test("Chunks of nothing but fill values are not stored, and removed when they come to be")
  func fillValueChunks() throws {
    let store = MemoryStore()
    let fillValue: [UInt8] = [5, 5]
    let array = try ZarrArray.create(
      in: store, writing: [fillValue, fillValue, [1], fillValue, fillValue],
      options: options([2], fillValue: fillValue))
    #expect(try store.keys("c") == ["c/1"])
    #expect(try array.read().arrays() == [fillValue, fillValue, [1], fillValue, fillValue])
    try array.write(fillValue, at: [2])
    #expect(try store.keys("c") == [])
    #expect(try array.read().arrays() == [[UInt8]](repeating: fillValue, count: 5))
    // Empty is not the fill value here.
    try array.write(blob: [], at: [4])
    #expect(try store.keys("c") == ["c/2"])
    #expect(try array.read(at: [4]) == [])
    #expect(try array.read(at: [3]) == fillValue)
  }

  @Test("Chunks of fill values are stored if that is asked for")
  func storedFillValueChunks() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(
      in: store, shape: [3], options: options([2], fillValue: [5]),
      access: ArrayAccess(writesEmptyChunks: true))
    #expect(try store.keys() == ["zarr.json"])
    try array.write(blobs: [[5], [5], [5]] as [[UInt8]])
    #expect(try store.keys("c") == ["c/0", "c/1"])
    #expect(try elements(ofWireForm: try storedValue(at: "c/1", in: store)) == [[5], [5]])
    #expect(try array.read().arrays() == [[5], [5], [5]])
  }

  @Test(
    "Chunks have the keys of their encoding",
    arguments: [
      (ChunkKeyEncoding(.default, separator: .slash), ["c/0/0", "c/0/1", "c/1/0", "c/1/1"], "c"),
      (ChunkKeyEncoding(.default, separator: .dot), ["c.0.0", "c.0.1", "c.1.0", "c.1.1"], "c"),
      (ChunkKeyEncoding(.v2, separator: .dot), ["0.0", "0.1", "1.0", "1.1"], "0"),
      (ChunkKeyEncoding(.v2, separator: .slash), ["0/0", "0/1", "1/0", "1/1"], "0"),
    ])
  func keys(encoding: ChunkKeyEncoding, expected: [String], scalar: String) throws {
    let store = MemoryStore()
    var options = options([2, 1])
    options.chunkKeyEncoding = encoding
    try ZarrArray.create(
      in: store, at: "x/y", writing: ArrayElements.numbered(6), shape: [3, 2], options: options)
    #expect(try store.keys("x/y") == (expected + ["zarr.json"]).map { "x/y/\($0)" })
    options.chunkSize = .shape([])
    let array = try ZarrArray.create(
      in: store, at: "x/0d", blobs: [[1]] as [[UInt8]], shape: [], options: options)
    #expect(try store.keys("x/0d") == ["x/0d/\(scalar)", "x/0d/zarr.json"])
    #expect(try array.read().arrays() == [[1]])
  }

  @Test("A write touches no chunk but its own, and reads only those that it covers in part")
  func touchedChunks() throws {
    let probe = StoreProbe(MemoryStore())
    let array = try ZarrArray.create(
      in: probe, writing: ArrayElements.numbered(10), options: options([4]),
      access: ArrayAccess(workerCount: 1))
    let before = probe.calls.count
    try array.write(ArrayElements.numbered(5, label: "new "), to: [3..<8])
    let key = { (index: Int) in array.key(ofChunkAt: [index]) }
    #expect(probe.calls.dropFirst(before) == [.read(key(0)), .write(key(0)), .write(key(1))])
    // The last chunk is whole although the array ends inside of it.
    try array.write(blobs: [[1], [2]] as [[UInt8]], to: [8..<10])
    #expect(probe.calls.last == .write(key(2)))
    #expect(probe.calls.dropFirst(before).count == 4)
  }

  @Test("An empty region writes and reads nothing")
  func emptyRegion() throws {
    let probe = StoreProbe(MemoryStore())
    let array = try ZarrArray.create(in: probe, shape: [4, 4], options: options([2, 2]))
    let before = probe.calls.count
    try array.write([] as [[UInt8]], to: [1..<3, 2..<2])
    #expect(try array.read([1..<3, 2..<2]).count == 0)
    try array.scan([4..<4, 0..<4]) { _, _ in Issue.record("there is nothing to see") }
    #expect(probe.calls.count == before)
  }
}
