import ChunkEngine
import TestSupport
import Testing

@Suite("Damaged shards")
struct DamagedShardTests {
  private let innerChunk = referenceWireForm([[1, 2], []])

  private func decode(_ shard: [UInt8], limit: Int = .max) throws -> [UInt8] {
    // Two inner chunks of two elements, so that the index has 36 bytes.
    try ShardingCodec.sample(chunkShape: [2]).decoded(shard, shape: [4], layout: .variable, limit: limit)
  }

  @Test("A shard that is shorter than its index is an error", arguments: 0..<36)
  func truncated(byteCount: Int) {
    let error = #expect(throws: ChunkError.self) { try decode([UInt8](repeating: 0xff, count: byteCount)) }
    #expect(error == .truncatedHeader(codec: "sharding_indexed", byteCount: byteCount, expected: 36))
  }

  @Test("An index that differs from its checksum is an error")
  func checksum() throws {
    let shard = referenceShard(innerChunk, [(0, UInt64(innerChunk.count)), nil])
    _ = try decode(shard)
    for index in innerChunk.count..<shard.count {
      var damaged = shard
      damaged[index] ^= 1
      let error = #expect(throws: ChunkError.self) { try decode(damaged) }
      guard case .checksumMismatch("crc32c", _, _)? = error else {
        Issue.record("byte \(index): unexpected error \(String(describing: error))")
        continue
      }
    }
  }

  @Test(
    "An inner chunk that is not wholly inside the shard, or where the index is, is an error",
    arguments: [
      (0, 14), (1, 13), (13, 1), (14, 0), (100, 0), (100, 1), (0, UInt64.max), (1, .max), (UInt64.max, 0),
      (UInt64.max, 1), (UInt64.max - 1, 2), (UInt64.max - 12, 13), (1 << 63, 1 << 63), (0, 1 << 40),
      (UInt64(Int.max), 1), (5, UInt64.max - 4),
    ] as [(UInt64, UInt64)])
  func outside(offset: UInt64, byteCount: UInt64) {
    #expect(innerChunk.count == 14)
    // The data is one byte shorter than the largest of the entries that are right.
    let shard = referenceShard(Array(innerChunk.dropLast()), [nil, (offset, byteCount)])
    let error = #expect(throws: ChunkError.self) { try decode(shard) }
    guard case .malformed("sharding_indexed", let reason)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(reason.contains("inner chunk 1"))
  }

  @Test("With the index in front, inner chunks are after it", arguments: [(0, 14), (35, 14), (36, 15)])
  func outsideBehindIndex(offset: UInt64, byteCount: UInt64) throws {
    let codec = try ShardingCodec.sample(chunkShape: [2], location: .start)
    func decode(_ offset: UInt64, _ byteCount: UInt64) throws -> [UInt8] {
      let index = referenceShard([], [(offset, byteCount), nil])
      return try codec.decoded(index + innerChunk, shape: [4], layout: .variable)
    }
    #expect(try decode(36, 14) == referenceWireForm([[1, 2], [], [], []]))
    let error = #expect(throws: ChunkError.self) { try decode(offset, byteCount) }
    guard case .malformed("sharding_indexed", _)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
  }

  @Test("An inner chunk without bytes is an error of its codecs, with its number")
  func empty() {
    let shard = referenceShard(innerChunk, [(0, UInt64(innerChunk.count)), (3, 0)])
    let error = #expect(throws: ChunkError.self) { try decode(shard) }
    #expect(
      error
        == .innerChunk(position: 1, reason: .truncatedHeader(codec: "vlen-bytes", byteCount: 0, expected: 4)))
  }

  @Test("An inner chunk with other elements than it must have is an error")
  func otherElements() {
    for (bytes, reason) in [
      (referenceWireForm([[1]]), .countMismatch(found: 1, expected: 2)),
      (innerChunk + [0], .trailingBytes(codec: "vlen-bytes", byteCount: 1)),
      (
        [2, 0, 0, 0, 0xf0, 0xff, 0xff, 0xff, 0, 0, 0, 0],
        .elementOverrun(index: 0, byteCount: 0xffff_fff0, available: 4)
      ),
    ] as [([UInt8], ChunkError)] {
      let shard = referenceShard(bytes, [nil, (0, UInt64(bytes.count))])
      let error = #expect(throws: ChunkError.self) { try decode(shard) }
      #expect(error == .innerChunk(position: 1, reason: reason))
    }
  }

  @Test("What a shard decodes to is bounded, also where little of it is stored")
  func limits() throws {
    let shard = referenceShard(innerChunk, [(0, UInt64(innerChunk.count)), nil])
    #expect(try decode(shard, limit: 36).count == 22)
    // The index alone has 36 bytes.
    #expect(throws: ChunkError.self) { try decode(shard, limit: 35) }
    let codec = try ShardingCodec.sample(chunkShape: [1 << 40], fillValue: [1])
    let absent = referenceShard([], [nil])
    let error = #expect(throws: ChunkError.self) {
      try codec.decoded(absent, shape: [1 << 40], layout: .variable, limit: 1 << 30)
    }
    guard case .decodedByteCountExceedsLimit("sharding_indexed", _, 1 << 30)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    // As many inner chunks as no memory has entries for.
    let tiny = try ShardingCodec.sample(chunkShape: [1])
    #expect(throws: ChunkError.self) {
      try tiny.decoded(absent, shape: [Int.max / 32], layout: .variable, limit: 1 << 30)
    }
  }

  @Test("Whatever bytes are changed, a shard is an error or elements", arguments: 0..<4)
  func changedBytes(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let codec = try ShardingCodec.sample(
      chunkShape: [2], chain: CodecChain(VlenBytesCodec(), stages: [.transform(ZstdCodec())]),
      location: seed.isMultiple(of: 2) ? .end : .start, hasChecksum: false)
    let wire = referenceWireForm(ArrayElements.numbered(8))
    let shard = try codec.encoded(wire, shape: [8], layout: .variable)
    for _ in 0..<2000 {
      var damaged = shard
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let index = Int.random(in: damaged.indices, using: &generator)
        damaged[index] = [0, 1, 0x7f, 0x80, 0xff, damaged[index] &+ 1].randomElement(using: &generator) ?? 0
      }
      if Int.random(in: 0..<10, using: &generator) == 0 {
        damaged.removeLast(Int.random(in: 0...damaged.count, using: &generator))
      }
      do {
        _ = try codec.decoded(damaged, shape: [8], layout: .variable, limit: 1 << 20)
      } catch is ChunkError {
        // As it should be.
      }
    }
  }
}
