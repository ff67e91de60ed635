import CommandLineOptions

/// Why a benchmark's result does not count.
enum BenchmarkError: Error, CustomStringConvertible {
  /// The data cannot be read, or there is none.
  case noData(path: String, reason: String)
  /// What was read is not what was written.
  case differs(String)
  /// There is no floor for this compression, and nothing else to measure.
  case hasNoFloor(CodecChoice)

  var description: String {
    switch self {
    case .noData(let path, let reason): "--data \(path): \(reason)"
    case .differs(let work): "\(work): what was read is not what was written"
    case .hasNoFloor(let codec): "--codec \(codec): there is a floor for none, zstd and lz4 only"
    }
  }
}
