import Glibc

/// Collects output, and writes it in large blocks.
final class OutputStream {
  private static let blockByteCount = 1 << 20

  private let file: OpenFile
  private var buffer: [UInt8] = []

  /// Writes to a file.
  init(_ file: consuming OpenFile) {
    self.file = file
    buffer.reserveCapacity(Self.blockByteCount + Self.blockByteCount / 4)
  }

  /// Writes to standard output.
  static func standard() -> OutputStream {
    OutputStream(OpenFile(borrowing: STDOUT_FILENO, path: "standard output"))
  }

  /// Writes bytes.
  func write(_ bytes: RawSpan) throws {
    if bytes.byteCount >= Self.blockByteCount {
      try flush()
      try file.write(bytes)
    } else {
      // SAFETY: The buffer is read inside of the closure only.
      unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
      try flushIfFull()
    }
  }

  /// Writes text.
  func write(_ text: String) throws {
    buffer.append(contentsOf: text.utf8)
    try flushIfFull()
  }

  /// Writes what `body` appends to its argument.
  func write(_ body: (inout [UInt8]) throws -> Void) throws {
    try body(&buffer)
    try flushIfFull()
  }

  /// Does work that writes, and hands all that was written to the system, also if the work throws.
  func flushing(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      // The error that counts is the first one. A command that begins anew shows nothing of this.
      if !(error is BrokenPipe), !Main.canRunAgain(after: error) { try? flush() }
      throw error
    }
    try flush()
  }

  /// Hands all that was written to the system.
  func flush() throws {
    // SAFETY: The buffer is read inside of the closure only.
    try unsafe buffer.withUnsafeBytes { try file.write(unsafe RawSpan(_unsafeBytes: $0)) }
    buffer.removeAll(keepingCapacity: true)
  }

  private func flushIfFull() throws {
    if buffer.count >= Self.blockByteCount { try flush() }
  }
}
