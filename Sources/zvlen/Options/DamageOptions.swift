import ArgumentParser
import Zarr

/// What is done about damaged chunks.
struct DamageOptions: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Takes the fill value for the elements of damaged chunks, mostly empty ones.",
      discussion: """
        Each damaged chunk is a line on standard error, and the exit code is 1. Without it the first one ends \
        dump and export, and cat goes on with the next element.
        """))
  var replaceDamaged = false
}

/// The damaged chunks that a command came across.
struct DamageOutput {
  private let report: DamageReport?

  /// Prepares for a command with these options.
  init(_ options: DamageOptions) {
    report = options.replaceDamaged ? DamageReport() : nil
  }

  /// The settings with which arrays are opened.
  func access(_ reading: ReadingOptions) -> ArrayAccess {
    var access = reading.access
    access.damageReport = report
    return access
  }

  /// Whether elements of damaged chunks are replaced.
  var isReplaced: Bool { report != nil }

  /// Writes the damaged chunks to standard error.
  ///
  /// - Throws: `ExitCode.failure` if there are any.
  func finish() throws {
    guard let report, !report.isEmpty else { return }
    for chunk in report.chunks { StandardError.write("zvlen: damaged: \(OneLine(chunk))\n") }
    throw ExitCode.failure
  }
}
