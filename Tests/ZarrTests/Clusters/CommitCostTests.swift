import ChunkEngine
import Foundation
import Synchronization
import TestSupport
import Testing
import Zarr

@Suite("What commits cost")
struct CommitCostTests {
  @Test(
    "10,000 staged shards of 16 MiB are committed within a minute at 30 ms, with the requests that are planned"
  )
  func manyShards() throws {
    let (count, shardLength, shardByteCount) = (10_000, 1000, 16 << 20)
    let store = DistantStore(delay: .milliseconds(30), requestConcurrency: 64)
    let array = try ZarrArray.create(
      in: store, shape: [0],
      options: ArrayOptions(dataType: .string, chunkSize: .rows(10), shardSize: .rows(shardLength)))
    var generator = SeededGenerator(seed: 1)
    let segments = try (0..<count).map { _ in
      let id = Segment.makeID(using: &generator)
      store.claim(shardByteCount, at: try StoreKey(".zvlen/segments/\(id)/c/0"))
      return Segment(id: id, lengths: try ChunkLengths([shardLength]), byteCounts: [shardByteCount])
    }
    store.setDelayed(true)

    let clock = ContinuousClock()
    let start = clock.now
    let rows = try array.commit(segments)
    let time = start.duration(to: clock.now)
    let requestCount = store.requestCount
    store.setDelayed(false)

    #expect(rows == 0..<count * shardLength)
    // A look and a copy for each, a removal for each thousand; the document is read twice and replaced twice, what
    // the commit does is written twice, and the lock is taken and given back.
    let plan = 2 * count + count / 1000 + 8
    #expect(
      Double(requestCount) <= 1.2 * Double(plan), "\(requestCount) requests, and \(plan) planned")
    #expect(time < .seconds(60))
    print("a commit of \(count) shards: \(requestCount) requests, \(plan) planned, \(time)")
    let found = try (0..<count).allSatisfy {
      try store.byteCount(of: array.key(ofChunkAt: [$0])) == shardByteCount
    }
    #expect(found)
  }
}

/// A store that takes a while to answer each request, and keeps only the sizes of large values.
private final class DistantStore: ConditionalStore, CopyingStore, LockingStore {
  private struct Value {
    var bytes: [UInt8]?
    var byteCount: Int
    var version: UInt64
  }

  private struct State {
    var values: [StoreKey: Value] = [:]
    var version: UInt64 = 0
    var requestCount = 0
  }

  private let state = Mutex(State())
  private let delay: Duration
  private let isDelayed = Atomic(false)
  let requestConcurrency: Int

  init(delay: Duration, requestConcurrency: Int) {
    self.delay = delay
    self.requestConcurrency = requestConcurrency
  }

  var location: String { "distant" }
  var requestCount: Int { state.withLock { $0.requestCount } }

  /// Takes its time from here on or not, and counts requests from 0.
  func setDelayed(_ isDelayed: Bool) {
    state.withLock { $0.requestCount = 0 }
    self.isDelayed.store(isDelayed, ordering: .relaxed)
  }

  /// Says that there is a value with a size.
  func claim(_ byteCount: Int, at key: StoreKey) {
    state.withLock { $0.values[key] = Value(bytes: nil, byteCount: byteCount, version: 0) }
  }

  private func request<Answer>(_ body: (inout State) throws -> Answer) throws -> Answer {
    if isDelayed.load(ordering: .relaxed) { usleep(useconds_t(delay / .microseconds(1))) }
    return try state.withLock { state in
      state.requestCount += 1
      return try body(&state)
    }
  }

  func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    guard let value = try request({ $0.values[key] }) else { return nil }
    if let bytes = value.bytes {
      try arena.append(copying: bytes.span.bytes.extracting(part.range(in: bytes.count)))
    }
    return ValueInfo(byteCount: value.byteCount, version: StoredVersion(value.version))
  }

  func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try put(key, nil, gather)
  }

  func write(
    _ key: StoreKey, if condition: WriteCondition, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try put(key, condition, gather)
  }

  private func put(
    _ key: StoreKey, _ condition: WriteCondition?,
    _ gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    var bytes: [UInt8] = []
    try gather { bytes += [UInt8](copying: $0) }
    try request { state in
      let found = state.values[key].map { WriteCondition.version(StoredVersion($0.version)) } ?? .absent
      if let condition, condition != found { throw StoreError.changed(path: key.description) }
      state.version += 1
      state.values[key] = Value(bytes: bytes, byteCount: bytes.count, version: state.version)
    }
  }

  func delete(_ key: StoreKey) throws { try request { $0.values[key] = nil } }

  func delete(_ key: StoreKey, ifVersion version: StoredVersion) throws { try delete(key) }

  func delete(_ keys: [StoreKey]) throws {
    try request { state in for key in keys { state.values[key] = nil } }
  }

  func copy(_ key: StoreKey, to target: StoreKey) throws -> Bool {
    try request { state in
      guard let value = state.values[key] else { return false }
      state.values[target] = value
      return true
    }
  }

  func list(_ prefix: String) throws -> [StoreKey] {
    try request { state in state.values.keys.filter { $0.description.hasPrefix(prefix) } }
  }

  private struct Lock: StoreLock {
    let store: DistantStore

    func unlock() { try? store.request { _ in } }
  }

  func lock(_ name: String, below prefix: String, timeout: Duration?) throws -> (any StoreLock)? {
    try request { _ in }
    return Lock(store: self)
  }
}
