import Glibc
import Synchronization

/// Threads that wait for work from call to call.
///
/// A forked process has none of Dispatch's threads, and Dispatch does not notice. These threads belong to one
/// process; a forked one makes its own when it first needs some.
///
/// A caller always works itself, and waits only for threads that have begun. Work therefore goes on where no thread
/// is free or can be made, and calls from inside a worker end.
package final class WorkerThreads: @unchecked Sendable {
  /// Work that threads may take part in.
  private final class Job: @unchecked Sendable {
    // SAFETY: Everything here is only touched while the lock of the threads is held; `body` is also called
    // without it, by threads that are counted as busy meanwhile.
    var body: (@Sendable () -> Void)?

    /// How many more threads may take part, and how many do.
    var openCount: Int
    var busyCount = 0

    /// Whether no caller waits for the end.
    let isDetached: Bool
    let ended = SystemCondition()

    init(openCount: Int, isDetached: Bool, _ body: @escaping @Sendable () -> Void) {
      self.openCount = openCount
      self.isDetached = isDetached
      self.body = body
    }
  }

  /// The most threads there are, whatever is asked for.
  private static let maximumCount = 256

  /// The threads of this process, or of the one that it was forked from; 0 before the first use.
  private static let shared = Atomic<UInt>(0)

  private let processID: pid_t
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

  /// The detached jobs that threads work on or that are offered.
  private var detachedCount = 0

  private init(processID: pid_t) {
    self.processID = processID
  }

  /// Calls `body` on the calling thread and, while that runs, on others that are free.
  ///
  /// - Parameters:
  ///   - workerCount: The most threads that run `body` at a time, the calling one included.
  ///   - body: The work. The call ends when all threads that began it have returned.
  /// - Complexity: Allocates once a call, and for each thread that is made.
  static func run(workerCount: Int, _ body: @Sendable () -> Void) {
    guard workerCount > 1 else { return body() }
    withoutActuallyEscaping(body) { body in
      let job = Job(openCount: workerCount - 1, isDetached: false, body)
      let threads = current
      threads.offer(job)
      body()
      threads.finish(job)
    }
  }

  /// Calls `body` on another thread as soon as one is free, which may be never.
  ///
  /// A caller who needs the result has to be able to do the work itself.
  package static func start(_ body: @escaping @Sendable () -> Void) {
    current.offer(Job(openCount: 1, isDetached: true, body))
  }

  private static var current: WorkerThreads {
    let processID = getpid()
    while true {
      let bits = shared.load(ordering: .acquiring)
      if let address = unsafe UnsafeRawPointer(bitPattern: bits) {
        // SAFETY: What was stored is never released.
        let threads = unsafe Unmanaged<WorkerThreads>.fromOpaque(address).takeUnretainedValue()
        if threads.processID == processID { return threads }
      }
      let threads = unsafe Unmanaged.passRetained(WorkerThreads(processID: processID))
      let (exchanged, _) = shared.compareExchange(
        expected: bits, desired: unsafe UInt(bitPattern: threads.toOpaque()), ordering: .acquiringAndReleasing
      )
      // Another thread was faster.
      if !exchanged { unsafe threads.release() }
    }
  }

  private func offer(_ job: Job) {
    lock.lock()
    jobs.append(job)
    if job.isDetached { detachedCount += 1 }
    // Detached jobs may take long, so the others get as many threads as they ask for on top of those.
    let limit = job.isDetached ? Self.maximumCount : min(Self.maximumCount, detachedCount + job.openCount)
    let wanted = jobs.reduce(0) { $0 + $1.openCount }
    // Jobs that were offered before have the idle threads that they ask for.
    var missing = wanted - idleCount
    while missing > 0, count < limit, makeThread() { missing -= 1 }
    let woken = max(0, min(wanted, idleCount) - signalledCount)
    signalledCount += woken
    lock.unlock()
    for _ in 0..<woken { offered.signal() }
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
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    // Signals are for the threads of the program.
    var (all, before) = (sigset_t(), sigset_t())
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    defer {
      unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
      unsafe pthread_attr_destroy(&attributes)
    }
    var thread = pthread_t()
    // SAFETY: The thread takes over the reference that it is handed.
    let threads = unsafe Unmanaged.passRetained(self)
    let error = unsafe pthread_create(
      &thread, &attributes,
      { threads in
        if let threads = unsafe threads {
          unsafe Unmanaged<WorkerThreads>.fromOpaque(threads).takeRetainedValue().work()
        }
        return nil
      }, threads.toOpaque())
    guard error == 0 else {
      unsafe threads.release()
      return false
    }
    count += 1
    return true
  }

  /// Takes part in one job after the other, forever.
  private func work() {
    lock.lock()
    while true {
      guard let job = jobs.first else {
        idleCount += 1
        offered.wait(lock)
        idleCount -= 1
        // A thread that wakes without a signal makes this one too small, and another one is signalled in vain.
        signalledCount = max(0, signalledCount - 1)
        continue
      }
      job.openCount -= 1
      job.busyCount += 1
      if job.openCount == 0 { jobs.removeFirst() }
      lock.unlock()
      job.body?()
      lock.lock()
      job.busyCount -= 1
      if job.isDetached {
        job.body = nil
        detachedCount -= 1
      } else if job.busyCount == 0 {
        job.ended.signal()
      }
    }
  }
}
