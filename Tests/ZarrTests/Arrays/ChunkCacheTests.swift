import ChunkEngine
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Zarr

/// A store that counts the bytes that are read of it, and the calls that only ask for versions.
private final class CountingStore: StoreForwarding, ConditionalStore {
  private let memory = MemoryStore()
  var base: any Store { memory }
  private let counts = Mutex((bytes: 0, questions: 0))

  func takeCounts() -> (bytes: Int, questions: Int) {
    counts.withLock { counts in
      defer { counts = (0, 0) }
      return counts
    }
  }

  func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    let before = arena.count
    let info = try memory.read(part, of: key, ifVersion: version, limit: limit, into: &arena)
    counts.withLock { counts in
      if arena.count == before { counts.questions += 1 } else { counts.bytes += arena.count - before }
    }
    return info
  }

  func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try memory.write(key, byteCount: byteCount, durability: durability, gathering: gather)
  }

  func write(
    _ key: StoreKey, if condition: WriteCondition, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try memory.write(key, if: condition, byteCount: byteCount, durability: durability, gathering: gather)
  }

  func delete(_ key: StoreKey, ifVersion version: StoredVersion) throws {
    try memory.delete(key, ifVersion: version)
  }
}

@Suite("Decoded chunks that are kept")
struct ChunkCacheTests {
  private func words(_ count: Int) -> [String] {
    (0..<count).map { "word \($0 * 7919)" + String(repeating: "x", count: $0 % 40) }
  }

  private let layouts = [
    ArrayOptions(chunkSize: .shape([10])), ArrayOptions(chunkSize: .shape([10]), shardSize: .shape([100])),
    ArrayOptions(chunkSize: .shape([10]), compressors: []),
  ]

  @Test("What was read once is not read again, by any call", arguments: 0..<3)
  func hits(layout: Int) throws {
    let store = CountingStore()
    let words = words(500)
    try ZarrArray.create(in: store, writing: words, options: layouts[layout])
    let array = try ZarrArray.open(in: store, access: ArrayAccess(cacheByteCount: 1 << 20))
    #expect(try array.read(as: String.self) == words)
    _ = store.takeCounts()
    #expect(
      try array.take([499, 3, 250, 3], as: String.self) == [words[499], words[3], words[250], words[3]])
    #expect(try array.read(at: [17], as: String.self) == words[17])
    #expect(try array.read([40..<75], as: String.self) == Array(words[40..<75]))
    let seen = Mutex(0)
    try array.scan([5..<123]) { _, elements in seen.withLock { $0 += elements.count } }
    #expect(seen.withLock { $0 } == 118)
    let counts = store.takeCounts()
    #expect(counts.bytes == 0)
    #expect(counts.questions > 0)
  }

  @Test("Numbers are kept too, in several dimensions")
  func numbers() throws {
    let store = CountingStore()
    let numbers = (0..<100).map { Double($0) }
    try ZarrArray.create(
      in: store, writing: numbers, shape: [10, 10],
      options: ArrayOptions(chunkSize: .shape([3, 4]), shardSize: .shape([6, 8])))
    let array = try ZarrArray.open(in: store, access: ArrayAccess(cacheByteCount: 1 << 20))
    for _ in 0..<2 {
      #expect(try array.read(as: Double.self) == numbers)
      #expect(try array.read([2..<5, 1..<3], as: Double.self) == [21, 22, 31, 32, 41, 42])
      #expect(try array.read(at: [9, 9], as: Double.self) == 99)
      let seen = Mutex(0.0)
      try array.scan([0..<10, 3..<9], as: Double.self) { _, part in
        seen.withLock { $0 += part.reduce(0, +) }
      }
      #expect(seen.withLock { $0 } == 3030)
    }
    _ = store.takeCounts()
    #expect(try array.take(.coordinates([[9, 0], [0, 9]]), as: Double.self) == [90, 9])
    #expect(store.takeCounts().bytes == 0)
  }

  @Test("A value that anybody replaces or deletes is read anew", arguments: 0..<3)
  func replaced(layout: Int) throws {
    let store = CountingStore()
    let writer = try ZarrArray.create(in: store, writing: words(100), options: layouts[layout])
    let array = try ZarrArray.open(in: store, access: ArrayAccess(cacheByteCount: 1 << 20))
    for round in 0..<3 {
      let words = (0..<100).map { "round \(round), \($0)" }
      try writer.write(words)
      #expect(try array.take([5, 95], as: String.self) == [words[5], words[95]])
      #expect(try array.read(at: [55], as: String.self) == words[55])
      #expect(try array.read(as: String.self) == words)
      try array.write("own", at: [55])
      #expect(try array.read(at: [55], as: String.self) == "own")
    }
    for key in try store.list("c") { try store.delete(key) }
    #expect(try array.take([5, 95], as: String.self) == ["", ""])
    #expect(try array.read(at: [55], as: String.self).isEmpty)
  }

  @Test("Files that are replaced are read anew")
  func files() throws {
    let scratch = try StoreDirectory()
    let store = try FileStore(creating: scratch.path)
    for layout in layouts.indices {
      let writer = try ZarrArray.create(
        in: store, at: "\(layout)", writing: words(100), options: layouts[layout])
      let array = try ZarrArray.open(in: store, at: "\(layout)", access: ArrayAccess(cacheByteCount: 1 << 20))
      for round in 0..<3 {
        let words = (0..<100).map { "round \(round), \($0)" }
        try writer.write(words)
        for _ in 0..<2 {
          #expect(try array.take([5, 95], as: String.self) == [words[5], words[95]])
          #expect(try array.read(as: String.self) == words)
        }
      }
    }
  }

  @Test(
    "Single elements of files are those of the value as it is now",
    arguments: [Duration.zero, .milliseconds(1)],
    [
      ([200], [10], nil), ([20, 10], [3, 4], [6, 8]), ([200], [10], [40]),
      ([2, 5, 4, 5], [2, 2, 3, 2], nil),
    ] as [([Int], [Int], [Int]?)])
  func singleElements(interval: Duration, shapes: (shape: [Int], chunk: [Int], shard: [Int]?)) throws {
    let scratch = try StoreDirectory()
    let store = try FileStore(creating: scratch.path)
    let options = ArrayOptions(chunkSize: .shape(shapes.chunk), shardSize: shapes.shard.map { .shape($0) })
    let all = (0..<200).map { "word \($0)" }
    let writer = try ZarrArray.create(in: store, writing: all, shape: shapes.shape, options: options)
    let array = try ZarrArray.open(
      in: store, access: ArrayAccess(cacheByteCount: 1 << 20, cacheCheckInterval: interval))
    func indices(_ number: Int) -> [Int] {
      var rest = number
      return shapes.shape.reversed().map { side in
        defer { rest /= side }
        return rest % side
      }.reversed()
    }
    for round in 0..<2 {
      let words = round == 0 ? all : all.map { "round \(round), \($0)" }
      if round > 0 { try writer.write(words) }
      // Files have a version that can be relied on after a moment.
      usleep(80_000)
      for _ in 0..<2 {
        for number in 0..<200 {
          #expect(try array.read(at: indices(number), as: String.self) == words[number])
        }
      }
    }
    for outside in [shapes.shape, shapes.shape + [0], []] {
      #expect(throws: ZarrError.self) { try array.read(at: outside) }
    }
    try array.resize(to: shapes.shape.map { $0 / 2 })
    let last = shapes.shape.map { $0 / 2 - 1 }
    #expect(try array.read(at: last) == writer.read(at: last))
    #expect(throws: ZarrError.self) { try array.read(at: shapes.shape.map { $0 / 2 }) }
    for key in try store.list("c") { try store.delete(key) }
    usleep(5000)
    #expect(try array.read(at: last).isEmpty)
  }

  @Test(
    "Batches of elements of files are those of the values as they are now",
    arguments: [Duration.zero, .milliseconds(1)], [(10, nil), (10, 40), (7, 21), (500, nil)] as [(Int, Int?)])
  func batches(interval: Duration, sizes: (chunk: Int, shard: Int?)) throws {
    let scratch = try StoreDirectory()
    let store = try FileStore(creating: scratch.path)
    let options = ArrayOptions(
      chunkSize: .shape([sizes.chunk]), shardSize: sizes.shard.map { .shape([$0]) })
    let all = words(203)
    let writer = try ZarrArray.create(in: store, writing: all, options: options)
    let array = try ZarrArray.open(
      in: store, access: ArrayAccess(cacheByteCount: 1 << 20, cacheCheckInterval: interval))
    var generator = SeededGenerator(seed: 17)
    let lists = [
      Array(0..<203), Array((0..<203).reversed()), [], [202], [5, 5, 170, 5],
      (0..<203).shuffled(using: &generator),
      (0..<1000).map { _ in Int.random(in: 0..<203, using: &generator) },
    ]
    for round in 0..<2 {
      let words = round == 0 ? all : all.map { "round \(round), \($0)" }
      if round > 0 { try writer.write(words) }
      // Files have a version that can be relied on after a moment.
      usleep(80_000)
      for _ in 0..<2 {
        for list in lists {
          #expect(try array.take(list, as: String.self) == list.map { words[$0] })
        }
        #expect(try array.take(.coordinates([[9, 200]]), as: String.self) == [words[9], words[200]])
      }
    }
    for outside in [-1, 203, Int.max, Int.min] {
      #expect(throws: ZarrError.self) { try array.take([0, outside]) }
    }
    try array.resize(to: [100])
    #expect(try array.take([99, 3]).count == 2)
    #expect(throws: ZarrError.self) { try array.take([3, 100]) }
    for key in try store.list("c") { try store.delete(key) }
    usleep(5000)
    #expect(try array.take([99, 3], as: String.self) == ["", ""])
  }

  @Test("Batches of kept elements come from memory, many by several workers, and within the limits")
  func keptBatches() throws {
    let store = CountingStore()
    let words = words(50_000)
    let numbers = (0..<1000).map { Double($0) / 3 }
    try ZarrArray.create(
      in: store, at: "words", writing: words, options: ArrayOptions(chunkSize: .shape([1000])))
    try ZarrArray.create(
      in: store, at: "numbers", writing: numbers, options: ArrayOptions(chunkSize: .shape([10])))
    var access = ArrayAccess(workerCount: 3, cacheByteCount: 1 << 30, cacheCheckInterval: .seconds(3600))
    let array = try ZarrArray.open(in: store, at: "words", access: access)
    let others = try ZarrArray.open(in: store, at: "numbers", access: access)
    var generator = SeededGenerator(seed: 5)
    let list = (0..<50_000).shuffled(using: &generator)
    _ = try array.read()
    _ = try others.read()
    _ = store.takeCounts()
    let monitor = ProgressMonitor()
    #expect(try array.take(list, monitor: monitor).strings() == list.map { words[$0] })
    #expect(monitor.progress.elementCount == 50_000)
    #expect(monitor.progress.elementByteCount == words.reduce(0) { $0 + $1.utf8.count })
    #expect(try others.take([999, 0, 999], as: Double.self) == [333, 0, 333])
    #expect(store.takeCounts() == (0, 0))
    // A view has the memory of its own elements.
    let view = try array.take([49_999, 7])
    #expect(view[0].elementsEqual(words[49_999].utf8) && view[1].elementsEqual(words[7].utf8))
    let cancelled = ProgressMonitor()
    cancelled.cancel()
    let error = #expect(throws: ZarrError.self) { try array.take(list, monitor: cancelled) }
    if case .cancelled? = error {} else { Issue.record("\(String(describing: error))") }

    access.limits.decodedByteCountPerCall = 20_000
    let limited = try ZarrArray.open(in: store, at: "words", access: access)
    for start in stride(from: 0, to: 50_000, by: 100) { _ = try limited.take(Array(start..<start + 100)) }
    #expect(try limited.take([1, 2, 3]).count == 3)
    #expect(throws: ZarrError.self) { try limited.take(Array(0..<1000)) }
    #expect(throws: ZarrError.self) { try limited.take(Array(repeating: 0, count: 5000)) }
  }

  @Test("For a while the store is not asked, if you say so", arguments: 0..<2)
  func relied(layout: Int) throws {
    let store = CountingStore()
    let words = words(500)
    let writer = try ZarrArray.create(in: store, writing: words, options: layouts[layout])
    let array = try ZarrArray.open(
      in: store, access: ArrayAccess(cacheByteCount: 1 << 20, cacheCheckInterval: .seconds(3600)))
    _ = try array.read()
    _ = store.takeCounts()
    #expect(try array.take([499, 3], as: String.self) == [words[499], words[3]])
    #expect(try array.read(at: [17], as: String.self) == words[17])
    #expect(store.takeCounts() == (0, 0))
    // What is kept may be old, but is never mixed with what is new.
    try writer.write((0..<500).map { "new \($0)" })
    let found = try array.read([0..<10], as: String.self)
    #expect(found == Array(words[0..<10]))
  }

  @Test("No more bytes are kept than you say, and those of chunks that are used stay")
  func bound() throws {
    let store = CountingStore()
    let elements = (0..<1000).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 1000) }
    try ZarrArray.create(
      in: store, blobs: elements, options: ArrayOptions(chunkSize: .shape([10]), compressors: []))
    let array = try ZarrArray.open(in: store, access: ArrayAccess(workerCount: 1, cacheByteCount: 300_000))
    let cache = try #require(array.layout.cache)
    for index in 0..<1000 {
      #expect(try array.read(at: [index]) == elements[index])
      // A chunk that is used again and again.
      #expect(try array.read(at: [0]) == elements[0])
      #expect(cache.byteCount <= 300_000)
    }
    #expect(cache.byteCount > 200_000)
    _ = store.takeCounts()
    _ = try array.read(at: [0])
    #expect(store.takeCounts().bytes == 0)
    let small = try ZarrArray.open(in: store, access: ArrayAccess(cacheByteCount: 1000))
    #expect(try small.take([7, 999]).arrays() == [elements[7], elements[999]])
    #expect(small.layout.cache?.byteCount == 0)
  }

  @Test("Many threads read through one cache while values are replaced, and see whole values only")
  func threads() throws {
    let store = MemoryStore()
    let options = ArrayOptions(chunkSize: .shape([10]), shardSize: .shape([50]))
    let writer = try ZarrArray.create(
      in: store, writing: [String](repeating: "0", count: 200), options: options)
    let array = try ZarrArray.open(in: store, access: ArrayAccess(cacheByteCount: 20_000))
    let failures = Mutex([String]())
    try onThreads(4) { thread in
      for round in 0..<100 {
        if thread == 0 {
          try writer.write([String](repeating: "\(round)", count: 50), to: [50..<100])
        } else {
          let found = Set(try array.take(Array(50..<60), as: String.self))
          if found.count != 1 { failures.withLock { $0.append("\(found)") } }
        }
      }
    }
    #expect(failures.withLock { $0 } == [])
  }

  @Test("A damaged chunk is an error each time, and not kept")
  func damage() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(
      in: store, writing: words(100), options: ArrayOptions(chunkSize: .shape([10])),
      access: ArrayAccess(cacheByteCount: 1 << 20))
    var chunk = try #require(try array.storedBytes(ofChunkAt: [3]))
    chunk[8] ^= 0xFF
    try store.put(chunk, at: "c/3")
    for _ in 0..<2 {
      let error = #expect(throws: ZarrError.self) { try array.take([5, 35]) }
      #expect(error?.chunkError != nil)
    }
    #expect(try array.take([5, 45], as: String.self) == [words(100)[5], words(100)[45]])
  }
}
