import ChunkEngine
import TestSupport
import Testing
import Zarr

/// Later elements that are much larger than the first ones, by which the chunks were measured.
@Suite("Appending elements that get larger")
struct AppenderDividingTests {
  /// Small elements, and after them some that are a hundred times as large.
  private func elements(_ smallCount: Int, _ largeCount: Int, seed: UInt64) -> [[UInt8]] {
    var generator = SeededGenerator(seed: seed)
    return (0..<smallCount + largeCount).map { index in
      generator.bytes(count: Int.random(in: 0...10, using: &generator) * (index < smallCount ? 1 : 100))
    }
  }

  /// The bytes of the largest chunk besides its largest element.
  private func largestChunk(_ elements: [[UInt8]], _ count: Int) -> Int {
    stride(from: 0, to: elements.count, by: count).map { start in
      let sizes = elements[start..<min(elements.count, start + count)].map(\.count)
      return sizes.reduce(0, +) + 4 * sizes.count - (sizes.max() ?? 0)
    }.max() ?? 0
  }

  private static let options = [
    ArrayOptions(chunkSize: .bytes(200), compressors: []),
    ArrayOptions(chunkSize: .bytes(200), zarrFormat: .version2),
    ArrayOptions(chunkSize: .bytes(200), shardSize: .bytes(1000), compressors: [.zstd()]),
  ]

  @Test(
    "The array is divided into smaller chunks, and no element is lost", arguments: 0..<3,
    [(0, 50), (1, 50), (333, 50), (40, 1), (1000, 300)])
  func dividing(options: Int, counts: (Int, Int)) throws {
    for singly in [false, true] {
      let elements = elements(counts.0, counts.1, seed: UInt64(counts.0 + 7))
      let store = MemoryStore()
      let appender = try Appender.create(in: store, options: Self.options[options])
      if singly {
        for (index, element) in elements.enumerated() {
          try appender.append(blob: element.span.bytes)
          #expect(appender.appendedCount == index + 1)
        }
      } else {
        try appender.append(blobs: elements)
      }
      try appender.finish()
      #expect(appender.appendedCount == elements.count)

      let array = try ZarrArray.open(in: store)
      #expect(try array.read().arrays() == elements)
      #expect(largestChunk(elements, array.chunkShape[0]) <= 16 * 200)
      // Nothing is left of the larger chunks.
      let stored = array.metadata.chunkGrid.chunkShape[0]
      #expect(try store.keys("").count <= (elements.count + stored - 1) / stored + 2)
      // And it can be continued.
      let next = try Appender(to: array)
      try next.append(blobs: elements)
      #expect(try next.finish().read().arrays() == elements + elements)
    }
  }

  @Test("What a checkpoint has stored stays as it is, and what does not fit is an error that says what does")
  func checkpoint() throws {
    let store = MemoryStore()
    let limits = DecodingLimits(decodedByteCountPerChunk: 4000)
    let appender = try Appender.create(
      in: store, options: ArrayOptions(chunkSize: .bytes(500)), access: ArrayAccess(limits: limits))
    let small = [[UInt8]](repeating: [1], count: 120)
    try appender.append(blobs: small)
    try appender.checkpoint()
    let large = [[UInt8]](repeating: [UInt8](repeating: 2, count: 400), count: 50)
    let error = #expect(throws: ZarrError.self) {
      for element in large { try appender.append(blob: element.span.bytes) }
    }
    guard case .chunkTooLarge(_, 100, _, let fittingCount)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect((1...8).contains(fittingCount))
    appender.cancel()
    #expect(try ZarrArray.open(in: store).read().arrays() == small)
  }

  @Test("An element that is larger than all others together makes no smaller chunks")
  func oneLargeElement() throws {
    var elements = [[UInt8]](repeating: [1, 2, 3], count: 500)
    elements[300] = [UInt8](repeating: 9, count: 100_000)
    let appender = try Appender.create(in: MemoryStore(), options: ArrayOptions(chunkSize: .bytes(700)))
    for element in elements { try appender.append(blob: element.span.bytes) }
    let array = try appender.finish()
    #expect(array.chunkShape == [100])
    #expect(try array.read().arrays() == elements)
  }

  @Test("Nothing is stored that the same limits do not let anybody read")
  func expansion() throws {
    let limits = DecodingLimits(decodedByteCountPerChunk: 1000)
    for options in [
      ArrayOptions(chunkSize: .rows(4)), ArrayOptions(chunkSize: .rows(4), shardSize: .rows(8)),
    ] {
      let store = MemoryStore()
      let appender = try Appender.create(in: store, options: options, access: ArrayAccess(limits: limits))
      #expect(throws: (any Error).self) {
        try appender.append(blob: [UInt8](repeating: 1, count: 2000).span.bytes)
        try appender.finish()
      }
      appender.cancel()
      #expect(try ZarrArray.open(in: store).shape == [0])
    }
  }

  @Test("Arrays that are made of elements of uneven sizes have no huge chunks")
  func creation() throws {
    // The mean is that of small ones.
    let small = [[UInt8]](repeating: [1], count: 200_000)
    let large = [[UInt8]](repeating: [UInt8](repeating: 2, count: 100_000), count: 300)
    let array = try ZarrArray.create(
      in: MemoryStore(), blobs: JoinedBlobs([small, large]),
      options: ArrayOptions(chunkSize: .bytes(1 << 20)))
    #expect(array.chunkShape[0] * 100_000 <= 17 << 20)
    #expect(try array.read([199_999..<200_001]).arrays() == [small[0], large[0]])
  }

  @Test(
    "Counts at the end of what can be counted are errors",
    arguments: [Int.max - 1, Int.max, 1 << 62, Int.max - 4])
  func hugeShapes(length: Int) throws {
    for dataType in [DataType.number(.uint8), .bytes] {
      let store = MemoryStore()
      let array = try ZarrArray.create(
        in: store, shape: [length], options: ArrayOptions(dataType: dataType, chunkSize: .rows(5)))
      let appender = try Appender(to: array)
      #expect(throws: (any Error).self) {
        for _ in 0..<12 { try appender.append(blob: [1].span.bytes) }
        if length == 1 << 62 { throw ZarrError.cancelled }
        try appender.finish()
      }
      _ = appender.appendedCount
      appender.cancel()
      #expect(try ZarrArray.open(in: store).shape == [length])
    }
  }
}
