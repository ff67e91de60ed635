import ChunkEngine
import Foundation
import Synchronization
import TestSupport
import Testing
import Zarr

@Suite("Writing of parts of shards")
struct ShardWritingTests {
  /// Elements of 10 bytes, so that an inner chunk of two has 32 bytes.
  private let elements = (0..<30).map { Array("element \(10 + $0)".utf8) }

  private func options(
    location: StoredLocation = .end, codecs: [CodecChain.Stage] = []
  ) -> ArrayOptions {
    ArrayOptions(
      chunkSize: .rows(2), shardSize: .rows(10), shardIndexLocation: location, compressors: codecs)
  }

  private func innerChunk(_ elements: [[UInt8]]) -> [UInt8] { referenceWireForm(elements) }

  @Test("A shard is its inner chunks in C order, and the index", arguments: [1, 3])
  func layout(workerCount: Int) throws {
    let store = MemoryStore()
    try ZarrArray.create(
      in: store, writing: elements, options: options(), access: ArrayAccess(workerCount: workerCount))
    for shard in 0..<3 {
      let chunks = (0..<5).map { innerChunk(Array(elements[shard * 10 + $0 * 2..<shard * 10 + $0 * 2 + 2])) }
      let entries = (0..<5).map { (offset: UInt64($0 * 32), byteCount: UInt64(32)) }
      #expect(try storedValue(at: "c/\(shard)", in: store) == referenceShard(chunks.flatMap(\.self), entries))
    }
  }

  @Test("What is stored does not depend on the number of workers")
  func determinism() throws {
    var generator = SeededGenerator(seed: 3)
    let elements = ArrayElements.random(4000, maximumByteCount: 300, using: &generator)
    let stores = [1, 2, 5].map { _ in MemoryStore() }
    for (store, workerCount) in zip(stores, [1, 2, 5]) {
      try ZarrArray.create(
        in: store, writing: elements, shape: [40, 100],
        options: ArrayOptions(
          chunkSize: .shape([3, 10]), shardSize: .shape([12, 60]), compressors: [.zstd()]),
        access: ArrayAccess(workerCount: workerCount))
    }
    for key in try stores[0].keys() {
      let expected = try storedValue(at: key, in: stores[0])
      #expect(try storedValue(at: key, in: stores[1]) == expected, "\(key)")
      #expect(try storedValue(at: key, in: stores[2]) == expected, "\(key)")
    }
  }

  @Test(
    "Inner chunks that do not change keep their bytes, whatever they are",
    arguments: StoredLocation.allCases)
  func kept(location: StoredLocation) throws {
    let store = StoreMeter(MemoryStore())
    let array = try ZarrArray.create(in: store, shape: [10], options: options(location: location))
    // Inner chunks that cannot be decoded, in another order and with gaps.
    let garbage = [[9, 9, 9], [], [7], [8, 8]] as [[UInt8]]
    let start = location == .start ? 84 : 0
    let data: [UInt8] = [0] + garbage[3] + [0, 0] + garbage[0] + [0] + garbage[2] + [0]
    let entries = [
      (start + 5, 3), (start + 9, 0), nil, (start + 9, 1), (start + 1, 2),
    ].map { entry in entry.map { (offset: UInt64($0.0), byteCount: UInt64($0.1)) } }
    let index = referenceShard([], entries)
    try store.put(location == .start ? index + data : data + index, at: "c/0")
    _ = store.takeReads()

    try array.write(blobs: [[1], [2]] as [[UInt8]], to: [4..<6])
    let new = innerChunk([[1], [2]])
    // In C order, without the gaps.
    let expected = garbage[0] + garbage[1] + new + garbage[2] + garbage[3]
    let newEntries = [(0, 3), (3, 0), (3, new.count), (3 + new.count, 1), (4 + new.count, 2)].map {
      (offset: UInt64($0.0 + start), byteCount: UInt64($0.1))
    }
    let newIndex = referenceShard([], newEntries)
    #expect(
      try storedValue(at: "c/0", in: store)
        == (location == .start ? newIndex + expected : expected + newIndex))
    #expect(try array.read([4..<6]).arrays() == [[1], [2]])
    #expect(throws: ZarrError.self) { try array.read(at: [0]) }
  }

  @Test("Of what is kept only the bytes are read, neighbours together")
  func readsOfKept() throws {
    let store = StoreMeter(MemoryStore())
    let array = try ZarrArray.create(in: store, writing: elements, options: options())
    _ = store.takeReads()
    // Inner chunks 1 and 2 are written whole, 3 in part, and 0 and 4 are kept.
    try array.write((0..<5).map { [UInt8($0)] }, to: [12..<17])
    #expect(
      store.takeReads() == [
        .open("c/1"), .range(160..<244), .range(96..<128), .range(0..<32), .range(128..<160),
      ])
    var expected = elements
    for index in 0..<5 { expected[12 + index] = [UInt8(index)] }
    #expect(try array.read().arrays() == expected)
    _ = store.takeReads()
    // A whole shard is not read.
    try array.write(Array(elements[10..<20]), to: [10..<20])
    #expect(store.takeReads() == [])
    #expect(try array.read().arrays() == elements)
  }

  @Test("Inner chunks of shared bytes share them again")
  func sharedBytes() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(in: store, shape: [10], options: options())
    let chunk = innerChunk([[1], [2]])
    let shared = (offset: UInt64(0), byteCount: UInt64(chunk.count))
    try store.put(referenceShard(chunk, [shared, shared, shared, shared, shared]), at: "c/0")
    try array.write(blobs: [[3], [4]] as [[UInt8]], to: [8..<10])
    #expect(try storedValue(at: "c/0", in: store).count == 2 * chunk.count + 84)
    #expect(try array.read().arrays() == [[1], [2], [1], [2], [1], [2], [1], [2], [3], [4]])
    // Shifted by a byte each, so that nothing is the same: the copy would be larger than the shard.
    let zeros = [UInt8](repeating: 0, count: 20)
    try store.put(
      referenceShard(zeros, (0..<5).map { (offset: UInt64($0), byteCount: UInt64(16)) }), at: "c/0")
    let error = #expect(throws: ZarrError.self) {
      try array.write(blobs: [[3], [4]] as [[UInt8]], to: [8..<10])
    }
    guard case .malformed("sharding_indexed", _)? = error?.chunkError else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
  }

  @Test("Fill values take inner chunks away, and at last the shard")
  func fillValues() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(in: store, writing: elements, options: options())
    try array.write([[UInt8]](repeating: [], count: 8), to: [10..<18])
    #expect(try storedValue(at: "c/1", in: store).count == 32 + 84)
    try array.write([[UInt8]](repeating: [], count: 2), to: [18..<20])
    #expect(try store.value(of: "c/1") == nil)
    #expect(try array.read([10..<20]).arrays() == [[UInt8]](repeating: [], count: 10))

    let all = try ZarrArray.open(in: store, access: ArrayAccess(writesEmptyChunks: true))
    try all.write([[UInt8]](repeating: [], count: 10), to: [10..<20])
    #expect(try storedValue(at: "c/1", in: store).count == 5 * 12 + 84)
  }

  @Test("In files, also where a file is written in its place", arguments: Durability.allCases)
  func files(durability: Durability) throws {
    let directory = try StoreDirectory()
    let store = try FileStore(creating: directory.path, durability: durability)
    let array = try ZarrArray.create(in: store, writing: elements, options: options(codecs: [.zstd()]))
    var expected = elements
    for (number, range) in [3..<4, 12..<17, 0..<30, 9..<21, 29..<30].enumerated() {
      let changed = range.map { Array("change \(number), \($0)".utf8) }
      try array.write(changed, to: [range])
      expected.replaceSubrange(range, with: changed)
      #expect(try array.read().arrays() == expected)
      #expect(try ZarrArray.open(in: store).read().arrays() == expected)
    }
  }

  @Test("A store that only reads ranges serves as well")
  func plainStore() throws {
    let store = StoreDictionary()
    let array = try ZarrArray.create(in: store, writing: elements, options: options())
    try array.write(blobs: [[1]] as [[UInt8]], to: [14..<15])
    var expected = elements
    expected[14] = [1]
    #expect(try array.read().arrays() == expected)
  }

  @Test("Many threads write parts of the same shards, and nothing is lost")
  func manyThreads() throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [60],
      options: ArrayOptions(chunkSize: .rows(3), shardSize: .rows(15), compressors: []),
      access: ArrayAccess(workerCount: 2))
    let failures = Collected<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 12) { thread in
      do {
        for round in 0..<10 {
          // Every thread has each twelfth element, and now and then writes across all shards.
          for index in stride(from: thread, to: 60, by: 12) {
            try array.write(Array("\(thread), \(round)".utf8), at: [index])
          }
          _ = try array.read()
        }
      } catch {
        failures.change { $0.append("\(error)") }
      }
    }
    #expect(failures.value == [])
    #expect(try array.read().arrays() == (0..<60).map { Array("\($0 % 12), 9".utf8) })

    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      do {
        for round in 0..<10 {
          let lower = (thread * 7 + round) % 30
          try array.write((0..<30).map { Array("\($0 + lower)".utf8) }, to: [lower..<lower + 30])
        }
      } catch {
        failures.change { $0.append("\(error)") }
      }
    }
    #expect(failures.value == [])
    #expect(try array.read([0..<30]).count == 30)
  }

  @Test("An error leaves the shards that are not done as they were, and unlocked")
  func failure() throws {
    let base = MemoryStore()
    let isFailing = Atomic(false)
    let store = StoreProbe(base) { call in
      if case .write(let key) = call, key.description == "c/1", isFailing.load(ordering: .relaxed) {
        throw StoreProbe.Failure()
      }
    }
    let array = try ZarrArray.create(
      in: store, writing: elements, options: options(), access: ArrayAccess(workerCount: 2))
    let before = try storedValue(at: "c/1", in: base)
    isFailing.store(true, ordering: .relaxed)
    #expect(throws: ZarrError.self) { try array.write(elements.reversed()) }
    #expect(try storedValue(at: "c/1", in: base) == before)
    let source = GeneratedBlobs(count: 30) { _ in
      1
    } initializingWith: { index, output throws(ChunkError) in
      if index == 17 { throw .sourceFailed(reason: "test") }
      output.append(UInt8(index))
    }
    isFailing.store(false, ordering: .relaxed)
    let error = #expect(throws: ZarrError.self) { try array.write(blobs: source) }
    #expect(error?.chunkError == .innerChunk(position: 3, reason: .sourceFailed(reason: "test")))
    #expect(try storedValue(at: "c/1", in: base) == before)
    // No thread waits forever.
    try array.write(elements)
    #expect(try array.read().arrays() == elements)
  }

  @Test("Text is validated, and elements are held to their limit")
  func invalidElements() throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [10],
      options: ArrayOptions(dataType: .string, chunkSize: .rows(2), shardSize: .rows(10)))
    try array.write(["a", "b"], to: [0..<2])
    let error = #expect(throws: ZarrError.self) {
      try array.write(blobs: [[0x61], [0xff]] as [[UInt8]], to: [3..<5])
    }
    #expect(error?.chunkError == .innerChunk(position: 2, reason: .invalidUTF8(index: 0)))
    #expect(try array.read().strings() == ["a", "b", "", "", "", "", "", "", "", ""])
  }

  @Test("Progress counts all elements once, and cancelling stops the work")
  func monitor() throws {
    let monitor = ProgressMonitor()
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: elements, options: options(), monitor: monitor)
    #expect(monitor.progress.elementCount == 30)
    #expect(monitor.progress.elementByteCount == 300)
    let reading = ProgressMonitor()
    _ = try array.read([3..<8], monitor: reading)
    #expect(reading.progress.elementCount == 5)
    #expect(reading.progress.elementByteCount == 50)
    let cancelled = ProgressMonitor()
    cancelled.cancel()
    for work in [
      { try array.write(elements, monitor: cancelled) }, { _ = try array.read(monitor: cancelled) },
      { try array.scan(monitor: cancelled) { _, _ in } },
    ] as [() throws -> Void] {
      #expect(throws: ZarrError.self) { try work() }
    }
    #expect(try array.read().arrays() == elements)
  }
}
