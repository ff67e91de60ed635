import ChunkEngine
import TestSupport
import Testing

@Suite("sharding_indexed")
struct ShardingCodecTests {
  /// Six elements in inner chunks of two, of which only the middle one differs from the fill value.
  private let elements: [[UInt8]] = [[], [], Array("a".utf8), Array("bb".utf8), [], []]
  private let innerChunk: [UInt8] = [2, 0, 0, 0, 1, 0, 0, 0, 0x61, 2, 0, 0, 0, 0x62, 0x62]
  private let missing = [UInt8](repeating: 0xff, count: 16)

  @Test("A shard is the inner chunks and the index, to the byte", arguments: StoredLocation.allCases)
  func goldenBytes(location: StoredLocation) throws {
    let codec = try ShardingCodec.sample(chunkShape: [2], location: location)
    // The index has 52 bytes: three entries and a checksum.
    let offset = littleEndianBytes(UInt64(location == .start ? 52 : 0))
    let entries = missing + offset + littleEndianBytes(UInt64(15)) + missing
    let index = entries + littleEndianBytes(CRC32CCodec().checksum(of: entries.span.bytes))
    let shard = location == .start ? index + innerChunk : innerChunk + index
    if location == .end { #expect(index.suffix(4) == [0x55, 0x15, 0xf5, 0x8f]) }

    let wire = referenceWireForm(elements)
    #expect(try codec.encoded(wire, shape: [6], layout: .variable) == shard)
    #expect(try codec.decoded(shard, shape: [6], layout: .variable) == wire)
  }

  @Test("A shard without inner chunks is only an index, and all fill value")
  func allFillValue() throws {
    let fillValue: [UInt8] = [7, 8]
    let codec = try ShardingCodec.sample(chunkShape: [1, 2], hasChecksum: false, fillValue: fillValue)
    let wire = referenceWireForm([[UInt8]](repeating: fillValue, count: 8))
    let shard = try codec.encoded(wire, shape: [2, 4], layout: .variable)
    #expect(shard == [UInt8](repeating: 0xff, count: 64))
    #expect(try codec.decoded(shard, shape: [2, 4], layout: .variable) == wire)
  }

  @Test("An array without dimensions is a shard of one inner chunk")
  func noDimensions() throws {
    let codec = try ShardingCodec.sample(chunkShape: [], hasChecksum: false)
    let wire = referenceWireForm([[1, 2, 3]])
    let shard = try codec.encoded(wire, shape: [], layout: .variable)
    #expect(shard == referenceShard(wire, [(0, UInt64(wire.count))], hasChecksum: false))
    #expect(try codec.decoded(shard, shape: [], layout: .variable) == wire)
  }

  @Test("Inner chunks in any order, with gaps, and of shared bytes are read")
  func anyOrder() throws {
    let codec = try ShardingCodec.sample(chunkShape: [2])
    let last = referenceWireForm([[5], [6]])
    let data = [9, 9] + last + [9] + innerChunk
    let shared = (UInt64(3 + last.count), UInt64(innerChunk.count))
    let shard = referenceShard(data, [shared, shared, (2, UInt64(last.count))])
    #expect(
      try codec.decoded(shard, shape: [6], layout: .variable)
        == referenceWireForm([elements[2], elements[3], elements[2], elements[3], [5], [6]]))
  }

  @Test("Shards of any shape decode to what was encoded", arguments: 0..<60)
  func randomShapes(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let rank = Int.random(in: 0...4, using: &generator)
    let chunkShape = (0..<rank).map { _ in Int.random(in: 1...3, using: &generator) }
    let shape = chunkShape.map { $0 * Int.random(in: 1...3, using: &generator) }
    let count = shape.reduce(1, *)
    let chains: [[CodecChain.Stage]] = [
      [], [.checksum(CRC32CCodec())], [.transform(ZstdCodec())],
      [.checksum(CRC32CCodec()), .transform(ZstdCodec()), .transform(GzipCodec()), .checksum(CRC32CCodec())],
    ]
    let stages = try #require(chains.randomElement(using: &generator))
    let location = try #require(StoredLocation.allCases.randomElement(using: &generator))
    let transposed = TransposeCodec(order: chunkShape.indices.shuffled(using: &generator))
    let arrayToArray: [any ArrayToArrayCodec] = Bool.random(using: &generator) ? [transposed] : []

    let variable = try ShardingCodec.sample(
      chunkShape: chunkShape,
      chain: CodecChain(VlenBytesCodec(), stages: stages, arrayToArray: arrayToArray), location: location)
    let wire = referenceWireForm(ArrayElements.random(count, maximumByteCount: 2, using: &generator))
    let shard = try variable.encoded(wire, shape: shape, layout: .variable)
    #expect(try variable.decoded(shard, shape: shape, layout: .variable) == wire)

    let numbers = BytesCodec(byteOrder: .big, scalarByteCounts: [2])
    let fixed = try ShardingCodec.sample(
      chunkShape: chunkShape,
      chain: CodecChain(
        numbers, stages: stages, arrayToArray: arrayToArray, layout: .fixed(byteCount: 2)),
      location: location, fillValue: [1, 0])
    let packed = packedBytes((0..<count).map { _ in UInt16.random(in: 0...2, using: &generator) })
    let packedShard = try fixed.encoded(packed, shape: shape, layout: .fixed(byteCount: 2))
    #expect(try fixed.decoded(packedShard, shape: shape, layout: .fixed(byteCount: 2)) == packed)
  }

  @Test(
    "Shards of shards, after other codecs and before compressors",
    arguments: StoredLocation.allCases)
  func nested(location: StoredLocation) throws {
    let innermost = try ShardingCodec.sample(chunkShape: [1, 2], location: location)
    let inner = try ShardingCodec.sample(
      chunkShape: [2, 2], chain: CodecChain(innermost, stages: [.transform(ZstdCodec())]))
    let chain = CodecChain(
      inner, stages: [.transform(GzipCodec()), .checksum(CRC32CCodec())],
      arrayToArray: [TransposeCodec(order: [1, 0])])
    let wire = referenceWireForm(ArrayElements.numbered(24))
    let stored = try chain.encoded(wire, shape: [6, 4])
    #expect(try chain.decoded(stored, shape: [6, 4]) == wire)
  }

  @Test(
    "The last inner chunks end where the shard does",
    arguments: [([5], [2]), ([4], [6]), ([7, 5], [3, 2]), ([2, 7], [4, 3])], [StoredLocation.start, .end])
  func uneven(shapes: ([Int], [Int]), location: StoredLocation) throws {
    let (shape, chunkShape) = shapes
    // Inner chunks are shards themselves, and divided as unevenly.
    let codec = try ShardingCodec.sample(
      chunkShape: chunkShape,
      chain: CodecChain(try ShardingCodec.sample(chunkShape: shape.map { _ in 2 }, location: location)))
    let wire = referenceWireForm(ArrayElements.numbered(shape.reduce(1, *)))
    let stored = try codec.encoded(wire, shape: shape, layout: .variable)
    #expect(try codec.decoded(stored, shape: shape, layout: .variable) == wire)
  }

  @Test("A shard with other dimensions than its inner chunks is refused", arguments: [[4, 2], [0], []])
  func indivisible(shape: [Int]) throws {
    let codec = try ShardingCodec.sample(chunkShape: [2])
    let count = shape.reduce(1, *)
    let wire = referenceWireForm([[UInt8]](repeating: [1], count: count))
    let error = #expect(throws: ChunkError.self) {
      try codec.encoded(wire, shape: shape, layout: .variable)
    }
    guard case .unencodable("sharding_indexed", _)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
  }

  @Test("An index has codecs that give as many bytes for any index")
  func indexCodecs() {
    let numbers = BytesCodec(byteOrder: .little, scalarByteCounts: [8])
    let compressed = CodecChain(numbers, stages: [.transform(ZstdCodec())], layout: .fixed(byteCount: 8))
    #expect(throws: ChunkError.self) { try ShardIndexFormat(compressed, location: .end) }
    #expect(throws: ChunkError.self) { try ShardIndexFormat(CodecChain(VlenBytesCodec()), location: .end) }
  }

  @Test("Any index codecs of known size are read and written")
  func otherIndexCodecs() throws {
    let numbers = BytesCodec(byteOrder: .big, scalarByteCounts: [8])
    let chain = CodecChain(
      numbers, stages: [.checksum(CRC32CCodec()), .checksum(CRC32CCodec())],
      arrayToArray: [TransposeCodec(order: [1, 0])], layout: .fixed(byteCount: 8))
    let codec = ShardingCodec(
      chunkShape: [2], chain: CodecChain(VlenBytesCodec()),
      index: try ShardIndexFormat(chain, location: .end),
      fillValue: [])
    let wire = referenceWireForm(elements)
    let shard = try codec.encoded(wire, shape: [6], layout: .variable)
    // Offsets first, then sizes, all of them big-endian.
    let entries =
      [UInt64.max, 0, .max, .max, 15, .max].flatMap { littleEndianBytes($0).reversed() }
    #expect(Array(shard[15..<63]) == entries)
    #expect(shard.count == 15 + 48 + 8)
    #expect(try codec.decoded(shard, shape: [6], layout: .variable) == wire)
  }

  @Test("Index codecs may move bytes and put a checksum in front")
  func movingIndexCodecs() throws {
    let numbers = BytesCodec(byteOrder: .little, scalarByteCounts: [8])
    let chain = CodecChain(
      numbers,
      stages: [
        .transform(ShuffleCodec(itemByteCount: 8)), .checksum(NumcodecsCRC32CCodec(location: .start)),
      ], layout: .fixed(byteCount: 8))
    for location in StoredLocation.allCases {
      let codec = ShardingCodec(
        chunkShape: [2], chain: CodecChain(VlenBytesCodec()),
        index: try ShardIndexFormat(chain, location: location), fillValue: [])
      let wire = referenceWireForm(elements)
      let shard = try codec.encoded(wire, shape: [6], layout: .variable)
      #expect(shard.count == 15 + 48 + 4)
      #expect(try codec.decoded(shard, shape: [6], layout: .variable) == wire)
    }
  }
}
