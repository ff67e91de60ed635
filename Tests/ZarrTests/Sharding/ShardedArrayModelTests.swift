import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Arrays with shards behave like dictionaries")
struct ShardedArrayModelTests {
  /// A shape with the shapes of its chunks and shards, small enough to try every region.
  struct Layout: CustomTestStringConvertible, Sendable {
    let shape: [Int]
    let chunkShape: [Int]
    let shardShape: [Int]
    var testDescription: String { "\(shape) in chunks of \(chunkShape) in shards of \(shardShape)" }
  }

  static let layouts = [
    Layout(shape: [], chunkShape: [], shardShape: []),
    Layout(shape: [0], chunkShape: [2], shardShape: [4]),
    Layout(shape: [1], chunkShape: [1], shardShape: [1]),
    Layout(shape: [9], chunkShape: [2], shardShape: [4]),
    Layout(shape: [5], chunkShape: [5], shardShape: [5]),
    Layout(shape: [3], chunkShape: [10], shardShape: [100]),
    Layout(shape: [3, 4], chunkShape: [1, 2], shardShape: [2, 4]),
    Layout(shape: [4, 3], chunkShape: [2, 1], shardShape: [4, 2]),
    Layout(shape: [2, 0], chunkShape: [2, 2], shardShape: [2, 4]),
    Layout(shape: [2, 3, 2], chunkShape: [1, 2, 1], shardShape: [2, 2, 2]),
    Layout(shape: [2, 1, 2, 2], chunkShape: [1, 1, 1, 2], shardShape: [2, 1, 1, 2]),
  ]

  private func makeArray(
    _ layout: Layout, fillValue: [UInt8] = [], location: StoredLocation = .end, workerCount: Int = 2
  ) throws -> ZarrArray {
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: layout.shape,
      options: ArrayOptions(
        chunkSize: .shape(layout.chunkShape), shardSize: .shape(layout.shardShape),
        shardIndexLocation: location, compressors: [], fillValue: fillValue),
      access: ArrayAccess(workerCount: workerCount))
    #expect(array.chunkShape == layout.chunkShape)
    #expect(array.shardShape == layout.shardShape)
    return array
  }

  /// All elements that a scan shows, by their indices.
  private func scanned(_ array: ZarrArray, _ region: ArrayRegion) throws -> [[Int]: [UInt8]] {
    let found = Collected<[[Int]: [UInt8]]>([:])
    try array.scan(region) { part, elements in
      #expect(part.elementCount == elements.count)
      for (position, indices) in part.allIndices.enumerated() {
        let element = elements[position].withUnsafeBytes { Array($0) }
        found.change { $0[indices, default: []] += element }
      }
    }
    return found.value
  }

  @Test(
    "Every region reads what was written", arguments: layouts,
    [([], .end), ([102, 105, 108, 108], .start)] as [([UInt8], StoredLocation)])
  func everyRegionReads(layout: Layout, other: ([UInt8], StoredLocation)) throws {
    let array = try makeArray(layout, fillValue: other.0, location: other.1)
    var model = ArrayModel(shape: layout.shape, fillValue: other.0)
    // Each other element is the fill value, so that some inner chunks are not stored.
    var elements = ArrayElements.numbered(array.count)
    for index in elements.indices where index % 5 < 3 { elements[index] = other.0 }
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

  @Test("Random writes and reads of random arrays agree with the model", arguments: 0..<80)
  func randomArrays(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let rank = Int.random(in: 0...4, using: &generator)
    let longest = [1, 60, 12, 6, 4][rank]
    let shape = (0..<rank).map { _ in Int.random(in: 0...longest, using: &generator) }
    let chunkShape = shape.map { Int.random(in: 1...max(1, $0 / 2), using: &generator) }
    let shardShape = chunkShape.map { $0 * Int.random(in: 1...4, using: &generator) }
    let fillValue = ArrayElements.random(1, maximumByteCount: 3, using: &generator)[0]
    let codecs: [CodecChain.Stage] =
      [[], [.zstd()], [.crc32c], [.zstd(), .crc32c], [.lz4(), .zstd()]].randomElement(using: &generator) ?? []
    let transpose = MetadataExtension(
      name: "transpose",
      configuration: ["order": .array(shape.indices.shuffled(using: &generator).map(JSONValue.integer))])
    let store = MemoryStore()
    let storesFillValues = seed.isMultiple(of: 5)
    let array = try ZarrArray.create(
      in: store, at: "a/b", shape: shape,
      options: ArrayOptions(
        chunkSize: .shape(chunkShape), shardSize: .shape(shardShape),
        shardIndexLocation: Bool.random(using: &generator) ? .start : .end, compressors: codecs,
        filters: Bool.random(using: &generator) ? [transpose] : [], fillValue: fillValue),
      access: ArrayAccess(
        workerCount: Int.random(in: 1...4, using: &generator), writesEmptyChunks: storesFillValues))
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
    #expect(reopened.chunkShape == chunkShape)
    #expect(try reopened.read().arrays() == model.read(), "seed \(seed)")
    var blocks: [[UInt8]] = []
    try reopened.forEachBlock { blocks += $0.elements.arrays() }
    #expect(blocks == model.read(), "seed \(seed)")

    // Just the shards with something in them are stored.
    guard !storesFillValues else { return }
    let counts = array.metadata.chunkGrid.chunkCounts(of: shape)
    for indices in ArrayRegion(allOf: counts).allIndices {
      let isStored = try store.byteCount(of: array.key(ofChunkAt: indices)) != nil
      #expect(
        isStored == model.isStored(chunkAt: indices, chunkShape: shardShape), "seed \(seed), \(indices)")
    }
  }
}
