import ChunkEngine
import Glibc
import Synchronization
import Zarr

/// Reads and writes arrays, forks, and reads, appends and scans in the child, also by an executor.
///
///     ForkWriter DIRECTORY
///
/// Exits with 0 if the child reads and stores the right elements within a minute.
@main
struct ForkWriter {
  static func main() throws {
    guard CommandLine.arguments.count == 2 else {
      print("usage: ForkWriter DIRECTORY")
      exit(64)
    }
    for (name, shardSize) in [("chunks", ChunkSize?.none), ("shards", .rows(2000))] {
      let options = ArrayOptions(chunkSize: .rows(50), shardSize: shardSize)
      let store = try FileStore(creating: "\(CommandLine.arguments[1])/\(name)")
      let work = Work(
        array: try .create(
          in: store, writing: elements(0..<10_000), options: options, access: ArrayAccess(workerCount: 4)))
      try work.run(from: 10_000)
      try WaitingThread().run { try await work.runAsync(from: 20_000) }
      try inChild {
        try work.run(from: 30_000)
        // Threads of the child wait for each other.
        for _ in 0..<20 { try work.check(30_000..<40_000) }
        try WaitingThread().run { try await work.runAsync(from: 40_000) }
      }
      guard try ZarrArray.open(in: store).shape == [50_000] else { exit(2) }
      try keepLock(of: work.array, in: store)
    }
  }

  /// Lets go of an appender in a child, which must not take the lock of its parent away.
  private static func keepLock(of array: ZarrArray, in store: FileStore) throws {
    let appender = try Appender(to: array)
    try appender.append([UInt8(1)])
    try inChild { appender.cancel() }
    // This is an error if the file of the lock is gone.
    try appender.finish()
    guard try ZarrArray.open(in: store).shape == [50_001] else { exit(3) }
  }

  private static func elements(_ range: Range<Int>) -> [[UInt8]] {
    range.map { [UInt8]("element \($0) of many".utf8) }
  }

  private struct Work: Sendable {
    let array: ZarrArray

    /// Does the same by the executor that all arrays share.
    func runAsync(from count: Int) async throws {
      let appender = try await AsyncAppender.open(array, memoryBudget: 20_000)
      for element in elements(count..<count + 10_000) { try await appender.append(element) }
      _ = try await appender.finish()
      let view = try await array.read([count..<count + 10_000])
      guard view.arrays() == elements(count..<count + 10_000) else { throw Failure() }
      let total = Counter()
      try await array.scan { _, blobs in total.count.add(blobs.count, ordering: .relaxed) }
      guard total.count.load(ordering: .relaxed) == count + 10_000 else { throw Failure() }
    }

    private final class Counter: Sendable {
      let count = Atomic(0)
    }

    /// Appends 10,000 elements to the first `count`, reads them and scans all.
    func run(from count: Int) throws {
      let appender = try Appender(to: array, memoryBudget: 20_000)
      // SAFETY: Bytes have no padding.
      for element in elements(count..<count + 10_000) { try appender.append(element) }
      _ = try appender.finish()
      try check(count..<count + 10_000)
      let total = Atomic(0)
      try array.scan { _, blobs in total.add(blobs.count, ordering: .relaxed) }
      guard total.load(ordering: .relaxed) == count + 10_000 else { throw Failure() }
    }

    func check(_ range: Range<Int>) throws {
      let view = try array.read([range])
      guard view.arrays() == elements(range) else { throw Failure() }
    }
  }

  private struct Failure: Error {}

  /// Runs tasks on the thread that waits for them: a forked process has none of Swift's own.
  private final class WaitingThread: TaskExecutor, @unchecked Sendable {
    // SAFETY: Both are only touched while `lock` is held.
    private let lock = WaitingLock()
    private var jobs: [UnownedJob] = []
    private var result: Result<Void, any Error>?

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      lock.withLock { jobs.append(job) }
      lock.broadcast()
    }

    func run(_ body: @escaping @Sendable () async throws -> Void) throws {
      Task(executorPreference: self) {
        let result: Result<Void, any Error>
        do {
          result = .success(try await body())
        } catch {
          result = .failure(error)
        }
        self.lock.withLock { self.result = result }
        self.lock.broadcast()
      }
      while true {
        lock.lock()
        while jobs.isEmpty && result == nil { lock.wait() }
        if let result {
          lock.unlock()
          return try result.get()
        }
        let job = jobs.removeFirst()
        lock.unlock()
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
      }
    }
  }

  /// Runs `body` in a forked process, and exits if it fails or takes too long.
  private static func inChild(_ body: () throws -> Void) throws {
    // Swift hides `fork`.
    typealias Fork = @convention(c) () -> pid_t
    // SAFETY: This is how C declares it.
    let fork = unsafe unsafeBitCast(dlsym(nil, "fork"), to: Fork.self)
    let child = fork()
    guard child != 0 else {
      alarm(60)
      do {
        try body()
        _exit(0)
      } catch {
        print("the child failed: \(error)")
        _exit(1)
      }
    }
    var status: Int32 = 0
    guard unsafe waitpid(child, &status, 0) == child, status == 0 else {
      print("the child ended with status \(status)")
      exit(1)
    }
  }
}
