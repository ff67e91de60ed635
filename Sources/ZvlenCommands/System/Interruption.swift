import Dispatch
import Synchronization
import Zarr
import ZarrPlatform

/// Stops work on Ctrl-C and similar signals without leaving unfinished files.
///
/// The first signal asks the work to stop. If it does not stop in time, because it reads, compresses or waits, the
/// process ends after unfinished files are removed. A kill at the same moment would leave more. The second signal
/// ends the process at once.
enum Interruption {
  /// Stops the work that uses it when a signal comes.
  static let monitor = ProgressMonitor()

  private static let signalNumber = Atomic<Int32>(0)
  private static let queue = DispatchQueue(label: "zvlen.signals")
  private static let sources = Mutex(Sources())
  private static let cleanups = Mutex<[Cleanup]>([])

  /// How long the work has to stop by itself.
  private static let patience = DispatchTimeInterval.milliseconds(500)

  /// The sources of signals, which have to stay alive.
  private struct Sources: @unchecked Sendable {
    // SAFETY: No code uses a source after it is stored here.
    var all: [any DispatchSourceSignal] = []
  }

  /// The exit code for the signal that came, as shells expect it, or nil.
  static var exitCode: Int32? {
    let number = signalNumber.load(ordering: .relaxed)
    return number == 0 ? nil : 128 + number
  }

  /// Starts to watch for signals.
  static func watch() {
    // Writing to a pipe without a reader becomes an ordinary error.
    signal(SIGPIPE, SIG_IGN)
    // So does a file that grows beyond the limit of the system.
    signal(SIGXFSZ, SIG_IGN)
    let registered = DispatchSemaphore(value: 0)
    var count = 0
    for number in [SIGINT, SIGTERM, SIGHUP] {
      var action = sigaction()
      // nohup and the like start the tool with signals ignored.
      guard unsafe sigaction(number, nil, &action) == 0, isDefault(action) else { continue }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        signalNumber.store(number, ordering: .relaxed)
        monitor.cancel()
        // `timeout` sends a signal to the process and to its group, and means one signal.
        queue.asyncAfter(deadline: .now() + .milliseconds(100)) { signal(number, SIG_DFL) }
        queue.asyncAfter(deadline: .now() + patience) { end(by: number) }
      }
      source.setRegistrationHandler { registered.signal() }
      source.resume()
      count += 1
      nonisolated(unsafe) let kept = source
      sources.withLock { unsafe $0.all.append(kept) }
    }
    // Until then signals are ignored; on a busy machine work would have begun that they do not stop.
    for _ in 0..<count { _ = registered.wait(timeout: .now() + .seconds(1)) }
  }

  /// Runs a cleanup before a signal ends the process.
  static func add(_ cleanup: Cleanup) { cleanups.withLock { $0.append(cleanup) } }

  private static func end(by number: Int32) -> Never {
    // This waits for cleanups that are running.
    for cleanup in cleanups.withLock({ $0 }) { cleanup.run() }
    _exit(128 + number)
  }

  /// Throws `ZarrError.cancelled` if a signal came.
  static func check() throws {
    if monitor.isCancelled { throw ZarrError.cancelled }
  }

  private static func isDefault(_ action: sigaction) -> Bool {
    unsafe action.__sigaction_handler.sa_handler == nil
  }
}

/// Removes unfinished files once, when the work is given up or when a signal ends the process.
final class Cleanup: Sendable {
  private let body: Mutex<(@Sendable () -> Void)?>

  /// Creates a cleanup that a signal runs too.
  init(_ body: @escaping @Sendable () -> Void) {
    self.body = Mutex(body)
    Interruption.add(self)
  }

  /// Cleans up if that has not been done, and returns when it is done.
  func run() {
    body.withLock { body in
      body?()
      body = nil
    }
  }

  /// Calls `body`.
  ///
  /// Meanwhile nothing is removed, and no signal ends the process.
  func holdingOff<Result>(_ body: () throws -> Result) rethrows -> Result {
    try self.body.withLock { _ in try body() }
  }
}
