import ZarrPlatform

/// Threads that wait for work from call to call.
///
/// A forked process has none of Dispatch's threads, and Dispatch does not notice. These threads belong to one
/// process; a forked one makes its own when it first needs some.
///
/// A caller of ``run(workerCount:_:)`` always works itself and waits only for threads that have begun. Work therefore
/// goes on where no thread is free or can be made, and calls from inside a worker end.
package final class WorkerThreads: @unchecked Sendable {
  /// Work that threads may take part in.
  private final class Job: @unchecked Sendable {
    /// What a job may expect.
    enum Kind: Equatable {
      /// A caller works on it itself, and waits for the end.
      case shared
      /// It gets a thread as soon as one is free, if there are not as many jobs of this kind as the limit.
      case spare(limit: Int)
      /// It gets a thread of its own.
      case own
    }

    // SAFETY: Everything here is only touched while the lock of the threads is held; `body` is also called
    // without it, by threads that are counted as busy meanwhile.
    var body: (@Sendable () -> Void)?

    /// How many more threads may take part, and how many do.
    var openCount: Int
    var busyCount = 0

    let kind: Kind
    let ended = SystemCondition()

    init(_ kind: Kind, openCount: Int, _ body: @escaping @Sendable () -> Void) {
      self.kind = kind
      self.openCount = openCount
      self.body = body
    }
  }

  /// The most threads there are, whatever is asked for.
  private static let maximumCount = 256

  private static let threads = ProcessLocal { WorkerThreads() }

  private let lock = SystemLock()
  private let offered = SystemCondition()

  // SAFETY: Everything below is only touched while `lock` is held.
  private var jobs: [Job] = []
  private var count = 0
  private var idleCount = 0

  /// The idle threads that have been signalled and have not woken yet, or fewer.
  ///
  /// To signal one thread costs more than a small job.
  private var signalledCount = 0

  /// The jobs without a caller that threads work on.
  private var spareCount = 0
  private var ownCount = 0

  /// Calls `body` on the calling thread and, while that runs, on others that are free.
  ///
  /// - Parameters:
  ///   - workerCount: The most threads that run `body` at a time, the calling one included.
  ///   - body: The work. The call ends when all threads that began it have returned.
  /// - Complexity: Allocates once a call, and for each thread that is made.
  package static func run(workerCount: Int, _ body: @Sendable () -> Void) {
    guard workerCount > 1 else { return body() }
    withoutActuallyEscaping(body) { body in
      let job = Job(.shared, openCount: workerCount - 1, body)
      let threads = threads.current
      threads.offer(job)
      body()
      threads.finish(job)
    }
  }

  /// Calls `body` on another thread as soon as one is free, which may be never.
  ///
  /// A caller who needs the result has to be able to do the work itself.
  ///
  /// - Parameters:
  ///   - limit: The most threads that work for callers of this at a time, this one included.
  ///   - body: The work.
  package static func start(limit: Int, _ body: @escaping @Sendable () -> Void) {
    threads.current.offer(Job(.spare(limit: max(1, limit)), openCount: 1, body))
  }

  /// Calls `body` on another thread without a limit to their number, which is for the caller to keep.
  ///
  /// Where the system has no thread at all, the calling one does the work.
  package static func startOwn(_ body: @escaping @Sendable () -> Void) {
    if !threads.current.offer(Job(.own, openCount: 1, body)) { body() }
  }

  /// Offers a job, and returns whether there are threads.
  @discardableResult
  private func offer(_ job: Job) -> Bool {
    lock.lock()
    jobs.append(job)
    // Idle threads that were woken for other jobs are theirs.
    var missing = -idleCount
    var (spareCount, ownCount) = (spareCount, ownCount)
    for job in jobs {
      switch job.kind {
      case .spare(let limit) where spareCount >= limit: continue
      case .spare: spareCount += 1
      case .own: ownCount += 1
      case .shared: break
      }
      missing += job.openCount
    }
    // Jobs without a caller may take long, so others have as many threads as they ask for without those.
    let limit = job.kind == .shared ? spareCount + ownCount + job.openCount : Self.maximumCount
    missing = min(missing, job.openCount)
    while missing > 0, count < min(limit, Self.maximumCount), makeThread() { missing -= 1 }
    let hasThreads = count > 0
    if !hasThreads { jobs.removeAll { $0 === job } }
    let woken = max(0, min(job.openCount, idleCount - signalledCount))
    signalledCount += woken
    lock.unlock()
    for _ in 0..<woken { offered.signal() }
    return hasThreads
  }

  /// Withdraws the job, and waits for the threads that have begun with it.
  private func finish(_ job: Job) {
    lock.lock()
    if job.openCount > 0 {
      jobs.removeAll { $0 === job }
    }
    while job.busyCount > 0 { job.ended.wait(lock) }
    job.body = nil
    lock.unlock()
  }

  /// Makes a thread while the lock is held, and returns whether there is one more.
  private func makeThread() -> Bool {
    guard Platform.startThread({ self.work() }) else { return false }
    count += 1
    return true
  }

  /// Takes part in one job after the other, forever.
  private func work() {
    lock.lock()
    while true {
      guard let job = nextJob() else {
        idleCount += 1
        offered.wait(lock)
        idleCount -= 1
        // A thread that wakes without a signal makes this one too small, and another one is signalled in vain.
        signalledCount = max(0, signalledCount - 1)
        continue
      }
      lock.unlock()
      job.body?()
      // Not while the lock is held: what only the work holds ends here, and may offer work itself.
      if job.kind != .shared { job.body = nil }
      lock.lock()
      job.busyCount -= 1
      switch job.kind {
      case .shared:
        if job.busyCount == 0 { job.ended.signal() }
      case .spare:
        spareCount -= 1
      case .own:
        ownCount -= 1
      }
    }
  }

  /// Takes part in the first job that may have another thread.
  private func nextJob() -> Job? {
    let index = jobs.firstIndex { job in
      if case .spare(let limit) = job.kind { spareCount < limit } else { true }
    }
    guard let index else { return nil }
    let job = jobs[index]
    job.openCount -= 1
    job.busyCount += 1
    if job.openCount == 0 { jobs.remove(at: index) }
    switch job.kind {
    case .shared: break
    case .spare: spareCount += 1
    case .own: ownCount += 1
    }
    return job
  }
}
