import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Arrays with damaged shards")
struct DamagedShardArrayTests {
  private let elements = ArrayElements.numbered(20)

  private func makeArray(
    _ store: MemoryStore, codecs: [CodecChain.Stage] = [], limits: DecodingLimits = DecodingLimits()
  ) throws -> ZarrArray {
    try ZarrArray.create(
      in: store, writing: elements,
      options: ArrayOptions(chunkSize: .rows(2), shardSize: .rows(10), compressors: codecs),
      access: ArrayAccess(workerCount: 1, limits: limits))
  }

  /// Reads in each way there is, and returns the errors.
  private func errors(_ array: ZarrArray) -> [ChunkError?] {
    let works: [() throws -> Void] = [
      { _ = try array.read() }, { try array.scan { _, _ in } }, { _ = try array.read(at: [13]) },
      { _ = try array.read([12..<16]) },
    ]
    return works.map { work in
      do {
        try work()
        return nil
      } catch ZarrError.chunk("memory/c/1", let reason) {
        return reason as? ChunkError
      } catch {
        Issue.record("unexpected error \(error)")
        return nil
      }
    }
  }

  @Test("A shard that is shorter than its index")
  func truncated() throws {
    let store = MemoryStore()
    let array = try makeArray(store)
    for byteCount in [0, 1, 83] {
      try store.put([UInt8](repeating: 0xff, count: byteCount), at: "c/1")
      for error in errors(array) {
        #expect(
          error == .truncatedHeader(codec: "sharding_indexed", byteCount: byteCount, expected: 84))
      }
      #expect(try array.read(at: [3]) == elements[3])
    }
  }

  @Test(
    "Inner chunks that are outside of the shard, or in the index",
    arguments: [
      (0, 11), (10, 1), (11, 0), (0, UInt64.max), (UInt64.max, 0), (UInt64.max - 3, 8), (1 << 62, 1 << 62),
      (0, 1 << 40), (UInt64(Int.max), UInt64(Int.max)),
    ] as [(UInt64, UInt64)])
  func outside(offset: UInt64, byteCount: UInt64) throws {
    let store = MemoryStore()
    let array = try makeArray(store)
    let entries = [nil, (offset, byteCount), nil, nil, nil] as [(offset: UInt64, byteCount: UInt64)?]
    try store.put(referenceShard([UInt8](repeating: 0, count: 10), entries), at: "c/1")
    for error in errors(array) {
      guard case .malformed("sharding_indexed", _)? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
    }
    // What does not touch it is read, and the shard can be written over.
    #expect(try array.read([14..<20]).arrays() == [[UInt8]](repeating: [], count: 6))
    try array.write(Array(elements[10..<20]), to: [10..<20])
    #expect(try array.read().arrays() == elements)
  }

  @Test("An index that differs from its checksum")
  func checksum() throws {
    let store = MemoryStore()
    let array = try makeArray(store)
    var shard = try storedValue(at: "c/1", in: store)
    shard[shard.count - 20] ^= 1
    try store.put(shard, at: "c/1")
    for error in errors(array) {
      guard case .checksumMismatch("crc32c", _, _)? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
    }
  }

  @Test("An inner chunk that is damaged is named by its number")
  func innerChunk() throws {
    let store = MemoryStore()
    let array = try makeArray(store)
    let good = referenceWireForm([[1], [2]])
    for (bad, reason) in [
      ([], .truncatedHeader(codec: "vlen-bytes", byteCount: 0, expected: 4)),
      ([2, 0, 0], .truncatedHeader(codec: "vlen-bytes", byteCount: 3, expected: 4)),
      (referenceWireForm([[1]]), .countMismatch(found: 1, expected: 2)),
      (good + [0], .trailingBytes(codec: "vlen-bytes", byteCount: 1)),
      (
        [2, 0, 0, 0, 0xf0, 0xff, 0xff, 0xff, 0, 0, 0, 0],
        .elementOverrun(index: 0, byteCount: 0xffff_fff0, available: 4)
      ),
    ] as [([UInt8], ChunkError)] {
      // Good bytes follow, which are not a part of the inner chunk.
      let entries =
        [
          (UInt64(bad.count), UInt64(good.count)), (0, UInt64(bad.count)), nil, nil, nil,
        ] as [(offset: UInt64, byteCount: UInt64)?]
      try store.put(referenceShard(bad + good, entries), at: "c/1")
      for error in errors(array) { #expect(error == .innerChunk(position: 1, reason: reason)) }
      #expect(try array.read([10..<12]).arrays() == [[1], [2]])
    }
  }

  @Test("Limits hold for the index, and for what an inner chunk is stored as and decodes to")
  func limits() throws {
    let store = MemoryStore()
    // What could not be read again is not written either.
    #expect(throws: ZarrError.self) {
      try makeArray(store, limits: DecodingLimits(shardIndexByteCount: 83))
    }
    try store.deleteAll("")
    _ = try makeArray(store)
    let array = try ZarrArray.open(
      in: store, access: ArrayAccess(limits: DecodingLimits(shardIndexByteCount: 83)))
    for error in errors(try ZarrArray.open(in: store)) { #expect(error == nil) }
    let error = #expect(throws: ZarrError.self) { try array.read(at: [0]) }
    #expect(
      error?.chunkError
        == .decodedByteCountExceedsLimit(codec: "sharding_indexed", byteCount: 84, limit: 83))

    let zeros = [UInt8](repeating: 0, count: 100_000)
    let other = MemoryStore()
    let large = try ZarrArray.create(
      in: other, writing: [zeros, [], [1], [2]],
      options: ArrayOptions(chunkSize: .rows(2), shardSize: .rows(4)))
    #expect(try large.read(at: [0]) == zeros)
    let limited = try ZarrArray.open(
      in: other,
      access: ArrayAccess(workerCount: 1, limits: DecodingLimits(decodedByteCountPerChunk: 1000)))
    #expect(try limited.read([2..<4]).arrays() == [[1], [2]])
    for work in [{ _ = try limited.read() }, { try limited.scan { _, _ in } }] as [() throws -> Void] {
      let error = #expect(throws: ZarrError.self) { try work() }
      guard case .innerChunk(0, .decodedByteCountExceedsLimit)? = error?.chunkError else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
    }
    // Many entries for the same large bytes: each inner chunk by itself is above the limit, before it is
    // read.
    let entries = [(0, 100_000), (0, 100_000)] as [(offset: UInt64, byteCount: UInt64)?]
    try other.put(referenceShard(zeros, entries), at: "c/0")
    let stored = #expect(throws: ZarrError.self) { try limited.read() }
    guard case .innerChunk(0, .storedByteCountExceedsLimit)? = stored?.chunkError else {
      Issue.record("unexpected error \(String(describing: stored))")
      return
    }
  }

  @Test("An index of more inner chunks than the shard has bytes is an error before memory is taken")
  func hugeIndex() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(
      in: store, shape: [1 << 40],
      options: ArrayOptions(chunkSize: .rows(1), shardSize: .shape([1 << 40]), compressors: []))
    try store.put([UInt8](repeating: 0xff, count: 100), at: "c/0")
    let error = #expect(throws: ZarrError.self) { try array.read(at: [5]) }
    guard case .decodedByteCountExceedsLimit("sharding_indexed", _, _)? = error?.chunkError else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    let otherStore = MemoryStore()
    let other = try ZarrArray.create(
      in: otherStore, shape: [1 << 20],
      options: ArrayOptions(chunkSize: .rows(1), shardSize: .shape([1 << 20]), compressors: []))
    try otherStore.put([UInt8](repeating: 0xff, count: 100), at: "c/0")
    let truncated = #expect(throws: ZarrError.self) { try other.read(at: [5]) }
    #expect(
      truncated?.chunkError
        == .truncatedHeader(codec: "sharding_indexed", byteCount: 100, expected: (16 << 20) + 4))
  }

  @Test("Whatever bytes are changed, every way of reading comes to the same verdict", arguments: 0..<4)
  func changedBytes(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let store = MemoryStore()
    let array = try makeArray(
      store, codecs: seed.isMultiple(of: 2) ? [] : [.zstd()],
      limits: DecodingLimits(decodedByteCountPerChunk: 1 << 20))
    let original = try storedValue(at: "c/1", in: store)
    var noticed = 0
    for round in 0..<400 {
      var bytes = original
      let index = Int.random(in: bytes.indices, using: &generator)
      bytes[index] = [0, 1, 0x7f, 0x80, 0xff, bytes[index] ^ 1].randomElement(using: &generator) ?? 0
      if round % 10 == 0 { bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator)) }
      try store.put(bytes, at: "c/1")
      let isRead = (try? array.read()) != nil
      let isScanned = (try? array.scan { _, _ in }) != nil
      let isReadAlone = (10..<20).allSatisfy { (try? array.read(at: [$0])) != nil }
      #expect(isRead == isScanned && isRead == isReadAlone, "seed \(seed), round \(round)")
      if !isRead { noticed += 1 }
    }
    #expect(noticed > 100)
    try store.put(original, at: "c/1")
    #expect(try array.read().arrays() == elements)
  }
}
