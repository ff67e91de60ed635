import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Reading of parts of shards")
struct ShardReadingTests {
  /// Elements of 10 bytes, so that an inner chunk of two has 32 bytes and a shard of five has 160 and an
  /// index of 84.
  private let elements = (0..<30).map { Array("element \(10 + $0)".utf8) }

  private func options(
    location: StoredLocation = .end, codecs: [CodecChain.Stage] = []
  ) -> ArrayOptions {
    ArrayOptions(
      chunkSize: .rows(2), shardSize: .rows(10), shardIndexLocation: location, compressors: codecs)
  }

  private func makeArray(
    _ store: StoreMeter, location: StoredLocation = .end,
    access: ArrayAccess = ArrayAccess(workerCount: 1)
  ) throws -> ZarrArray {
    let array = try ZarrArray.create(
      in: store, writing: elements, options: options(location: location), access: access)
    let opened = try ZarrArray.open(in: store, access: array.access)
    _ = store.takeReads()
    return opened
  }

  @Test("One element takes the index and its inner chunk, and then only the inner chunk")
  func oneElement() throws {
    let store = StoreMeter(MemoryStore())
    let array = try makeArray(store)
    #expect(try array.read(at: [13]) == elements[13])
    #expect(store.takeReads() == [.open("c/1"), .range(160..<244), .range(32..<64)])
    #expect(try array.read(at: [18]) == elements[18])
    #expect(store.takeReads() == [.open("c/1"), .range(128..<160)])
    #expect(try array.read(at: [0]) == elements[0])
    #expect(store.takeReads() == [.open("c/0"), .range(160..<244), .range(0..<32)])
  }

  @Test("An index in front is read from there")
  func indexAtStart() throws {
    let store = StoreMeter(MemoryStore())
    let array = try makeArray(store, location: .start)
    #expect(try array.read(at: [13]) == elements[13])
    #expect(store.takeReads() == [.open("c/1"), .range(0..<84), .range(116..<148)])
  }

  @Test("Neighbours are read together, over gaps that are small enough, up to a size")
  func joined() throws {
    for (gap, maximum, expected) in [
      (0, 1000, [32..<128]), (0, 200, [32..<96, 96..<128]), (0, 10, [32..<64, 64..<96, 96..<128]),
    ] as [(Int, Int, [Range<Int>])] {
      let store = StoreMeter(
        MemoryStore(), joining: RangeJoining(gapByteCount: gap, maximumByteCount: maximum))
      let array = try makeArray(store)
      #expect(try array.read([3..<7]).arrays() == Array(elements[3..<7]))
      let reads = store.takeReads().compactMap { if case .range(let range) = $0 { range } else { nil } }
      #expect(Array(reads.dropFirst()) == expected, "\(gap), \(maximum)")
    }
    // Two columns of a matrix: every other inner chunk.
    for (gap, expected) in [(0, [0..<14, 28..<42]), (13, [0..<14, 28..<42]), (14, [0..<42])] {
      let store = StoreMeter(
        MemoryStore(), joining: RangeJoining(gapByteCount: gap, maximumByteCount: 1000))
      let array = try ZarrArray.create(
        in: store, writing: (0..<8).map { [UInt8($0)] }, shape: [2, 4],
        options: ArrayOptions(chunkSize: .shape([1, 2]), shardSize: .shape([2, 4]), compressors: []),
        access: ArrayAccess(workerCount: 1))
      _ = store.takeReads()
      #expect(try array.read([0..<2, 0..<2]).arrays() == [[0], [1], [4], [5]])
      let reads = store.takeReads().compactMap { if case .range(let range) = $0 { range } else { nil } }
      #expect(Array(reads.dropFirst()) == expected, "\(gap)")
    }
  }

  @Test("Nothing is read of what is not stored")
  func absent() throws {
    let store = StoreMeter(MemoryStore())
    let array = try ZarrArray.create(in: store, shape: [30], options: options())
    try array.write(blobs: [[1]] as [[UInt8]], to: [14..<15])
    _ = store.takeReads()
    #expect(try array.read([10..<14]).arrays() == [[], [], [], []])
    // The inner chunk that is there has 4 + 4 + 1 + 4 bytes.
    #expect(store.takeReads() == [.open("c/1"), .range(13..<97)])
    #expect(try array.read([0..<10]).arrays() == [[UInt8]](repeating: [], count: 10))
    #expect(store.takeReads() == [.open("c/0")])
    #expect(try array.read([5..<5]).arrays() == [])
    #expect(store.takeReads() == [])
  }

  @Test("A whole shard is opened once, by any number of workers", arguments: [1, 4])
  func wholeShard(workerCount: Int) throws {
    let store = StoreMeter(MemoryStore(), joining: RangeJoining(gapByteCount: 0, maximumByteCount: 64))
    let array = try makeArray(store, access: ArrayAccess(workerCount: workerCount))
    #expect(try array.read().arrays() == elements)
    let reads = store.takeReads()
    for shard in 0..<3 { #expect(reads.count { $0 == .open("c/\(shard)") } == 1) }
    #expect(reads.count { $0 == .range(160..<244) } == 3)
    let byteCount = reads.reduce(0) { if case .range(let range) = $1 { $0 + range.count } else { $0 } }
    #expect(byteCount == 3 * 244)
  }

  @Test("A shard that another writer replaces is read again", arguments: [false, true])
  func replaced(isFile: Bool) throws {
    let directory = try StoreDirectory()
    let base: any Store = isFile ? try FileStore(creating: directory.path) : MemoryStore()
    let array = try makeArray(StoreMeter(base))
    let other = try ZarrArray.open(in: base)
    for round in 0..<200 {
      // Now and then the same sizes, so that only the version tells shards apart.
      let width = round % 3
      let changed = (0..<30).map {
        Array("round \(100 + round), \(10 + $0)\(String(repeating: ".", count: width))".utf8)
      }
      try other.write(changed)
      for index in [0, 13, 18, 29] {
        #expect(try array.read(at: [index]) == changed[index], "round \(round)")
      }
    }
    try base.delete(try StoreKey("c/1"))
    #expect(try array.read(at: [13]) == [])
  }

  @Test("An open shard stays what it was when it is replaced", arguments: [false, true])
  func replacedWhileOpen(isFile: Bool) throws {
    let directory = try StoreDirectory()
    let store: any Store = isFile ? try FileStore(creating: directory.path) : MemoryStore()
    try store.put([1, 2, 3], at: "a/b")
    let key = try StoreKey("a/b")
    let value = try #require(try store.openValue(key))
    try store.put([9, 9, 9, 9], at: "a/b")
    var arena = ByteArena()
    try value.read(1..<7, into: &arena)
    #expect(Array(copying: arena.bytes) == [2, 3])
    #expect(value.byteCount == 3)
    try store.delete(key)
    try value.read(0..<1, into: &arena)
    #expect(Array(copying: arena.bytes) == [2, 3, 1])
    #expect(try store.openValue(key) == nil)
  }

  @Test("Without versions, or without memory for it, the index is read each time")
  func noVersions() throws {
    for (hasVersions, byteCount) in [(false, 1 << 20), (true, 0)] {
      let store = StoreMeter(MemoryStore(), hasVersions: hasVersions)
      let array = try makeArray(
        store, access: ArrayAccess(workerCount: 1, shardIndexCacheByteCount: byteCount))
      for _ in 0..<3 {
        #expect(try array.read(at: [13]) == elements[13])
        #expect(store.takeReads() == [.open("c/1"), .range(160..<244), .range(32..<64)])
      }
    }
  }

  @Test("Memory for indices is bounded, and keeps those that are used")
  func boundedCache() throws {
    let store = StoreMeter(MemoryStore())
    // Room for two indices and what they cost, twice.
    let array = try makeArray(
      store, access: ArrayAccess(workerCount: 1, shardIndexCacheByteCount: 4 * (80 + 256)))
    func indexReads(_ index: Int) throws -> Int {
      #expect(try array.read(at: [index]) == elements[index])
      return store.takeReads().count { $0 == .range(160..<244) }
    }
    #expect(try [0, 10, 0, 10, 0].map(indexReads) == [1, 1, 0, 0, 0])
    #expect(try indexReads(20) == 1)
    #expect(try indexReads(0) == 0)
    let small = try ZarrArray.open(
      in: store, access: ArrayAccess(workerCount: 1, shardIndexCacheByteCount: 2 * 336))
    var reads = 0
    for index in [0, 10, 20, 0, 10, 20] {
      #expect(try small.read(at: [index]) == elements[index])
      reads += store.takeReads().count { $0 == .range(160..<244) }
    }
    #expect(reads > 3)
  }

  @Test("A store that only reads ranges serves as well")
  func plainStore() throws {
    let store = StoreDictionary()
    let array = try ZarrArray.create(in: store, writing: elements, options: options())
    #expect(try array.read([3..<27]).arrays() == Array(elements[3..<27]))
    #expect(try array.read(at: [29]) == elements[29])
    // One that ignores ranges is an error, not a wrong result.
    let careless = try ZarrArray.open(in: StoreCareless(store))
    #expect(throws: ZarrError.self) { try careless.read(at: [29]) }
  }

  @Test("Shards of shards are read by their outer inner chunks")
  func nested() throws {
    let store = StoreMeter(MemoryStore())
    let inner: JSONValue = [
      "name": "sharding_indexed", "configuration": ["chunk_shape": [2], "codecs": ["vlen-bytes"]],
    ]
    let codec = try MetadataExtension(
      ["name": "sharding_indexed", "configuration": ["chunk_shape": [6], "codecs": [inner]]], field: "")
    let array = try ZarrArray.create(
      in: store, writing: elements,
      options: ArrayOptions(chunkSize: .rows(12), compressors: [], serializer: codec))
    #expect(array.chunkShape == [6])
    #expect(array.shardShape == [12])
    #expect(try array.read().arrays() == elements)
    #expect(try array.read([5..<14]).arrays() == Array(elements[5..<14]))
    _ = store.takeReads()
    #expect(try array.read(at: [7]) == elements[7])
    // Three inner chunks of 36 bytes, of elements of 10, and their index of 52.
    #expect(store.takeReads() == [.open("c/0"), .range(148..<296)])
  }

  @Test("Shards that differ in length have inner chunks of one shape")
  func rectilinear() throws {
    let grid = try ChunkGrid(dimensions: [.lengths(ChunkLengths([4, 10, 2, 14]))])
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: elements,
      options: ArrayOptions(chunkSize: .rows(2), shardSize: .grid(grid), compressors: []))
    #expect(array.chunkShape == [2])
    #expect(array.chunkCount == 15)
    #expect(array.shardCount == 4)
    #expect(try array.store.byteCount(of: StoreKey("c/1")) == 5 * 32 + 84)
    for region in ArrayRegion.all(of: [30]) {
      #expect(try array.read(region).arrays() == Array(elements[region.ranges[0]]))
    }
    #expect(throws: ZarrError.self) {
      try ZarrArray.create(
        in: MemoryStore(), shape: [30],
        options: ArrayOptions(chunkSize: .rows(4), shardSize: .grid(grid), compressors: []))
    }
  }
}
