import ChunkEngine
import Zarr

/// Processes that commit to an array in a ``SimulatedWorld``, and what they were told.
final class SimulatedCluster: @unchecked Sendable {
  let world: SimulatedWorld

  // SAFETY: Touched by one thread at a time, as the world is.
  private(set) var committed: [[String]: Range<Int>] = [:]
  private(set) var refused: Set<[String]> = []
  private var contents: [String: (rows: Int, values: [[UInt8]])] = [:]
  private var failures: [String] = []

  /// The rows that readers have seen, as the names of their chunks.
  private var seen: [[UInt8]] = []
  private var unfinishedCount = 0

  init(
    seed: UInt64, latency: ClosedRange<Int> = 2...60, leaseDuration: Int = 1000, faults: SimulatedWorld.Faults
  ) throws {
    world = SimulatedWorld(seed: seed, latency: latency, leaseDuration: leaseDuration, faults: faults)
    let model = MemoryStore()
    _ = try ZarrArray.create(
      in: model, shape: [0], options: ArrayOptions(dataType: .string, chunkSize: .evenBytes(1 << 20)))
    for key in try model.list("") {
      if let bytes = try model.bytes(of: key, limit: 1 << 20) { try world.put(bytes, at: key) }
    }
  }

  /// Stores segments of one or two chunks, without anything going wrong.
  func stage(_ names: [String]) -> [Segment] {
    names.map { makeSegment($0, put: { try? world.put($0, at: $1) }) }
  }

  private func makeSegment(_ name: String, put: ([UInt8], StoreKey) throws -> Void) rethrows -> Segment {
    let id = Segment.makeID(seconds: 1_000_000_000, using: &world.generator)
    var lengths = ChunkLengths()
    var values: [[UInt8]] = []
    for index in 0..<Int.random(in: 1...2, using: &world.generator) {
      let length = Int.random(in: 1...3, using: &world.generator)
      try? lengths.append(length)
      // A chunk of nothing but the fill value is not stored.
      values.append(
        index == 1 && Bool.random(using: &world.generator) ? [] : Array("\(name)/\(index)×\(length)".utf8))
    }
    for (index, value) in values.enumerated() where !value.isEmpty {
      if let key = try? StoreKey(".zvlen/segments/\(id)/c/\(index)") { try put(value, key) }
    }
    contents[id] = (lengths.extent, values)
    return Segment(id: id, lengths: lengths, byteCounts: values.map(\.count))
  }

  private func delay() -> Int { Int.random(in: 0...300, using: &world.generator) }

  /// Starts a process, again whenever it dies.
  private func start(_ body: @escaping (SimulatedStore) throws -> Void) {
    unfinishedCount += 1
    world.start(after: delay()) { store in
      do {
        try body(store)
      } catch  where Self.isDeath(error) {
      } catch {
        self.failures.append("\(error)")
      }
    } ended: { died in
      self.unfinishedCount -= 1
      if died { self.start(body) }
    }
  }

  /// Repeats what the store could not do.
  private func insisting<Result>(_ store: SimulatedStore, _ body: () throws -> Result) throws -> Result {
    while true {
      do {
        return try body()
      } catch let error where Self.isTransient(error) {
        try world.pause(store.process, 20)
      }
    }
  }

  private static func isTransient(_ error: any Error) -> Bool {
    switch error {
    case StoreError.unavailable, StoreError.locked, StoreError.changed: true
    case ZarrError.store(_, let reason): isTransient(reason)
    default: false
    }
  }

  private static func isDeath(_ error: any Error) -> Bool {
    if case ZarrError.store(_, let reason) = error { return reason is SimulatedWorld.Death }
    return error is SimulatedWorld.Death
  }

  private func open(_ store: SimulatedStore) throws -> ZarrArray {
    try insisting(store) { try ZarrArray.open(in: store) }
  }

  private func commit(_ segments: [Segment], to array: ZarrArray, _ store: SimulatedStore) throws {
    let ids = segments.map(\.id)
    let commit = SegmentCommit(to: array) { try self.world.pause(store.process, Int($0 / .milliseconds(1))) }
    do {
      let rows = try insisting(store) { try commit.commit(segments, timeout: .seconds(3600)) }
      if let known = committed[ids], known != rows {
        failures.append("two answers for \(ids): \(known) and \(rows)")
      }
      committed[ids] = rows
    } catch ZarrError.segmentsMissing {
      refused.insert(ids)
    }
  }

  func startDriver(of segments: [Segment]) {
    start { store in try self.commit(segments, to: self.open(store), store) }
  }

  /// Starts a process that appends batches, and goes on where it was when it died before it knew of a commit.
  func startAppender(_ name: String, batchCount: Int) {
    var done = 0
    var waiting: Segment?
    start { store in
      let array = try self.open(store)
      while done < batchCount {
        // A process that dies forgets what it has stored, unless it keeps the message.
        let segment: Segment
        if let kept = waiting {
          segment = kept
        } else {
          segment = try self.makeSegment("\(name).\(done)") { bytes, key in
            try self.insisting(store) { try store.write(key, bytes.span.bytes) }
          }
        }
        waiting = segment
        try self.commit([segment], to: array, store)
        waiting = nil
        done += 1
      }
    }
  }

  /// Starts a process that removes whatever is not committed, some times.
  func startCollector() {
    var rounds = 0
    start { store in
      while rounds < 3 {
        rounds += 1
        let array = try self.open(store)
        let commit = SegmentCommit(to: array) {
          try self.world.pause(store.process, Int($0 / .milliseconds(1)))
        }
        let work = try self.insisting(store) { try array.abandonedWork(olderThan: .seconds(1)) }
        let keys = work.filter { $0.kind == .segment }.flatMap(\.keys)
        if !keys.isEmpty { try self.insisting(store) { try commit.remove(keys) } }
        try self.world.pause(store.process, 300)
      }
    }
  }

  /// Starts a process that reads while others write.
  func startReader() {
    start { store in
      while self.unfinishedCount > 2 {
        let array = try self.open(store)
        try self.see(
          self.chunks(of: array) { key in
            try self.insisting(store) { try store.bytes(of: key, limit: 1 << 20) }
          })
        try self.world.pause(store.process, 100)
      }
    }
  }

  /// The chunks that an array shows, an empty one for each that is not stored.
  private func chunks(of array: ZarrArray, _ read: (StoreKey) throws -> [UInt8]?) throws -> [[UInt8]] {
    let metadata = array.metadata
    guard case .lengths(let lengths) = metadata.chunkGrid.dimensions[0] else { return [] }
    guard metadata.shape[0] > 0 else { return [] }
    if lengths.extent != metadata.shape[0] {
      failures.append("\(metadata.shape) in chunks of \(lengths.extent)")
    }
    return try (0..<lengths.chunkCount).map { index in try read(array.key(ofChunkAt: [index])) ?? [] }
  }

  /// Compares what a reader sees with what others have seen: a beginning or an end more of the same.
  private func see(_ chunks: [[UInt8]]) throws {
    let count = min(chunks.count, seen.count)
    if chunks[..<count] != seen[..<count] { failures.append("a reader saw something else than another one") }
    if chunks.count > seen.count { seen = chunks }
  }

  /// Lets all processes come to their end.
  ///
  /// - Returns: What is wrong with the array then, or with what readers saw on the way.
  func run() throws -> [String] {
    world.run()
    // Another process that comes later completes what was decided.
    let end = MemoryStore()
    for (key, value) in world.values { try end.write(key, value.bytes.span.bytes) }
    let array = try ZarrArray.open(in: end)
    try SegmentCommit(to: array).completePending()
    try see(chunks(of: array) { try end.bytes(of: $0, limit: 1 << 20) })
    var expected: [[UInt8]] = []
    var nextRow = 0
    for (ids, rows) in committed.sorted(by: { $0.value.lowerBound < $1.value.lowerBound }) {
      if rows.lowerBound != nextRow { failures.append("rows \(rows) follow \(nextRow)") }
      for id in ids {
        guard let content = contents[id] else { continue }
        expected += content.values
        nextRow += content.rows
      }
      if rows.upperBound != nextRow { failures.append("rows \(rows) end at \(nextRow)") }
    }
    if array.shape != [nextRow] {
      failures.append("the shape is \(array.shape), and \(nextRow) rows were committed")
    }
    if seen != expected { failures.append("the chunks are not those that were committed") }
    return failures
  }
}
