import ChunkEngine
import Foundation
import Glibc
import TestSupport
import Testing
import Zarr

@Suite("Reading past damage")
struct DamageReportTests {
  private let elements = ArrayElements.numbered(60)

  /// Twelve rows of five elements, in chunks of two rows and two columns, perhaps in shards.
  private func makeArray(_ store: any Store, isSharded: Bool) throws {
    try ZarrArray.create(
      in: store, writing: elements, shape: [12, 5],
      options: ArrayOptions(
        chunkSize: .shape([2, 2]), shardSize: isSharded ? .shape([4, 6]) : nil,
        compressors: [.zstd(), .crc32c],
        fillValue: Array("gone".utf8)))
  }

  /// What is read when chunks are gone, by the slow way.
  private func expected(without regions: [ArrayRegion]) -> [[UInt8]] {
    elements.indices.map { index in
      let place = [index / 5, index % 5]
      let isGone = regions.contains { zip($0.ranges, place).allSatisfy { $0.contains($1) } }
      return isGone ? Array("gone".utf8) : elements[index]
    }
  }

  /// Reads in every way there is, and expects the same each time.
  private func expect(_ store: any Store, without regions: [ArrayRegion], keys: Set<String>) throws {
    let expected = expected(without: regions)
    let ways: [(ZarrArray) throws -> [[UInt8]]] = [
      { try $0.read().arrays() }, { try $0.read(as: [UInt8].self) },
      { array in
        var elements: [[UInt8]] = []
        try array.forEachBlock { elements += $0.elements.arrays() }
        return elements
      },
      { array in
        let found = Collected([[Int]: [UInt8]]())
        try array.scan { region, blobs in
          var places: [[Int]] = []
          for row in region.ranges[0] { for column in region.ranges[1] { places.append([row, column]) } }
          #expect(places.count == blobs.count)
          for (index, place) in places.enumerated() {
            let element = blobs[index].withUnsafeBytes { Array($0) }
            found.change { found in
              #expect(found[place] == nil, "an element is shown twice")
              found[place] = element
            }
          }
        }
        return (0..<60).map { found.value[[$0 / 5, $0 % 5]] ?? [] }
      },
      { array in try (0..<60).map { try array.read(at: [$0 / 5, $0 % 5]) } },
    ]
    for (number, way) in ways.enumerated() {
      for workerCount in [1, 3] {
        let report = DamageReport()
        let array = try ZarrArray.open(
          in: store, access: ArrayAccess(workerCount: workerCount, damageReport: report))
        #expect(try way(array) == expected, "way \(number)")
        #expect(Set(report.chunks.map(\.region)) == Set(regions), "way \(number)")
        #expect(report.chunks.count == regions.count, "way \(number)")
        #expect(Set(report.chunks.map(\.key.description)) == keys, "way \(number)")
      }
      let strict = try ZarrArray.open(in: store)
      #expect(throws: ZarrError.self) { try way(strict) }
    }
  }

  @Test("Elements of damaged chunks are the fill value, and each chunk is reported once")
  func chunks() throws {
    let store = MemoryStore()
    try makeArray(store, isSharded: false)
    try store.put([1, 2, 3], at: "c/1/0")
    var flipped = try storedValue(at: "c/5/2", in: store)
    flipped[flipped.count / 2] ^= 1
    try store.put(flipped, at: "c/5/2")
    try store.put([], at: "c/0/1")
    try expect(
      store, without: [[2..<4, 0..<2], [10..<12, 4..<5], [0..<2, 2..<4]], keys: ["c/1/0", "c/5/2", "c/0/1"])
  }

  @Test("Of a shard only the damaged inner chunks are replaced")
  func innerChunks() throws {
    let store = MemoryStore()
    try makeArray(store, isSharded: true)
    // The second shard has six inner chunks, of which these are the first and the last.
    var shard = try storedValue(at: "c/1/0", in: store)
    let index = Array(shard.suffix(6 * 16 + 4))
    for position in [0, 5] {
      let entry = index[position * 16..<position * 16 + 8]
      let offset = entry.reversed().reduce(0) { $0 << 8 | Int($1) }
      shard[offset + 2] ^= 0xff
    }
    try store.put(shard, at: "c/1/0")
    try expect(store, without: [[4..<6, 0..<2], [6..<8, 4..<5]], keys: ["c/1/0"])
    let report = DamageReport()
    _ = try ZarrArray.open(in: store, access: ArrayAccess(damageReport: report)).read()
    #expect(Set(report.chunks.map(\.innerChunk)) == [0, 5])
    #expect(report.chunks.allSatisfy { $0.description.hasPrefix("memory/c/1/0: inner chunk ") })
  }

  @Test("Of very many damaged inner chunks of a shard the first are listed, and the others counted")
  func manyInnerChunks() throws {
    let store = MemoryStore()
    try ZarrArray.create(
      in: store, writing: ArrayElements.numbered(2500),
      options: ArrayOptions(chunkSize: .rows(1), shardSize: .rows(2500), compressors: [.crc32c]))
    var shard = try storedValue(at: "c/0", in: store)
    for position in 0..<shard.count - 2500 * 16 - 4 { shard[position] = 0xff }
    try store.put(shard, at: "c/0")
    let report = DamageReport()
    let array = try ZarrArray.open(in: store, access: ArrayAccess(damageReport: report))
    for _ in 0..<2 { #expect(try array.read().arrays() == Array(repeating: [], count: 2500)) }
    #expect(report.chunks.count == 1000)
    #expect(report.chunks.reduce(0) { $0 + $1.furtherCount } == 1500)
    #expect(report.chunks.last?.description.hasSuffix(", and 1500 more inner chunks of the shard") == true)
    let removed = try array.removeDamage(ofChunkAt: [0]) { _ in }
    #expect(removed.count == 1000 && removed.last?.furtherCount == 1500)
    #expect(try ZarrArray.open(in: store).read().arrays() == Array(repeating: [], count: 2500))
  }

  @Test("A shard with a damaged index is replaced as a whole")
  func shards() throws {
    let store = MemoryStore()
    try makeArray(store, isSharded: true)
    for key in ["c/0/0", "c/2/0"] {
      var shard = try storedValue(at: key, in: store)
      shard[shard.count - 1] ^= 1
      try store.put(shard, at: key)
    }
    try expect(store, without: [[0..<4, 0..<5], [8..<12, 0..<5]], keys: ["c/0/0", "c/2/0"])
  }

  @Test("Without damage nothing is reported, and a chunk that is not stored is no damage")
  func sound() throws {
    for isSharded in [false, true] {
      let store = MemoryStore()
      try makeArray(store, isSharded: isSharded)
      let report = DamageReport()
      let array = try ZarrArray.open(in: store, access: ArrayAccess(damageReport: report))
      #expect(try array.read().arrays() == elements)
      try store.delete(StoreKey("c/0/0"))
      _ = try array.read()
      #expect(report.isEmpty)
    }
  }

  @Test("A partial write to a damaged chunk stays an error, or its other elements would be lost")
  func writing() throws {
    for isSharded in [false, true] {
      let store = MemoryStore()
      try makeArray(store, isSharded: isSharded)
      var bytes = try storedValue(at: "c/0/0", in: store)
      bytes[3] ^= 0xff
      try store.put(bytes, at: "c/0/0")
      let array = try ZarrArray.open(in: store, access: ArrayAccess(damageReport: DamageReport()))
      #expect(throws: ZarrError.self) { try array.write(blob: [1], at: [0, 0]) }
      #expect(try storedValue(at: "c/0/0", in: store) == bytes)
    }
  }

  @Test("What a caller throws is no damage", arguments: [false, true])
  func callerErrors(isSharded: Bool) throws {
    let store = MemoryStore()
    try makeArray(store, isSharded: isSharded)
    let report = DamageReport()
    let array = try ZarrArray.open(in: store, access: ArrayAccess(workerCount: 1, damageReport: report))
    #expect(throws: ChunkError.sourceChanged) { try array.scan { _, _ in throw ChunkError.sourceChanged } }
    #expect(throws: CocoaError.self) { try array.scan { _, _ in throw CocoaError(.fileNoSuchFile) } }
    #expect(report.isEmpty)
  }

  @Test("A call above the limits stays an error")
  func limits() throws {
    let store = MemoryStore()
    try makeArray(store, isSharded: false)
    let report = DamageReport()
    let array = try ZarrArray.open(
      in: store,
      access: ArrayAccess(limits: DecodingLimits(decodedByteCountPerCall: 500), damageReport: report))
    #expect(throws: ZarrError.self) { try array.read() }
    #expect(report.isEmpty)
  }

  @Test(
    "A chunk above the limits, and one that the store cannot read, stay errors", arguments: [false, true])
  func otherFailures(isSharded: Bool) throws {
    let store = MemoryStore()
    try makeArray(store, isSharded: isSharded)
    let unreadable = UnreadableStore(store)
    let limits = DecodingLimits(decodedByteCountPerChunk: 50)
    for (store, limits) in [(store, limits), (unreadable, DecodingLimits())] as [(any Store, DecodingLimits)]
    {
      for kinds in [[.damaged], [.damaged, .limit, .unavailable]] as [Set<FailureKind>] {
        let report = DamageReport(of: kinds)
        let array = try ZarrArray.open(in: store, access: ArrayAccess(limits: limits, damageReport: report))
        guard kinds.count == 1 else {
          // Who asks for them is told of all.
          _ = try array.read()
          #expect(!report.isEmpty)
          #expect(report.chunks.allSatisfy { [.limit, .unavailable].contains(FailureKind(of: $0.reason)) })
          continue
        }
        let error = #expect(throws: (any Error).self) { try array.read() }
        #expect(error.map { [.limit, .unavailable].contains(FailureKind(of: $0)) } == true)
        #expect(throws: (any Error).self) { try array.read(at: [0, 0]) }
        #expect(throws: (any Error).self) { try array.scan { _, _ in } }
        #expect(throws: (any Error).self) { try array.forEachBlock { _ in } }
        #expect(report.isEmpty)
      }
    }
  }

  @Test("Only what has just been found damaged is removed", arguments: [false, true])
  func removal(isSharded: Bool) throws {
    let store = MemoryStore()
    try makeArray(store, isSharded: isSharded)
    let array = try ZarrArray.open(in: store)
    let sound = try storedValue(at: "c/1/0", in: store)
    #expect(try array.removeDamage(ofChunkAt: [1, 0]) { _ in Issue.record("nothing is damaged") }.isEmpty)
    var damaged = sound
    damaged[2] ^= 0xff
    try store.put(damaged, at: "c/1/0")
    #expect(throws: CocoaError.self) {
      try array.removeDamage(ofChunkAt: [1, 0]) { _ in throw CocoaError(.fileWriteOutOfSpace) }
    }
    #expect(try storedValue(at: "c/1/0", in: store) == damaged)

    var kept: [UInt8] = []
    let removed = try array.removeDamage(ofChunkAt: [1, 0]) { value in
      var arena = ByteArena()
      try value.read(0..<value.byteCount, into: &arena)
      kept = arena.bytes.withUnsafeBytes { Array($0) }
    }

    #expect(kept == damaged)
    #expect(removed.map(\.innerChunk) == [isSharded ? 0 : nil])
    #expect(try array.read().arrays() == expected(without: removed.map(\.region)))
    #expect(try array.removeDamage(ofChunkAt: [1, 0]) { _ in }.isEmpty)
  }

  @Test("A sound chunk that takes the place of a damaged one meanwhile stays", arguments: [false, true])
  func replacedMeanwhile(isSharded: Bool) throws {
    let directory = try StoreDirectory()
    let store = try FileStore(opening: directory.path)
    try makeArray(store, isSharded: isSharded)
    let sound = try storedValue(at: "c/1/0", in: store)
    var damaged = sound
    damaged[2] ^= 0xff
    try store.put(damaged, at: "c/1/0")
    let array = try ZarrArray.open(in: store)

    let removed = try array.removeDamage(ofChunkAt: [1, 0]) { _ in try store.put(sound, at: "c/1/0") }

    #expect(removed.isEmpty)
    #expect(try storedValue(at: "c/1/0", in: store) == sound)
    #expect(try array.read().arrays() == elements)
  }
}

/// A store whose device fails in reading chunks.
private struct UnreadableStore: StoreForwarding {
  let base: any Store

  init(_ base: any Store) {
    self.base = base
  }

  func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    if !part.isEmpty, key.description.hasPrefix("c") {
      throw StoreError.system(operation: "read", path: "\(location)/\(key)", code: EIO)
    }
    return try base.read(part, of: key, ifVersion: version, limit: limit, into: &arena)
  }
}
