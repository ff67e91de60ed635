import Dispatch
import Glibc
import Synchronization
import Zarr

/// Lets Ctrl-C and the like end work in good order, so that no unfinished files are left behind.
///
/// The first signal asks the work to stop; the second one ends the process at once.
enum Interruption {
  /// Stops the work that it is passed to when a signal comes.
  static let monitor = ProgressMonitor()

  private static let signalNumber = Atomic<Int32>(0)
  private static let queue = DispatchQueue(label: "zvlen.signals")
  private static let sources = Mutex(Sources())

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
        signal(number, SIG_DFL)
        monitor.cancel()
      }
      source.resume()
      nonisolated(unsafe) let kept = source
      sources.withLock { unsafe $0.all.append(kept) }
    }
  }

  /// Throws if a signal came.
  static func check() throws {
    if monitor.isCancelled { throw ZarrError.cancelled }
  }

  private static func isDefault(_ action: sigaction) -> Bool {
    unsafe action.__sigaction_handler.sa_handler == nil
  }
}
