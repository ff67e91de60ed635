import ArgumentParser
import Synchronization
import Zarr

/// The lines that `zvlen verify` and `zvlen repair` write, each as soon as it is known.
final class VerificationReport: Sendable {
  private struct State: @unchecked Sendable {
    // SAFETY: Only touched while the mutex is held.
    let output = OutputStream.standard()
    var hasDamage = false
    var hasUnchecked = false
  }

  private let state = Mutex(State())

  /// Ends the command with the code for what was found: 1 for damage, 2 if there is none but not all could be
  /// checked.
  ///
  /// - Throws: `ExitCode`, unless everything is sound.
  func finish() throws {
    let (hasDamage, hasUnchecked) = state.withLock { ($0.hasDamage, $0.hasUnchecked) }
    if hasDamage { throw ExitCode.failure }
    if hasUnchecked { throw ExitCode(2) }
  }

  /// Adds something that is not sound, or could not be looked at, in words that begin with its path.
  ///
  /// - Throws: The error, if the command can begin anew.
  func add(_ words: String, _ error: any Error) throws {
    if Main.canRunAgain(after: error) { throw error }
    if error is ToolError || FailureKind(of: error) == .damaged {
      try addDamage(words)
    } else {
      try addUnchecked(words + ReadingOptions.advice(for: error))
    }
  }

  /// Adds something that could not be looked at, in words that begin with its path and end with the reason.
  func addUnchecked(_ words: String) throws { try write("not checked", words) { $0.hasUnchecked = true } }

  /// Adds something that is damaged, in words that begin with its path.
  func addDamage(_ words: String) throws { try write("damaged", words) { $0.hasDamage = true } }

  /// Adds something that is sound, in words that begin with its path.
  func confirm(_ words: String) throws { try write("ok", words) }

  /// Adds something that is no damage, in words that begin with its path.
  func note(_ words: String) throws { try write("note", words) }

  /// Adds damage that is there no more, in words that begin with its path.
  func addRemoved(_ words: String) throws { try write("taken out", words) }

  /// Adds why what was just said to be damaged is still there.
  func addNotRemoved(_ error: any Error) throws { try write("not taken out", "\(error)") }

  private func write(_ kind: String, _ words: String, _ change: (inout State) -> Void = { _ in }) throws {
    try state.withLock { state in
      change(&state)
      try state.output.write("\(OneLine("\(kind): \(words)"))\n")
      try state.output.flush()
    }
  }
}
