import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Arrays behave like dictionaries")
struct ArrayModelTests {
  /// A shape with a chunk shape, small enough to try every region.
  struct Layout: CustomTestStringConvertible, Sendable {
    let shape: [Int]
    let chunkShape: [Int]
    var testDescription: String { "\(shape) in chunks of \(chunkShape)" }
  }

  static let layouts = [
    Layout(shape: [], chunkShape: []),
    Layout(shape: [0], chunkShape: [2]),
    Layout(shape: [1], chunkShape: [1]),
    Layout(shape: [5], chunkShape: [2]),
    Layout(shape: [4], chunkShape: [4]),
    Layout(shape: [3], chunkShape: [100]),
    Layout(shape: [3, 4], chunkShape: [2, 3]),
    Layout(shape: [3, 3], chunkShape: [1, 3]),
    Layout(shape: [3, 3], chunkShape: [3, 1]),
    Layout(shape: [2, 0], chunkShape: [2, 2]),
    Layout(shape: [2, 3, 2], chunkShape: [2, 2, 1]),
    Layout(shape: [2, 2, 3], chunkShape: [1, 2, 3]),
    Layout(shape: [2, 1, 2, 2], chunkShape: [1, 1, 2, 2]),
    Layout(shape: [2, 2, 1, 2], chunkShape: [2, 1, 1, 1]),
  ]

  private func makeArray(
    _ layout: Layout, fillValue: [UInt8] = [], workerCount: Int = 2
  ) throws -> ZarrArray {
    try ZarrArray.create(
      in: MemoryStore(), shape: layout.shape,
      options: ArrayOptions(chunkSize: .shape(layout.chunkShape), compressors: [], fillValue: fillValue),
      access: ArrayAccess(workerCount: workerCount))
  }

  /// All elements that a scan shows, by their indices.
  private func scanned(_ array: ZarrArray, _ region: ArrayRegion) throws -> [[Int]: [UInt8]] {
    let found = Collected<[[Int]: [UInt8]]>([:])
    try array.scan(region) { part, elements in
      for (position, indices) in part.allIndices.enumerated() {
        let element = elements[position].withUnsafeBytes { Array($0) }
        found.change { $0[indices, default: []] += element }
      }
    }
    return found.value
  }

  @Test("Every region reads what was written", arguments: layouts, [[], [102, 105, 108, 108]])
  func everyRegionReads(layout: Layout, fillValue: [UInt8]) throws {
    let array = try makeArray(layout, fillValue: fillValue)
    var model = ArrayModel(shape: layout.shape, fillValue: fillValue)
    let elements = ArrayElements.numbered(array.count)
    try array.write(blobs: elements)
    model.write(elements, to: ArrayRegion(allOf: layout.shape))
    for region in ArrayRegion.all(of: layout.shape) {
      let expected = model.read(region)
      #expect(try array.read(region).arrays() == expected, "\(region)")
      #expect(try scanned(array, region) == Dictionary(zip(region.allIndices, expected)) { $1 }, "\(region)")
    }
  }

  @Test("Every region can be written by itself, over nothing and over others", arguments: layouts)
  func everyRegionWrites(layout: Layout) throws {
    let fillValue: [UInt8] = [7]
    let rewritten = try makeArray(layout, fillValue: fillValue)
    var rewrittenModel = ArrayModel(shape: layout.shape, fillValue: fillValue)
    for (number, region) in ArrayRegion.all(of: layout.shape).enumerated() {
      let elements = ArrayElements.numbered(try #require(region.elementCount), label: "\(number)/")
      let array = try makeArray(layout, fillValue: fillValue, workerCount: 1)
      var model = ArrayModel(shape: layout.shape, fillValue: fillValue)
      try array.write(blobs: elements, to: region)
      model.write(elements, to: region)
      #expect(try array.read().arrays() == model.read(), "\(region)")
      try rewritten.write(elements, to: region)
      rewrittenModel.write(elements, to: region)
      #expect(try rewritten.read().arrays() == rewrittenModel.read(), "\(region)")
    }
  }

  @Test("Random writes and reads of random arrays agree with the model", arguments: 0..<60)
  func randomArrays(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let rank = Int.random(in: 0...4, using: &generator)
    let longest = [1, 60, 12, 6, 4][rank]
    let shape = (0..<rank).map { _ in Int.random(in: 0...longest, using: &generator) }
    let chunkShape = shape.map { Int.random(in: 1...$0 + 2, using: &generator) }
    let fillValue = ArrayElements.random(1, maximumByteCount: 3, using: &generator)[0]
    let codecs: [CodecChain.Stage] =
      [[], [.zstd()], [.crc32c], [.zstd(), .crc32c], [.lz4(), .zstd()]].randomElement(using: &generator) ?? []
    let keys = ChunkKeyEncoding(
      Bool.random(using: &generator) ? .default : .v2,
      separator: Bool.random(using: &generator) ? .slash : .dot)
    let store = MemoryStore()
    let array = try ZarrArray.create(
      in: store, at: "a/b", shape: shape,
      options: ArrayOptions(
        chunkSize: .shape(chunkShape), compressors: codecs, fillValue: fillValue, chunkKeyEncoding: keys),
      access: ArrayAccess(workerCount: Int.random(in: 1...4, using: &generator)))
    var model = ArrayModel(shape: shape, fillValue: fillValue)

    for _ in 0..<20 {
      let region = ArrayRegion.random(in: shape, using: &generator)
      let count = try #require(region.elementCount)
      switch Int.random(in: 0..<4, using: &generator) {
      case 0:
        #expect(try array.read(region).arrays() == model.read(region), "seed \(seed), \(region)")
      case 1:
        // Fill values take what was written away again.
        let elements = [[UInt8]](repeating: fillValue, count: count)
        try array.write(blobs: elements, to: region)
        model.write(elements, to: region)
      default:
        let elements = ArrayElements.random(count, using: &generator)
        try array.write(blobs: elements, to: region)
        model.write(elements, to: region)
      }
    }
    #expect(try array.read().arrays() == model.read(), "seed \(seed)")
    let reopened = try ZarrArray.open(in: store, at: "a/b")
    #expect(reopened.metadata == array.metadata, "seed \(seed)")
    #expect(try reopened.read().arrays() == model.read(), "seed \(seed)")

    // Just the chunks with something in them are stored.
    let counts = array.metadata.chunkGrid.chunkCounts(of: shape)
    for indices in ArrayRegion(allOf: counts).allIndices {
      let isStored = try store.byteCount(of: array.key(ofChunkAt: indices)) != nil
      #expect(
        isStored == model.isStored(chunkAt: indices, chunkShape: chunkShape), "seed \(seed), \(indices)")
    }
  }

  @Test("Growth and shrinking show and hide elements", arguments: 0..<20)
  func resizing(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [4, 3],
      options: ArrayOptions(chunkSize: .shape([3, 2]), compressors: [], fillValue: [1, 2]))
    var model = ArrayModel(shape: [4, 3], fillValue: [1, 2])
    for _ in 0..<20 {
      // Only growth: hidden elements are unspecified.
      let shape = model.shape.map { $0 + Int.random(in: 0...1, using: &generator) }
      try array.resize(to: shape)
      model.shape = shape
      #expect(array.shape == shape)
      let region = ArrayRegion.random(in: shape, using: &generator)
      let elements = ArrayElements.random(try #require(region.elementCount), using: &generator)
      try array.write(blobs: elements, to: region)
      model.write(elements, to: region)
      #expect(try array.read().arrays() == model.read(), "seed \(seed)")
    }
    let expected = model.read([0..<2, 0..<2])
    try array.resize(to: [2, 2])
    #expect(array.count == 4)
    #expect(try array.read().arrays() == expected)
    #expect(try ZarrArray.open(in: array.store).shape == [2, 2])
  }
}
