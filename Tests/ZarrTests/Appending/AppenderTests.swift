import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Appending along one dimension")
struct AppenderTests {
  private func options(_ count: Int, fillValue: [UInt8] = [], codecs: [CodecChain.Stage] = []) -> ArrayOptions
  {
    ArrayOptions(chunkSize: .rows(count), compressors: codecs, fillValue: fillValue)
  }

  @Test(
    "Elements are stored one after the other, with one worker and with many",
    arguments: [0, 1, 3, 4, 5, 8, 103],
    [1, 4])
  func elementByElement(count: Int, workerCount: Int) throws {
    let store = MemoryStore()
    let elements = ArrayElements.numbered(count)
    let appender = try Appender.create(
      in: store, at: "x", options: options(4, codecs: [.zstd()]),
      access: ArrayAccess(workerCount: workerCount))
    for element in elements {
      try appender.append(blob: element.span.bytes)
    }
    let array = try appender.finish()
    #expect(array.shape == [count])
    #expect(array.chunkShape == [4])
    #expect(try array.read().arrays() == elements)
    #expect(try ZarrArray.open(in: store, at: "x").read().arrays() == elements)
    #expect(try store.keys("x/c").count == (count + 3) / 4)
  }

  @Test("Sources, sequences, closures and single elements mix", arguments: 0..<10)
  func mixed(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let appender = try Appender.create(
      in: MemoryStore(), options: options(Int.random(in: 1...9, using: &generator)))
    var expected: [[UInt8]] = []
    for round in 0..<12 {
      let elements = ArrayElements.random(Int.random(in: 0...15, using: &generator), using: &generator)
      expected += elements
      switch round % 4 {
      case 0: try appender.append(blobs: elements)
      case 1: try appender.append(contentsOf: elements.lazy.filter { _ in true })
      case 2:
        for element in elements {
          // More room than it takes.
          try appender.append(blobCapacity: element.count + 7) { output throws(ChunkError) in
            for byte in element { output.append(byte) }
          }
        }
      default:
        for element in elements { try appender.append(blob: element.span.bytes) }
      }
    }
    let array = try appender.finish()
    #expect(try array.read().arrays() == expected, "seed \(seed)")
  }

  @Test("Text and data are appended as they are")
  func types() throws {
    let texts = ["a", "", "é😀", String(repeating: "long ", count: 10)]
    var options = options(2)
    options.dataType = .string
    let strings = try Appender.create(in: MemoryStore(), options: options)
    try strings.append(contentsOf: texts.lazy.map { $0 })
    try strings.append(blobs: texts)
    #expect(try strings.finish().read().strings() == texts + texts)

    let data = try Appender.create(in: MemoryStore(), options: self.options(2))
    try data.append(contentsOf: Set([Data([1, 2])]))
    try data.append(contentsOf: ([1, 2, 3] as [UInt8])[1...].map { [$0] })
    #expect(try data.finish().read().data() == [Data([1, 2]), Data([2]), Data([3])])
  }

  @Test("An array grows from where it ends, also inside of a chunk", arguments: 0...9)
  func existingArray(count: Int) throws {
    let store = MemoryStore()
    let fillValue: [UInt8] = [1, 1]
    let first = ArrayElements.numbered(count)
    try ZarrArray.create(in: store, writing: first, options: options(4, fillValue: fillValue))
    var expected = first
    for round in 1...3 {
      let more = ArrayElements.numbered(3, label: "\(round)/")
      let appender = try Appender(to: try ZarrArray.open(in: store))
      try appender.append(blobs: more)
      try appender.finish()
      expected += more
      #expect(try ZarrArray.open(in: store).read().arrays() == expected)
    }
    // The rest after the end is padding.
    let array = try ZarrArray.open(in: store)
    try array.resize(to: [expected.count + 3])
    #expect(try array.read().arrays() == expected + [fillValue, fillValue, fillValue])
  }

  @Test("An array ends in a chunk that is not stored")
  func existingFillValues() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(in: store, shape: [6], options: options(4, fillValue: [3]))
    let appender = try Appender(to: array)
    try appender.append(blob: ([9] as [UInt8]).span.bytes)
    try appender.finish()
    #expect(try array.read().arrays() == [[3], [3], [3], [3], [3], [3], [9]])
    #expect(try store.keys("c") == ["c/1"])
  }

  @Test("Finishing without elements changes nothing")
  func nothing() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(in: store, writing: ArrayElements.numbered(6), options: options(4))
    let document = try store.value(of: "zarr.json")
    #expect(try Appender(to: array).finish() === array)
    #expect(try store.value(of: "zarr.json") == document)
    #expect(try array.read().arrays() == ArrayElements.numbered(6))
  }

  @Test("Chunks of fill values are not stored, unless that is asked for", arguments: [false, true])
  func fillValues(storesAll: Bool) throws {
    let store = MemoryStore()
    let appender = try Appender.create(
      in: store, options: options(2, fillValue: [4]), access: ArrayAccess(writesEmptyChunks: storesAll))
    try appender.append(blobs: [[4], [4], [4], [5], [4]] as [[UInt8]])
    #expect(try appender.finish().read().arrays() == [[4], [4], [4], [5], [4]])
    #expect(try store.keys("c") == (storesAll ? ["c/0", "c/1", "c/2"] : ["c/1"]))
  }

  @Test("A budget smaller than a chunk slows down and changes nothing", arguments: [0, 1, 100])
  func smallBudget(memoryBudget: Int) throws {
    let elements = ArrayElements.numbered(1000)
    let appender = try Appender.create(
      in: MemoryStore(), options: options(16), access: ArrayAccess(workerCount: 3), memoryBudget: memoryBudget
    )
    try appender.append(blobs: elements)
    #expect(try appender.finish().read().arrays() == elements)
  }

  @Test("An appender that is dropped leaves the shape as it was")
  func dropped() throws {
    let store = MemoryStore()
    try ZarrArray.create(in: store, writing: ArrayElements.numbered(5), options: options(2))
    try Appender(to: try ZarrArray.open(in: store)).append(
      blobs: ArrayElements.numbered(9))
    #expect(try ZarrArray.open(in: store).read().arrays() == ArrayElements.numbered(5))
  }

  @Test("An element that could not be made is left out, and the next one can follow")
  func failedElement() throws {
    let appender = try Appender.create(in: MemoryStore(), options: options(2))
    try appender.append(blob: ([1] as [UInt8]).span.bytes)
    let error = #expect(throws: ZarrError.self) {
      try appender.append(blobCapacity: 10) { output throws(ChunkError) in
        output.append(7)
        throw .sourceFailed(reason: "test")
      }
    }
    #expect(error?.chunkError == .sourceFailed(reason: "test"))
    try appender.append(blob: ([2] as [UInt8]).span.bytes)
    try appender.append(blob: ([3] as [UInt8]).span.bytes)
    #expect(try appender.finish().read().arrays() == [[1], [2], [3]])
  }
}
