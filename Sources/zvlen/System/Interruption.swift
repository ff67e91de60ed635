import Dispatch
import Synchronization
import Zarr
import ZarrPlatform

/// Lets Ctrl-C and the like end work in good order, so that no unfinished files are left behind.
///
/// The first signal asks the work to stop. Work that does not in time, because it reads, compresses or waits for
/// something long, is ended: whatever moment that is, it leaves no more than a kill would, and what is unfinished
/// is removed. The second signal ends the process at once.
enum Interruption {
  /// Stops the work that it is passed to when a signal comes.
  static let monitor = ProgressMonitor()

  private static let signalNumber = Atomic<Int32>(0)
  private static let queue = DispatchQueue(label: "zvlen.signals")
  private static let sources = Mutex(Sources())
  private static let cleanups = Mutex<[Cleanup]>([])

  /// How long work may take to stop by itself.
  private static let patience = DispatchTimeInterval.milliseconds(500)

  /// What has to live as long as signals are waited for.
  private struct Sources: @unchecked Sendable {
    // SAFETY: Nobody touches a source again once it is here.
    var all: [any DispatchSourceSignal] = []
  }

  /// The code to end with, as shells expect it, if a signal came.
  static var exitCode: Int32? {
    let number = signalNumber.load(ordering: .relaxed)
    return number == 0 ? nil : 128 + number
  }

  /// Starts to wait for signals.
  static func watch() {
    // Writing to a pipe that nobody reads is an error like others.
    signal(SIGPIPE, SIG_IGN)
    // And so is a file that becomes larger than the system allows.
    signal(SIGXFSZ, SIG_IGN)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      var action = sigaction()
      // Whoever started the tool may want it to go on, as nohup does.
      guard unsafe sigaction(number, nil, &action) == 0, isDefault(action) else { continue }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        signalNumber.store(number, ordering: .relaxed)
        monitor.cancel()
        // What sends a signal to a process and to its group, as `timeout`, means one.
        queue.asyncAfter(deadline: .now() + .milliseconds(100)) { signal(number, SIG_DFL) }
        queue.asyncAfter(deadline: .now() + patience) { end(by: number) }
      }
      source.resume()
      nonisolated(unsafe) let kept = source
      sources.withLock { unsafe $0.all.append(kept) }
    }
  }

  /// Has something done before a signal ends the process.
  static func add(_ cleanup: Cleanup) { cleanups.withLock { $0.append(cleanup) } }

  private static func end(by number: Int32) -> Never {
    // Waits for whoever is at one of them.
    for cleanup in cleanups.withLock({ $0 }) { cleanup.run() }
    _exit(128 + number)
  }

  /// Throws if a signal came.
  static func check() throws {
    if monitor.isCancelled { throw ZarrError.cancelled }
  }

  private static func isDefault(_ action: sigaction) -> Bool {
    unsafe action.__sigaction_handler.sa_handler == nil
  }
}
