/// The distribution of many times in a few numbers.
enum LatencyCurve {
  /// The parts of all times, in percent, for which a curve has a number, as
  /// Benchmarks/Charts has them too.
  static let percents: [Double] =
    [0] + stride(from: 2.5, to: 97, by: 2.5) + [97.5, 98.5, 99, 99.5, 100]

  /// The times that as many do not exceed.
  ///
  /// - Precondition: There is at least one time.
  static func values(_ seconds: [Double]) -> [Double] {
    let statistics = Statistics(seconds)
    return percents.map { statistics.percentile($0) }
  }
}
