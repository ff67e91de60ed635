import Synchronization
import Zarr

/// The lines that `zvlen verify` writes, each as soon as it is known.
final class VerificationReport: Sendable {
  private struct State: @unchecked Sendable {
    // SAFETY: Only touched while the mutex is held.
    let output = OutputStream.standard()
    var hasFindings = false
  }

  private let state = Mutex(State())

  /// Whether anything was damaged.
  var hasFindings: Bool { state.withLock { $0.hasFindings } }

  /// Adds something that is damaged, in words that begin with its path.
  func add(_ finding: String) throws {
    try state.withLock { state in
      state.hasFindings = true
      try Self.write("damaged: \(finding)", to: state.output)
    }
  }

  /// Adds something that is sound, in words that begin with its path.
  func confirm(_ words: String) throws {
    try state.withLock { state in try Self.write("ok: \(words)", to: state.output) }
  }

  /// Adds something that is no damage, in words that begin with its path.
  func note(_ words: String) throws {
    try state.withLock { state in try Self.write("note: \(words)", to: state.output) }
  }

  private static func write(_ line: String, to output: OutputStream) throws {
    try output.write("\(OneLine(line))\n")
    try output.flush()
  }
}
