import Glibc
import Synchronization

/// The three streams that a process is started with.
enum StandardStreams {
  /// Whether the command has shown anything, or has written a file that stays.
  static var hasOutput: Bool { outputFlag.load(ordering: .relaxed) }

  private static let outputFlag = Atomic(false)

  /// Takes note that something is shown, or that a file is written that stays.
  static func noteOutput() { outputFlag.store(true, ordering: .relaxed) }

  /// Opens those that are closed, before another file gets their numbers.
  ///
  /// They are opened the wrong way around, so that reading and writing them is an error still.
  static func openClosed() {
    for (number, flags) in [
      (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ] where fcntl(number, F_GETFD) < 0 {
      // The lowest number that is free.
      _ = unsafe open("/dev/null", flags)
    }
  }
}
