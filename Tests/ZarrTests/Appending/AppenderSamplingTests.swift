import ChunkEngine
import TestSupport
import Testing
import Zarr

/// Chunk sizes in bytes, which an appender finds from the first elements.
@Suite("Appending before the chunk size is known")
struct AppenderSamplingTests {
  private func append(
    _ elements: [[UInt8]], chunkByteCount: Int, rowShape: [Int] = [], singly: Bool, to store: any Store
  ) throws -> ZarrArray {
    let appender = try Appender.create(
      in: store, rowShape: rowShape, options: ArrayOptions(chunkSize: .bytes(chunkByteCount), compressors: [])
    )
    if singly {
      for element in elements { try appender.append(blob: element.span.bytes) }
    } else {
      try appender.append(blobs: elements)
    }
    return try appender.finish()
  }

  @Test("Chunks have about the size that is asked for", arguments: [100, 1000, 10_000], [false, true])
  func chunkSize(chunkByteCount: Int, singly: Bool) throws {
    let store = MemoryStore()
    var generator = SeededGenerator(seed: 4)
    let elements = ArrayElements.random(5000, maximumByteCount: 40, using: &generator)
    let array = try append(elements, chunkByteCount: chunkByteCount, singly: singly, to: store)
    #expect(try array.read().arrays() == elements)
    #expect(array.chunkCount > 1)
    // An element has 24 bytes with its length, give or take what a small sample is off.
    let expected = chunkByteCount / 24
    #expect((expected / 2...expected * 2).contains(array.chunkShape[0]), "\(array.chunkShape)")
  }

  @Test("The mean is that of the elements with their lengths, and not of the chunk's header")
  func headerIsNotCounted() throws {
    // 100 bytes with its length.
    let elements = [[UInt8]](repeating: [UInt8](repeating: 1, count: 96), count: 250)
    let array = try append(elements, chunkByteCount: 10_000, singly: true, to: MemoryStore())
    #expect(array.chunkShape == [100])
  }

  @Test("Without any elements, chunks are those of elements of 1 KiB", arguments: [1 << 20, 1 << 10, 100])
  func noElements(chunkByteCount: Int) throws {
    let expected = [max(1, chunkByteCount >> 10)]
    #expect(
      try append([], chunkByteCount: chunkByteCount, singly: true, to: MemoryStore()).chunkShape == expected)
    let created = try ZarrArray.create(
      in: MemoryStore(), writing: [] as [[UInt8]], options: ArrayOptions(chunkSize: .bytes(chunkByteCount)))
    #expect(created.chunkShape == expected)
  }

  @Test("Elements that end before the sample does are stored", arguments: [0, 1, 2, 50], [false, true])
  func fewElements(count: Int, singly: Bool) throws {
    let store = MemoryStore()
    let elements = ArrayElements.numbered(count)
    let array = try append(elements, chunkByteCount: 1 << 20, singly: singly, to: store)
    #expect(array.shape == [count])
    #expect(try array.read().arrays() == elements)
    #expect(try store.keys("c") == (count == 0 ? [] : ["c/0"]))
    #expect(try ZarrArray.open(in: store).chunkShape[0] > 0)
  }

  @Test("A sample of just the size of a chunk, or one element off it", arguments: -1...1, [false, true])
  func exactlyFull(surplus: Int, singly: Bool) throws {
    // 4 bytes for the count, and each element has 10 with its length.
    let elements = [[UInt8]](repeating: Array("sixsix".utf8), count: 20 + surplus)
    let array = try append(elements, chunkByteCount: 204, singly: singly, to: MemoryStore())
    #expect(array.shape == [20 + surplus])
    #expect(try array.read().arrays() == elements)
  }

  @Test("Empty elements alone", arguments: [1, 10, 5000])
  func emptyElements(count: Int) throws {
    let array = try append(
      [[UInt8]](repeating: [], count: count), chunkByteCount: 1000, singly: true, to: MemoryStore())
    #expect(array.shape == [count])
    #expect(try array.read().arrays() == [[UInt8]](repeating: [], count: count))
  }

  @Test("Rows may be longer or shorter than the sample", arguments: [[3], [100], [4, 30]], [50, 5000])
  func rows(rowShape: [Int], chunkByteCount: Int) throws {
    let rowCount = rowShape.reduce(1, *)
    let elements = ArrayElements.numbered(rowCount * 7)
    let array = try append(
      elements, chunkByteCount: chunkByteCount, rowShape: rowShape, singly: false, to: MemoryStore())
    #expect(array.shape == [7] + rowShape)
    #expect(try array.read().arrays() == elements)
  }

  @Test("Nothing is created before it must be, and what is there then is kept")
  func lateCreation() throws {
    let store = MemoryStore()
    let appender = try Appender.create(in: store, at: "a")
    try appender.append(blob: ([1] as [UInt8]).span.bytes)
    #expect(store.count == 0)
    _ = try ZarrGroup.create(in: store, at: "a")
    let error = #expect(throws: ZarrError.self) { try appender.finish() }
    guard case .alreadyExists("memory/a")? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
  }
}
