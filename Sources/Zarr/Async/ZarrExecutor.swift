import ChunkEngine

/// Runs the calls of `async` code, a few at a time and within a memory budget.
///
/// Reading and writing block a thread, and Swift's tasks share few. The `async` form of each call therefore hands its
/// work to an executor, which has threads of its own. All arrays use ``shared`` unless ``ArrayAccess/executor`` names
/// another one, so the number of threads and the memory stay within bounds however many calls your tasks make.
///
/// Calls begin in the order in which they were made. A call that has to wait holds no thread and leaves at once when its
/// task is cancelled. Each running call may use ``ArrayAccess/workerCount`` workers.
///
/// A call counts against the budget with the memory that its metadata says it needs, and later with the elements
/// that it has read. When the budget is used up, new calls wait, and running ones go on one after the other, the
/// oldest first. What a call returns no longer counts as soon as your task has it.
///
///     let executor = ZarrExecutor(callCount: 8, byteBudget: 512 << 20)
///     let array = try ZarrArray.open(in: store, access: ArrayAccess(executor: executor))
///     let element = try await array.read(at: [7])
///     await executor.drain()
public final class ZarrExecutor: Sendable {
  /// The executor of all calls that name no other one.
  public static let shared = ZarrExecutor()

  /// The most calls that run at a time.
  public let callCount: Int

  /// About the most bytes that running calls hold together; a call that needs more runs alone.
  public let byteBudget: Int

  private let calls: ProcessLocal<Calls>

  /// Creates an executor.
  ///
  /// - Precondition: There is at least one call at a time.
  public init(
    callCount: Int = ZarrExecutor.standardCallCount, byteBudget: Int = ZarrExecutor.standardByteBudget
  ) {
    precondition(callCount > 0, "an executor runs at least one call at a time")
    self.callCount = callCount
    self.byteBudget = byteBudget
    calls = ProcessLocal { Calls(maximumCount: callCount, byteBudget: byteBudget) }
  }

  /// Two calls for each active core, and at least four.
  public static let standardCallCount = max(4, 2 * ArrayAccess.defaultWorkerCount)

  /// A quarter of the machine's memory.
  public static let standardByteBudget = DecodingLimits.usualByteCountPerCall / 2

  /// Takes no more calls, and returns when all calls that were made before have ended.
  ///
  /// Calls that are made later throw ``ZarrError/drained(path:)``. Finish your appenders first: an appender that is dropped
  /// stores nothing.
  public func drain() async {
    await calls.current.drain()
  }

  /// Runs `work` on a thread of its own and waits for it without blocking the caller's thread.
  ///
  /// - Parameters:
  ///   - byteCount: The memory that the work is known to need.
  ///   - location: The node that the work is about, for errors.
  ///   - monitor: Follows the work and can stop it.
  ///   - growth: How many bytes the work holds for each byte of an element that its monitor counts.
  ///   - abandons: Whether this returns when the task is cancelled although the work has not ended. The work changes
  ///     nothing then, and calls no code of the caller.
  ///   - work: The work. It ends early when its monitor is cancelled, which happens when the task is.
  ///   - onCancel: Called when the task is cancelled, and not after this has returned.
  /// - Returns: What `work` returns.
  /// - Throws: What `work` throws, as an error of the node.
  func run<Result: Sendable>(
    byteCount: Int = 0, at location: String, monitor: ProgressMonitor? = nil, growth: Int = 0,
    abandons: Bool = false, _ work: @escaping @Sendable (ProgressMonitor) throws -> Result,
    onCancel: @Sendable () -> Void = {}
  ) async throws(ZarrError) -> Result {
    do {
      return try await perform(
        byteCount: byteCount, at: location, monitor: monitor, growth: growth, abandons: abandons, work,
        onCancel: onCancel)
    } catch {
      throw ZarrError(error, at: location)
    }
  }

  /// Runs `work` as ``run(byteCount:at:monitor:growth:abandons:_:onCancel:)`` does.
  ///
  /// - Throws: What `work` throws, as it is.
  func perform<Result: Sendable>(
    byteCount: Int = 0, at location: String, monitor: ProgressMonitor? = nil, growth: Int = 0,
    abandons: Bool = false, _ work: @escaping @Sendable (ProgressMonitor) throws -> Result,
    onCancel: @Sendable () -> Void = {}
  ) async throws -> Result {
    let calls = calls.current
    let call = Call(byteCount: byteCount)
    let monitor = ProgressMonitor(ofCallFor: monitor) { added, monitor in
      guard growth > 0 else { return }
      let (bytes, overflow) = added.multipliedReportingOverflow(by: growth)
      calls.grow(call, by: overflow ? Int.max : bytes, monitor)
    }
    defer { calls.deliver(call) }
    let waiting = Locked<CheckedContinuation<Result, any Error>?>(nil)
    @Sendable func resume(with result: Swift.Result<Result, any Error>) {
      // Without the lock, since the task may go on at once.
      waiting.withLock { $0.take() }?.resume(with: result)
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        waiting.withLock { $0 = continuation }
        calls.add(call, at: location) { refusal in
          if let refusal { return resume(with: .failure(refusal)) }
          let result = Swift.Result {
            if monitor.isCancelled { throw ZarrError.cancelled }
            return try monitor.whileCurrent { try work(monitor) }
          }
          calls.end(call)
          resume(with: result)
        }
        if abandons, monitor.isCancelled { resume(with: .failure(ZarrError.cancelled)) }
      }
    } onCancel: {
      monitor.cancel()
      onCancel()
      calls.cancel(call)
      if abandons { resume(with: .failure(ZarrError.cancelled)) }
    }
  }
}

/// A piece of work of an executor.
private final class Call: @unchecked Sendable {
  /// Does the work on the thread that it is called on, or says why it is not done.
  typealias Start = @Sendable (ZarrError?) -> Void

  // SAFETY: Everything here is only touched while the lock of the calls is held.

  /// What is to be done, or nil once that is decided.
  var start: Start?

  /// The memory that the work was known to need, and the memory that it has taken since.
  let byteCount: Int
  var grownByteCount = 0
  var isCancelled = false

  /// Whether the task waits no more, for the result or for the end of abandoned work.
  var isDelivered = false

  init(byteCount: Int) {
    self.byteCount = max(0, byteCount)
  }
}

/// The calls of an executor in one process.
private final class Calls: @unchecked Sendable {
  private let maximumCount: Int
  private let byteBudget: Int

  // SAFETY: Everything below is only touched while `lock` is held.
  private let lock = WaitingLock()

  /// The calls that run, the oldest first.
  private var running: [Call] = []

  /// The calls whose results no task has taken yet.
  private var delivering: [Call] = []

  /// The calls that wait, from `firstWaiting` on; those that were cancelled are still among them.
  private var waiting: [Call] = []
  private var firstWaiting = 0
  private var isDrained = false
  private var drains: [CheckedContinuation<Void, Never>] = []

  init(maximumCount: Int, byteBudget: Int) {
    self.maximumCount = maximumCount
    self.byteBudget = byteBudget
  }

  /// Has a call wait for its turn.
  func add(_ call: Call, at location: String, _ start: @escaping Call.Start) {
    let refusal: ZarrError? = lock.withLock {
      if call.isCancelled { return .cancelled }
      if isDrained { return .drained(path: location) }
      call.start = start
      waiting.append(call)
      return nil
    }
    if let refusal { return start(refusal) }
    startNext()
  }

  /// Has a call not begin any more.
  func cancel(_ call: Call) {
    let start = lock.withLock {
      call.isCancelled = true
      // A call that waits for memory looks whether it is still wanted.
      lock.broadcast()
      return call.start.take()
    }
    start?(.cancelled)
    // It may have been in the way of a smaller one, or of the end.
    startNext()
  }

  /// Counts memory that a running call has taken.
  ///
  /// Where there is too much, only the oldest call goes on; it depends on no other.
  func grow(_ call: Call, by added: Int, _ monitor: ProgressMonitor) {
    lock.withLock {
      call.grownByteCount = sumOrMaximum(call.grownByteCount, added)
      while byteCount > byteBudget, running.first !== call, !monitor.isCancelled {
        lock.wait(atMost: WaitingLock.patience)
      }
    }
  }

  /// Takes note that the work of a call is done, and its result on the way to a task.
  func end(_ call: Call) {
    lock.withLock {
      running.removeAll { $0 === call }
      if call.grownByteCount > 0, !call.isDelivered { delivering.append(call) }
      lock.broadcast()
    }
  }

  /// Takes note that a task has the result of a call.
  func deliver(_ call: Call) {
    let hadMemory = lock.withLock {
      call.isDelivered = true
      guard let index = delivering.firstIndex(where: { $0 === call }) else { return false }
      delivering.remove(at: index)
      lock.broadcast()
      return true
    }
    if hadMemory { startNext() }
  }

  func drain() async {
    await withCheckedContinuation { continuation in
      lock.withLock {
        isDrained = true
        drains.append(continuation)
      }
      startNext()
    }
  }

  /// The memory of calls that run or whose results are on their way.
  private var byteCount: Int {
    let running = running.reduce(0) { sumOrMaximum($0, sumOrMaximum($1.byteCount, $1.grownByteCount)) }
    return delivering.reduce(running) { sumOrMaximum($0, $1.grownByteCount) }
  }

  /// Starts the calls whose turn it is on threads of their own.
  private func startNext() {
    for start in takeNext() { run(start) }
  }

  /// Runs a call on another thread, which then goes on with the next ones.
  private func run(_ start: @escaping Call.Start) {
    WorkerThreads.startOwn {
      var start = start
      while true {
        start(nil)
        var next = self.takeNext()
        guard !next.isEmpty else { return }
        start = next.removeFirst()
        for start in next { self.run(start) }
      }
    }
  }

  /// Takes the calls whose turn it is, and tells those who wait for the end.
  private func takeNext() -> [Call.Start] {
    var starts: [Call.Start] = []
    let ended: [CheckedContinuation<Void, Never>] = lock.withLock {
      while firstWaiting < waiting.count {
        let call = waiting[firstWaiting]
        if let start = call.start {
          guard
            running.isEmpty
              || running.count < maximumCount && sumOrMaximum(byteCount, call.byteCount) <= byteBudget
          else { break }
          call.start = nil
          running.append(call)
          starts.append(start)
        }
        firstWaiting += 1
      }
      // Now and then, so that each call costs the same however many wait.
      if firstWaiting * 2 >= waiting.count {
        waiting.removeFirst(firstWaiting)
        firstWaiting = 0
      }
      guard running.isEmpty, waiting.isEmpty else { return [] }
      defer { drains = [] }
      return drains
    }
    for continuation in ended { continuation.resume() }
    return starts
  }
}

extension ZarrExecutor: Hashable {
  /// Whether both are one executor.
  public static func == (left: ZarrExecutor, right: ZarrExecutor) -> Bool { left === right }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(self))
  }
}
