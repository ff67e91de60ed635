import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Executors", .timeLimit(.minutes(10)))
struct ExecutorTests {
  private static let options = ArrayOptions(chunkSize: .rows(3))

  /// An array of four chunks whose reads wait for a gate, and what they are at.
  private final class SlowArray: Sendable {
    let gate = StoreGate()
    let executor: ZarrExecutor
    let array: ZarrArray
    let started: AsyncStream<StoreKey>
    private let counts: Collected<(now: Int, most: Int)>

    /// The most reads at a time so far.
    var most: Int { counts.value.most }

    init(callCount: Int, byteBudget: Int = 1 << 30) throws {
      executor = ZarrExecutor(callCount: callCount, byteBudget: byteBudget)
      let (started, continuation) = AsyncStream.makeStream(of: StoreKey.self)
      let counts = Collected((now: 0, most: 0))
      let probe = StoreProbe(MemoryStore()) { [gate] call in
        guard case .read(let key) = call, key.description.hasPrefix("c/") else { return }
        counts.change { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
        continuation.yield(key)
        gate.wait()
        counts.change { $0.now -= 1 }
      }
      (self.started, self.counts) = (started, counts)
      array = try ZarrArray.create(
        in: probe, writing: ArrayElements.numbered(12), options: ExecutorTests.options,
        access: ArrayAccess(workerCount: 1, executor: executor))
    }
  }

  @Test("No more calls run at a time than the executor has", arguments: [1, 3])
  func callCount(callCount: Int) async throws {
    let slow = try SlowArray(callCount: callCount)
    let reads = (0..<20).map { _ in Task { try await slow.array.read(at: [0]) } }
    var count = 0
    for await _ in slow.started {
      count += 1
      if count == callCount { break }
    }
    slow.gate.open()
    for read in reads { #expect(try await read.value == ArrayElements.numbered(12)[0]) }
    #expect(slow.most == callCount)
  }

  @Test("Calls begin in the order in which they were made")
  func order() async throws {
    let slow = try SlowArray(callCount: 1)
    var reads: [Task<[UInt8], any Error>] = []
    for index in 0..<12 {
      reads.append(Task { try await slow.array.read(at: [index]) })
      // The call is made before the next task begins, as far as anyone can tell.
      try await Task.sleep(for: .milliseconds(20))
    }
    slow.gate.open()
    for (index, read) in reads.enumerated() {
      #expect(try await read.value == ArrayElements.numbered(12)[index])
    }
    var keys: [String] = []
    for await key in slow.started {
      keys.append(key.description)
      if keys.count == 12 { break }
    }
    #expect(keys == (0..<12).map { "c/\($0 / 3)" })
  }

  @Test("A call that waits for its turn ends as soon as its task is cancelled")
  func cancelledWhileWaiting() async throws {
    let slow = try SlowArray(callCount: 1)
    let first = Task { try await slow.array.read(at: [0]) }
    for await _ in slow.started { break }
    let second = Task { try await slow.array.read(at: [3]) }
    try await Task.sleep(for: .milliseconds(20))
    second.cancel()
    // The first one is still at it.
    let error = await #expect(throws: ZarrError.self) { _ = try await second.value }
    #expect(error?.isCancellation == true)
    slow.gate.open()
    #expect(try await first.value == ArrayElements.numbered(12)[0])
  }

  @Test("After it was drained an executor has no calls, and takes none")
  func drain() async throws {
    let slow = try SlowArray(callCount: 2)
    let reads = (0..<5).map { index in Task { try await slow.array.read(at: [index]) } }
    for await _ in slow.started { break }
    try await Task.sleep(for: .milliseconds(50))
    let drained = Task {
      await slow.executor.drain()
      await slow.executor.drain()
      return true
    }
    try await Task.sleep(for: .milliseconds(50))
    let error = await #expect(throws: ZarrError.self) { _ = try await slow.array.read(at: [0]) }
    guard case .drained? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    slow.gate.open()
    for read in reads { _ = try await read.value }
    #expect(await drained.value)
    await ZarrExecutor().drain()
  }

  @Test("Calls that need more than is left of the budget wait, and each can run alone")
  func byteBudget() async throws {
    let slow = try SlowArray(callCount: 4, byteBudget: 1)
    let reads = (0..<6).map { index in Task { try await slow.array.read(at: [index]) } }
    try await Task.sleep(for: .milliseconds(50))
    slow.gate.open()
    for (index, read) in reads.enumerated() {
      #expect(try await read.value == ArrayElements.numbered(12)[index])
    }
    #expect(slow.most == 1)
  }

  @Test("2,000 reads at a time take a few threads")
  func threads() async {
    await #expect(processExitsWith: .success) { try await Self.readSingly() }
  }

  private static func readSingly() async throws {
    let array = try await ZarrArray.create(
      in: MemoryStore(), writing: ArrayElements.numbered(2_000), options: ArrayOptions(chunkSize: .rows(10)))
    let most = Collected(0)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<2_000 {
        group.addTask {
          guard try await array.read(at: [index]) == ArrayElements.numbered(2_000)[index] else { exit(1) }
          guard index % 50 == 0 else { return }
          let count = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
          most.change { $0 = max($0, count) }
        }
      }
      try await group.waitForAll()
    }
    let cores = ProcessInfo.processInfo.activeProcessorCount
    // Those of the test itself are among them.
    guard most.value > 0, most.value <= 2 * cores + 16 else {
      exit(Int32(most.value))
    }
  }

  @Test("64 whole reads at a time stay within the budget and what they return")
  func memory() async {
    await #expect(processExitsWith: .success) { try await Self.readWhole() }
  }

  private static func readWhole() async throws {
    let element = [UInt8](repeating: 7, count: 1000)
    let budget = 48 << 20
    let executor = ZarrExecutor(byteBudget: budget)
    let array = try await ZarrArray.create(
      in: MemoryStore(), writing: [[UInt8]](repeating: element, count: 16_000),
      options: ArrayOptions(chunkSize: .rows(200)), access: ArrayAccess(workerCount: 2, executor: executor))
    let before = try PeakMemory.ofProcess()
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<64 {
        group.addTask { try await array.read().count }
      }
      for try await count in group {
        guard count == 16_000 else { exit(1) }
      }
    }
    let growth = try PeakMemory.ofProcess() - before
    // A view has 16 MB. Each running call may have memory for its whole view before it has read that, and each thread of
    // Swift's tasks a view that it has not dropped yet. All 64 together would have 1 GB.
    let viewCount = executor.callCount + ProcessInfo.processInfo.activeProcessorCount + 1
    guard growth < budget + viewCount * 16_000_000 + 64 << 20 else {
      exit(Int32(growth >> 21))
    }
  }
}
