import Glibc

/// The stream for messages to the person at the shell.
enum StandardError {
  /// Whether somebody watches.
  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// The characters that fit on a line, or a usual number where that is not known.
  static var columnCount: Int {
    var size = winsize()
    guard unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes text at once.
  static func write(_ text: String) {
    StandardStreams.noteOutput()
    draw(text)
  }

  /// Writes text that is replaced by other text.
  static func draw(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      // There is nowhere left to complain to.
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }
}
