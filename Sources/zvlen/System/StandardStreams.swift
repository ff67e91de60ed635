import ZarrPlatform

/// The three streams that a process is started with.
enum StandardStreams {
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
