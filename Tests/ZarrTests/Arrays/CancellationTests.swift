import ChunkEngine
import Foundation
import Synchronization
import TestSupport
import Testing
import Zarr

@Suite("Ending calls early", .timeLimit(.minutes(5)))
struct CancellationTests {
  /// A store whose reads of chunks below `a` wait for a gate, and say when the first one does.
  private struct WaitingStore {
    let gate = StoreGate()
    let store: StoreProbe
    let started: AsyncStream<Void>

    init(_ base: any Store, atWrites: Bool = false) {
      let (started, continuation) = AsyncStream.makeStream(of: Void.self)
      self.started = started
      store = StoreProbe(base) { [gate] call in
        switch call {
        case .read(let key) where key.description.hasPrefix("a/c/") && !atWrites,
          .write(let key) where key.description.hasPrefix("a/c/") && atWrites:
          continuation.yield()
          gate.wait()
        default: break
        }
      }
    }
  }

  private static let options = ArrayOptions(chunkSize: .rows(2), compressors: [])
  private static let access = ArrayAccess(workerCount: 1, executor: ZarrExecutor(callCount: 4))

  private func expectCancelled<Success: Sendable>(_ task: Task<Success, any Error>) async {
    let error = await #expect(throws: ZarrError.self) { _ = try await task.value }
    #expect(error?.isCancellation == true)
  }

  @Test(
    "A task that reads goes on while the store has not answered",
    arguments: ["region", "values", "element", "value", "stored bytes"])
  func reading(call: String) async throws {
    let base = MemoryStore()
    try await ZarrArray.create(in: base, at: "a", writing: ["a", "b", "c", "d"], options: Self.options)
    let waiting = WaitingStore(base)
    let array = try await ZarrArray.open(in: waiting.store, at: "a", access: Self.access)
    let task = Task {
      switch call {
      case "region": _ = try await array.read()
      case "values": _ = try await array.read(as: String.self)
      case "element": _ = try await array.read(at: [0])
      case "value": _ = try await array.read(at: [0], as: String.self)
      default: _ = try await array.storedBytes(ofChunkAt: [0])
      }
    }
    for await _ in waiting.started { break }
    task.cancel()
    // The gate is closed until after this.
    await expectCancelled(task)
    waiting.gate.open()
    #expect(try await array.read(as: String.self) == ["a", "b", "c", "d"])
  }

  @Test("A call that waits for another writer of a chunk ends", arguments: ["memory", "file"])
  func chunkLock(kind: String) async throws {
    let directory = try StoreDirectory()
    let base: any Store = kind == "file" ? try await FileStore(opening: directory.path) : MemoryStore()
    let waiting = WaitingStore(base, atWrites: true)
    let options = ArrayOptions(dataType: .string, chunkSize: .rows(4))
    let array = try await ZarrArray.create(
      in: waiting.store, at: "a", shape: [4], options: options, access: Self.access)
    let first = Task { try await array.write("first", at: [0]) }
    for await _ in waiting.started { break }
    let others = [
      Task { try await array.write("second", at: [1]) },
      Task { try await array.write(["second"], to: [2..<3]) },
      Task { try await array.withWriteBack(as: String.self) { try $0.write("second", at: 3) } },
      Task { _ = try await array.removeDamage(ofChunkAt: [0]) { _ in } },
    ]
    for other in others {
      other.cancel()
      await expectCancelled(other)
    }
    waiting.gate.open()
    try await first.value
    #expect(try await array.read(as: String.self) == ["first", "", "", ""])
  }

  @Test("A copy and a comparison read no more chunks once they are cancelled", arguments: [false, true])
  func copying(compares: Bool) async throws {
    let base = MemoryStore()
    let elements = (0..<400).map(String.init)
    for name in ["a", "b"] {
      try await ZarrArray.create(in: base, at: name, writing: elements, options: Self.options)
    }
    let waiting = WaitingStore(base)
    let source = try await ZarrArray.open(in: waiting.store, at: "a", access: Self.access)
    let target = try await ZarrArray.open(in: base, at: "b", access: Self.access)
    let task = Task {
      if compares {
        _ = try await target.firstDifference(from: source)
      } else {
        try await target.write(contentsOf: source)
      }
    }
    for await _ in waiting.started { break }
    let count = waiting.store.calls.count
    task.cancel()
    waiting.gate.open()
    await expectCancelled(task)
    #expect(waiting.store.calls.count <= count + 1)
  }

  /// An element whose decoding counts, and cancels what decodes it.
  private struct Counted: ZarrElement {
    static let decoded = Mutex(0)
    static let monitor = Mutex<ProgressMonitor?>(nil)
    static var dataType: DataType { .string }

    static func isElement(of dataType: DataType) -> Bool { dataType == .string }

    func appendElement(
      of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
    ) throws(ElementError) {}

    init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError) {
      Self.decoded.withLock { $0 += 1 }
      Self.monitor.withLock { $0 }?.cancel()
    }
  }

  @Test(
    "Decoding of elements ends in the middle of a chunk, whichever call decodes", .serialized,
    arguments: 0..<4)
  func decoding(call: Int) throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: [String](repeating: "x", count: 3000),
      options: ArrayOptions(chunkSize: .rows(3000)), access: ArrayAccess(workerCount: 1))
    let monitor = ProgressMonitor()
    Counted.decoded.withLock { $0 = 0 }
    Counted.monitor.withLock { $0 = monitor }
    defer { Counted.monitor.withLock { $0 = nil } }
    let error = #expect(throws: ZarrError.self) {
      switch call {
      case 0: _ = try array.read(as: Counted.self, monitor: monitor)
      case 1: try array.scan(as: Counted.self, monitor: monitor) { _, _ in }
      case 2: try array.forEachBlock(as: Counted.self, monitor: monitor) { _ in }
      default: try array.scan(monitor: monitor) { _, _ in _ = try array.read(as: Counted.self) }
      }
    }
    #expect(error?.isCancellation == true)
    #expect(Counted.decoded.withLock { $0 } <= 20)
  }

  @Test("A store sees that the call that it works for is cancelled")
  func currentMonitor() async throws {
    let base = MemoryStore()
    try await ZarrArray.create(in: base, at: "a", writing: ["a", "b", "c", "d"], options: Self.options)
    let (started, continuation) = AsyncStream.makeStream(of: Void.self)
    let probe = StoreProbe(base) { call in
      guard case .read(let key) = call, key.description.hasPrefix("a/c/") else { return }
      continuation.yield()
      while ProgressMonitor.current?.isCancelled == false { yieldThread() }
      throw ZarrError.cancelled
    }
    let array = try await ZarrArray.open(in: probe, at: "a", access: ArrayAccess(workerCount: 2))
    let task = Task { try await array.scan { _, _ in } }
    for await _ in started { break }
    task.cancel()
    await expectCancelled(task)
    #expect(ProgressMonitor.current == nil)
  }

  // MARK: Workers

  /// Counts the threads that are in a part of a program at a time.
  private final class Threads: Sendable {
    private let counts = Mutex((now: 0, most: 0))

    var most: Int { counts.withLock { $0.most } }

    func pass() {
      counts.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
      for _ in 0..<100 { yieldThread() }
      counts.withLock { $0.now -= 1 }
    }
  }

  /// An element whose coding counts threads.
  private struct Watched: ZarrElement {
    static let threads = Mutex(Threads())
    static var dataType: DataType { .string }

    init() {}

    static func isElement(of dataType: DataType) -> Bool { dataType == .string }

    func appendElement(
      of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
    ) throws(ElementError) {
      Self.threads.withLock { $0 }.pass()
    }

    init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError) {
      Self.threads.withLock { $0 }.pass()
    }
  }

  @Test(
    "Typed calls, copies and comparisons have no more threads than workers", .serialized, arguments: [1, 2])
  func workers(workerCount: Int) throws {
    let access = ArrayAccess(workerCount: workerCount)
    let threads = Threads()
    Watched.threads.withLock { $0 = threads }
    let values = (0..<4000).map { _ in Watched() }
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: values, options: ArrayOptions(chunkSize: .rows(500)), access: access)
    _ = try array.read(as: Watched.self)
    try array.scan(as: Watched.self) { _, _ in }
    try array.forEachBlock(as: Watched.self) { _ in }
    let appender = try Appender(to: array)
    try appender.append(contentsOf: values.lazy.map { $0 })
    try appender.finish()
    #expect(threads.most <= workerCount)

    let reading = Threads()
    let base = MemoryStore()
    try ZarrArray.create(
      in: base, writing: ArrayElements.numbered(300), options: ArrayOptions(chunkSize: .rows(3)))
    let probe = StoreProbe(base) { call in
      if case .read(let key) = call, key.description.hasPrefix("c/") { reading.pass() }
    }
    let source = try ZarrNode.open(in: probe, access: access)
    for options in [CopyOptions(access: access), CopyOptions(chunkSize: .rows(7), access: access)] {
      let copy = MemoryStore()
      try source.copy(to: copy, options: options)
      #expect(
        try ZarrNode.open(in: copy, access: access).firstDifference(from: source, access: access) == nil)
    }
    #expect(reading.most <= workerCount)
  }
}

/// Lets other threads run.
private func yieldThread() { sched_yield() }
