import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Arrays in asynchronous code", .timeLimit(.minutes(10)))
struct ArrayAsyncTests {
  private let options = ArrayOptions(chunkSize: .rows(3), compressors: [.zstd()])

  @Test("Many tasks write, read and scan", arguments: [1, 4])
  func manyTasks(workerCount: Int) async throws {
    let array = try await ZarrArray.create(
      in: MemoryStore(), shape: [200], options: options, access: ArrayAccess(workerCount: workerCount))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for start in stride(from: 0, to: 200, by: 10) {
        group.addTask {
          let elements = ArrayElements.numbered(10, label: "\(start)/")
          try await array.write(elements, to: [start..<start + 10])
          #expect(try await array.read([start..<start + 10]).arrays() == elements)
          let seen = Collected(0)
          try await array.scan([start..<start + 10]) { _, elements in
            let count = elements.count
            seen.change { $0 += count }
          }
          #expect(seen.value == 10)
        }
      }
      try await group.waitForAll()
    }
    let expected = stride(from: 0, to: 200, by: 10).flatMap { ArrayElements.numbered(10, label: "\($0)/") }
    #expect(try await array.read().arrays() == expected)
  }

  @Test("Errors come out of the asynchronous forms")
  func errors() async throws {
    let array = try await ZarrArray.create(in: MemoryStore(), shape: [4], options: options)
    await #expect(throws: ZarrError.self) { _ = try await array.read([0..<5]) }
    await #expect(throws: ZarrError.self) { try await array.write(blobs: [[1]] as [[UInt8]]) }
    await #expect(throws: ZarrError.self) { try await array.scan([0..<5]) { _, _ in } }
  }

  @Test("Tasks go on while the stores of many reads wait for them")
  func noStarvation() async throws {
    let gate = StoreGate()
    let probe = StoreProbe(MemoryStore()) { call in
      if case .read(let key) = call, key.description.hasPrefix("c/") { gate.wait() }
    }
    let array = try await ZarrArray.create(
      in: probe, writing: ArrayElements.numbered(4), options: options, access: ArrayAccess(workerCount: 1))
    // If these took the threads of tasks, there would be none left to open the gate.
    let reads = (0..<16).map { _ in Task { try await array.read().arrays() } }
    let ticker = Task {
      var ticks = 0
      for _ in 0..<100 {
        await Task.yield()
        ticks += 1
      }
      gate.open()
      return ticks
    }
    #expect(await ticker.value == 100)
    for read in reads { #expect(try await read.value == ArrayElements.numbered(4)) }
  }

  /// A store whose first read of a chunk says so, and then waits for the gate.
  private func waitingStore(_ gate: StoreGate) -> (store: StoreProbe, started: AsyncStream<Void>) {
    let (started, continuation) = AsyncStream.makeStream(of: Void.self)
    let store = StoreProbe(MemoryStore()) { call in
      switch call {
      case .read(let key), .write(let key):
        guard key.description.hasPrefix("c/") else { return }
        continuation.yield()
        gate.wait()
      case .delete, .synchronize: return
      }
    }
    return (store, started)
  }

  @Test(
    "Cancelling a task ends its work after the chunk that it is at", arguments: ["read", "write", "scan"])
  func cancellation(work: String) async throws {
    let gate = StoreGate()
    let (store, started) = waitingStore(gate)
    let array = try await ZarrArray.create(
      in: store, shape: [300], options: options,
      access: ArrayAccess(workerCount: 1, writesEmptyChunks: true))
    let before = store.calls.count
    let task = Task {
      switch work {
      case "read": _ = try await array.read()
      case "write": try await array.write([[UInt8]](repeating: [], count: 300))
      default: try await array.scan { _, _ in }
      }
    }
    for await _ in started { break }
    task.cancel()
    gate.open()
    let error = await #expect(throws: ZarrError.self) { try await task.value }
    guard case .cancelled? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(store.calls.count - before == 1)
  }

  @Test("Blocks have all elements in order, again in each loop", arguments: [0, 1, 12, 100_000])
  func blocks(count: Int) async throws {
    let array = try await ZarrArray.create(
      in: MemoryStore(), writing: ArrayElements.numbered(count),
      options: ArrayOptions(chunkSize: .rows(5_000)),
      access: ArrayAccess(workerCount: 2))
    let blocks = array.blocks()
    for _ in 0..<2 {
      var found: [[UInt8]] = []
      for try await block in blocks {
        #expect(block.offset == found.count)
        found += block.elements.arrays()
      }
      #expect(found == ArrayElements.numbered(count))
    }
    let some = array.blocks(of: count / 3..<count / 2)
    var found: [[UInt8]] = []
    for try await block in some { found += block.elements.arrays() }
    #expect(found == Array(ArrayElements.numbered(count)[count / 3..<count / 2]))
    await #expect(throws: ZarrError.self) {
      for try await _ in array.blocks(of: 0..<count + 1) {}
    }
    var values: [[UInt8]] = []
    for try await block in array.blocks(as: [UInt8].self) { values += block.elements }
    #expect(values == ArrayElements.numbered(count))
  }

  @Test("A loop over blocks ends with its task")
  func cancelledBlocks() async throws {
    let gate = StoreGate()
    let (store, started) = waitingStore(gate)
    let array = try await ZarrArray.create(
      in: store, shape: [300], options: options,
      access: ArrayAccess(workerCount: 1, writesEmptyChunks: true))
    let task = Task {
      for try await _ in array.blocks() {}
    }
    for await _ in started { break }
    task.cancel()
    gate.open()
    let error = await #expect(throws: ZarrError.self) { try await task.value }
    #expect(error?.isCancellation == true)
  }

  @Test("A task that was cancelled before does no work, and leaves its monitor to other calls")
  func cancelledBefore() async throws {
    let array = try await ZarrArray.create(
      in: MemoryStore(), writing: ArrayElements.numbered(30), options: options)
    let monitor = ProgressMonitor()
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      return try await array.read(monitor: monitor)
    }
    task.cancel()
    let error = await #expect(throws: ZarrError.self) { _ = try await task.value }
    guard case .cancelled? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(!monitor.isCancelled)
    #expect(monitor.progress.elementCount == 0)
  }
}
