/// How long single reads take, in seconds.
struct LatencySummary: Encodable, Sendable {
  let reads: Int
  let p50: Double
  let p90: Double
  let p99: Double
  let p999: Double
  let maximum: Double

  /// Summarises the seconds of single reads.
  ///
  /// - Precondition: There is at least one read.
  init(_ seconds: [Double]) {
    let statistics = Statistics(seconds)
    reads = seconds.count
    p50 = statistics.percentile(50)
    p90 = statistics.percentile(90)
    p99 = statistics.percentile(99)
    p999 = statistics.percentile(99.9)
    maximum = statistics.maximum
  }

  /// The percentiles in one line.
  var summary: String {
    [("p50", p50), ("p90", p90), ("p99", p99), ("p99.9", p999), ("max", maximum)]
      .map { "\($0.0) \(Figure.duration($0.1))" }
      .joined(separator: "  ")
  }
}
