import ChunkEngine
import Glibc
import Synchronization
import TestSupport
import Testing
import Zarr

/// A store that takes 30 ms for each call, and answers 64 at a time.
private final class DistantStore: StoreSurrounding {
  let memory = MemoryStore()
  let requestConcurrency: Int
  private let delay: UInt32
  let rangeJoining = RangeJoining(gapByteCount: 0, maximumByteCount: 1 << 20)

  private struct State {
    var callCount = 0
    var inFlight = 0
    var mostInFlight = 0
    var mostBytes = 0
  }

  private let state = Mutex(State())

  init(concurrency: Int = 64, milliseconds: UInt32 = 30) {
    requestConcurrency = concurrency
    delay = milliseconds
  }

  /// The calls since this was asked last, and the most of them at a time.
  func takeCounts() -> (calls: Int, mostInFlight: Int, mostBytes: Int) {
    state.withLock { state in
      defer { state = State() }
      return (state.callCount, state.mostInFlight, state.mostBytes)
    }
  }

  func surround<Result>(_ call: () throws -> Result) throws -> Result {
    state.withLock { state in
      state.callCount += 1
      state.inFlight += 1
      state.mostInFlight = max(state.mostInFlight, state.inFlight)
      state.mostBytes = max(state.mostBytes, BytesInFlight.total)
    }
    usleep(delay * 1000)
    defer { state.withLock { $0.inFlight -= 1 } }
    return try call()
  }
}

/// Serialized, since what is on its way is counted for the whole process.
@Suite("Stores that take long to answer", .serialized)
struct ManyRequestsTests {
  private static let elements = (0..<4000).map { Array("element \($0)".utf8) }

  private static func options(_ shards: ChunkSize? = nil) -> ArrayOptions {
    ArrayOptions(dataType: .bytes, chunkSize: .rows(10), shardSize: shards)
  }

  private static let access = ArrayAccess(workerCount: 2)

  /// How many requests are on their way at a time; on a busy machine some threads begin when others have their answer.
  private static let depths = 33...64

  @Test("Blocks and copies of what is stored have as many requests on their way as the store takes")
  func blocksAndCopies() throws {
    let store = DistantStore(milliseconds: 5)
    let array = try ZarrArray.create(
      in: store, at: "a", blobs: Self.elements, options: Self.options(), access: Self.access)
    _ = store.takeCounts()
    var count = 0
    try array.forEachBlock { count += $0.elements.count }
    #expect(count == 4000)
    // On a busy machine some threads begin when others have their answer.
    #expect(store.takeCounts().mostInFlight > 16)

    let copy = MemoryStore()
    try ZarrNode.array(array).copy(to: copy, options: CopyOptions(access: Self.access))
    #expect(store.takeCounts().mostInFlight > 16)
    #expect(try ZarrArray.open(in: copy).read().arrays() == Self.elements)

    // One chunk takes more than may be on its way.
    let few = ArrayAccess(workerCount: 2, byteCountInFlight: 1)
    let limited = try ZarrArray.open(in: store, at: "a", access: few)
    _ = store.takeCounts()
    try ZarrNode.array(limited).copy(to: MemoryStore(), options: CopyOptions(access: few))
    #expect(store.takeCounts().mostBytes <= 4096)
  }

  @Test("400 chunks are written and read while others are on their way")
  func wholeArray() throws {
    let store = DistantStore()
    let clock = ContinuousClock()
    var array: ZarrArray?
    let writing = try clock.measure {
      array = try ZarrArray.create(
        in: store, at: "a", blobs: Self.elements, options: Self.options(),
        access: Self.access)
    }
    #expect(Self.depths.contains(store.takeCounts().mostInFlight))
    let opened = try ZarrArray.open(in: store, at: "a", access: Self.access)
    #expect(store.takeCounts().calls == 1)
    var view: BlobView?
    let reading = try clock.measure { view = try opened.read() }
    let counts = store.takeCounts()
    #expect(view?.arrays() == Self.elements)
    #expect(counts.calls == 400 && Self.depths.contains(counts.mostInFlight))
    // One after the other they would take 12 seconds, on two workers 6.
    #expect(writing < .seconds(2) && reading < .seconds(1))
    #expect(array?.count == 4000)

    let shown = Mutex(0)
    try opened.scan { _, elements in
      let count = elements.count
      shown.withLock { $0 += count }
    }
    #expect(shown.withLock { $0 } == 4000 && Self.depths.contains(store.takeCounts().mostInFlight))
    #expect(BytesInFlight.total == 0)
  }

  @Test("Chunks are appended while others are on their way")
  func appending() throws {
    let store = DistantStore()
    let appender = try Appender.create(in: store, at: "a", options: Self.options(), access: Self.access)
    _ = store.takeCounts()
    let time = try ContinuousClock().measure {
      for element in Self.elements { try appender.append(blob: element.span.bytes) }
      try appender.checkpoint()
    }
    let counts = store.takeCounts()
    #expect(Self.depths.contains(counts.mostInFlight))
    #expect(time < .seconds(2))
    // Those after the end of the array are replaced.
    let array = try appender.finish()
    try array.resize(to: [15])
    let again = try Appender(to: array)
    for _ in 0..<40 { try again.append(blob: [7] as [UInt8]) }
    _ = try again.finish()
    let expected = Self.elements[..<15] + Array(repeating: [7], count: 40)
    #expect(try ZarrArray.open(in: store, at: "a").read().arrays() == Array(expected))
  }

  @Test(
    "An element of a shard takes two requests, and one when the index is known",
    arguments: [
      StoredLocation.start, .end,
    ])
  func oneElement(location: StoredLocation) throws {
    let store = DistantStore(milliseconds: 0)
    var options = Self.options(.rows(100))
    options.shardIndexLocation = location
    try ZarrArray.create(in: store, at: "a", blobs: Self.elements, options: options)
    let array = try ZarrArray.open(in: store, at: "a")
    _ = store.takeCounts()
    #expect(try array.read(at: [123]) == Self.elements[123])
    #expect(store.takeCounts().calls == 2)
    #expect(try array.read(at: [157]) == Self.elements[157])
    #expect(store.takeCounts().calls == 1)
    // The region has inner chunks next to each other.
    #expect(try array.read([120..<160]).arrays() == Array(Self.elements[120..<160]))
    #expect(store.takeCounts().calls == 1)
    #expect(try array.read([320..<360]).arrays() == Array(Self.elements[320..<360]))
    #expect(store.takeCounts().calls == 2)
  }

  @Test("An index that is out of date is read anew")
  func staleIndex() throws {
    let store = DistantStore(milliseconds: 0)
    try ZarrArray.create(
      in: store, at: "a", blobs: Self.elements, options: Self.options(.rows(100)))
    let (array, other) = (try ZarrArray.open(in: store, at: "a"), try ZarrArray.open(in: store, at: "a"))
    #expect(try array.read(at: [123]) == Self.elements[123])
    try other.write(blobs: Array(repeating: [9, 9, 9] as [UInt8], count: 100), to: [100..<200])
    #expect(try array.read(at: [123]) == [9, 9, 9])
    try other.write(blobs: Array(repeating: [8] as [UInt8], count: 100), to: [100..<200])
    #expect(try array.read([100..<200]).arrays() == Array(repeating: [8], count: 100))
  }

  @Test("What is on its way stays within the bytes that are given, whatever the sizes")
  func bytes() throws {
    let store = DistantStore(milliseconds: 2)
    var generator = SeededGenerator(seed: 3)
    let elements = (0..<200).map { index in
      generator.bytes(count: index % 50 == 7 ? 300_000 : 20_000)
    }
    try ZarrArray.create(
      in: store, at: "a", blobs: elements,
      options: ArrayOptions(dataType: .bytes, chunkSize: .rows(1), compressors: []))
    let limit = 1_000_000
    let array = try ZarrArray.open(
      in: store, at: "a", access: ArrayAccess(workerCount: 2, byteCountInFlight: limit))
    _ = store.takeCounts()
    #expect(try array.read().arrays() == elements)
    let counts = store.takeCounts()
    #expect(counts.mostBytes <= limit && counts.mostInFlight > 8)
    // Those that are larger than was expected are asked for again.
    #expect(counts.calls == 204)
    // A chunk that is larger than the limit is read by itself.
    let narrow = try ZarrArray.open(
      in: store, at: "a", access: ArrayAccess(workerCount: 2, byteCountInFlight: 100_000))
    #expect(try narrow.read().arrays() == elements)
    #expect(store.takeCounts().mostBytes <= 304_096)
    #expect(BytesInFlight.total == 0)
  }

  @Test("A call inside of a scan goes on, however little may be on its way")
  func nested() throws {
    let store = DistantStore(milliseconds: 1)
    try ZarrArray.create(
      in: store, at: "a", blobs: Self.elements, options: Self.options())
    let array = try ZarrArray.open(
      in: store, at: "a", access: ArrayAccess(workerCount: 2, byteCountInFlight: 1000))
    try array.scan([0..<400]) { region, elements in
      let view = try array.read(region)
      let isEqual = elements[0].isEqual(to: view.blobs[0])
      #expect(isEqual)
    }
  }

  @Test("Parts of chunks are merged, and an error ends the work", arguments: [nil, ChunkSize.rows(100)])
  func merging(shards: ChunkSize?) throws {
    let store = DistantStore(milliseconds: 1)
    let array = try ZarrArray.create(
      in: store, at: "a", blobs: Self.elements, options: Self.options(shards))
    try array.write(blobs: Array(repeating: [5] as [UInt8], count: 3001), to: [503..<3504])
    var expected = Self.elements
    for index in 503..<3504 { expected[index] = [5] }
    #expect(try array.read().arrays() == expected)
    try store.base.write(StoreKey("a/c/3"), [UInt8](repeating: 1, count: 40).span.bytes)
    #expect(throws: ZarrError.self) { try array.read() }
    #expect(BytesInFlight.total == 0)
  }
}
