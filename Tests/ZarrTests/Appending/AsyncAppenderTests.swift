import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Appending in asynchronous code", .timeLimit(.minutes(10)))
struct AsyncAppenderTests {
  private let options = ArrayOptions(chunkSize: .rows(7), compressors: [.zstd()])

  @Test("Elements are stored in the order of the calls", arguments: [0, 1 << 20])
  func order(memoryBudget: Int) async throws {
    let store = MemoryStore()
    let appender = try await AsyncAppender.create(
      in: store, at: "a", options: options, memoryBudget: memoryBudget)
    var expected: [[UInt8]] = []
    for round in 0..<20 {
      let elements = ArrayElements.numbered(round, label: "\(round)/")
      try await appender.append(contentsOf: elements)
      expected += elements
    }
    #expect(try await appender.finish().read().arrays() == expected)
    let more = try await AsyncAppender.open(try await ZarrArray.open(in: store, at: "a"))
    try await more.append(contentsOf: ArrayElements.numbered(10))
    try await more.finish()
    let array = try await ZarrArray.open(in: store, at: "a")
    #expect(try await array.read().arrays() == expected + ArrayElements.numbered(10))
  }

  @Test("Elements that are bytes, and rows that are filled, are stored as by an appender that blocks")
  func blobsAndRows() async throws {
    let store = MemoryStore()
    let array = try await ZarrArray.create(in: store, at: "a", shape: [21], options: options)
    let rows = try await AsyncAppender.open(filling: 7..<14, of: array)
    for number in 0..<7 { try await rows.append(blob: Array("\(number)".utf8)) }
    try await rows.finish()
    let found = try await array.read().strings()
    #expect(
      found == Array(repeating: "", count: 7) + (0..<7).map { "\($0)" } + Array(repeating: "", count: 7))

    await #expect(throws: ZarrError.self) { try await AsyncAppender.open(filling: 3..<5, of: array) }
    let entry = try #require(try await NodeEntry(in: store, at: NodePath("a")))
    #expect(entry.kind == .array)
    let missing = try await NodeEntry(in: store, at: NodePath("b"))
    #expect(missing == nil)
  }

  @Test("Many tasks append, each source in one piece")
  func manyTasks() async throws {
    let appender = try await AsyncAppender.create(
      in: MemoryStore(), options: ArrayOptions(chunkSize: .bytes(200)), memoryBudget: 0)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<30 {
        group.addTask {
          try await appender.append(contentsOf: (0..<5).map { Array("\(task)/\($0)".utf8) })
        }
      }
      try await group.waitForAll()
    }
    let found = try await appender.finish().read().strings()
    let pieces = stride(from: 0, to: found.count, by: 5).map { Array(found[$0..<$0 + 5]) }
    #expect(Set(pieces) == Set((0..<30).map { task in (0..<5).map { "\(task)/\($0)" } }))
    #expect(pieces.count == 30)
  }

  @Test("Tasks go on while an appender waits for its store")
  func noStarvation() async throws {
    let gate = StoreGate()
    let probe = StoreProbe(MemoryStore()) { call in
      if case .write(let key) = call, key.description.hasPrefix("c/") { gate.wait() }
    }
    let appender = try await AsyncAppender.create(
      in: probe, options: options, access: ArrayAccess(workerCount: 1), memoryBudget: 0)
    let appending = Task {
      try await appender.append(contentsOf: ArrayElements.numbered(100))
      return try await appender.finish().read().arrays()
    }
    for _ in 0..<100 { await Task.yield() }
    gate.open()
    #expect(try await appending.value == ArrayElements.numbered(100))
  }

  @Test("Errors come out, and the monitor stops it")
  func errors() async throws {
    let probe = StoreProbe(MemoryStore()) { call in
      if case .write(let key) = call, key.description.hasPrefix("c/") { throw StoreProbe.Failure() }
    }
    let appender = try await AsyncAppender.create(in: probe, options: options)
    let failure = await #expect(throws: ZarrError.self) {
      try await appender.append(contentsOf: ArrayElements.numbered(20))
      try await appender.finish()
    }
    guard case .store(_, is StoreProbe.Failure)? = failure else {
      Issue.record("unexpected error \(String(describing: failure))")
      return
    }
    await #expect(throws: ZarrError.self) { _ = try await AsyncAppender.create(in: probe, options: options) }

    let monitor = ProgressMonitor()
    let cancelled = try await AsyncAppender.create(in: MemoryStore(), options: options, monitor: monitor)
    monitor.cancel()
    let error = await #expect(throws: ZarrError.self) {
      try await cancelled.append(contentsOf: ArrayElements.numbered(20))
      try await cancelled.finish()
    }
    #expect(error?.isCancellation == true)
  }

  @Test("Values are appended one by one, in the order of the calls", arguments: [0, 1 << 20])
  func values(memoryBudget: Int) async throws {
    let appender = try await AsyncAppender.create(
      in: MemoryStore(), options: options, memoryBudget: memoryBudget)
    for element in ArrayElements.numbered(100) { try await appender.append(element) }
    #expect(try await appender.appendedCount == 100)
    #expect(try await appender.finish().read().arrays() == ArrayElements.numbered(100))
  }

  @Test(
    "A call that waits for its store, for its turn or for another appender ends when its task is cancelled")
  func cancellation() async throws {
    let gate = StoreGate()
    let (started, continuation) = AsyncStream.makeStream(of: Void.self)
    let probe = StoreProbe(MemoryStore()) { call in
      guard case .write(let key) = call, key.description.hasPrefix("c/") else { return }
      continuation.yield()
      gate.wait()
    }
    let appender = try await AsyncAppender.create(
      in: probe, options: options, access: ArrayAccess(workerCount: 1), memoryBudget: 0)
    let storing = Task { try await appender.append(contentsOf: ArrayElements.numbered(100)) }
    for await _ in started { break }
    let waiting = Task { try await appender.append([UInt8](repeating: 1, count: 3)) }
    let other = try await AsyncAppender.open(try await ZarrArray.open(in: probe))
    let locked = Task { try await other.append([1] as [UInt8]) }
    try await Task.sleep(for: .milliseconds(50))
    for task in [locked, waiting, storing] {
      task.cancel()
      // The others end while the store is still busy with the first chunk.
      if task == storing { gate.open() }
      let error = await #expect(throws: ZarrError.self) { try await task.value }
      #expect(error?.isCancellation == true)
    }
    let count = try await appender.appendedCount
    try await appender.append(contentsOf: Array(ArrayElements.numbered(100)[count...]))
    #expect(try await appender.finish().read().arrays() == ArrayElements.numbered(100))
    try await other.append([1] as [UInt8])
    #expect(try await other.finish().count == 101)
  }

  @Test("Many appenders to one array hold no threads while they wait for each other")
  func manyAppenders() async throws {
    let executor = ZarrExecutor(callCount: 1)
    let access = ArrayAccess(executor: executor)
    let array = try await ZarrArray.create(in: MemoryStore(), shape: [0], options: options, access: access)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<8 {
        group.addTask {
          let appender = try await AsyncAppender.open(array)
          for element in ArrayElements.numbered(3, label: "\(number)/") {
            try await appender.append(element)
            await Task.yield()
          }
          try await appender.finish()
        }
      }
      try await group.waitForAll()
    }
    let found = try await array.read().strings()
    #expect(found.count == 24)
    for start in stride(from: 0, to: 24, by: 3) {
      #expect(Set(found[start..<start + 3].map { $0.split(separator: "/")[0] }).count == 1)
    }
  }
}
