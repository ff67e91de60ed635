/// Measures wall-clock time.
struct Stopwatch {
  private let start = ContinuousClock.now

  /// The seconds since the stopwatch was made.
  var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

  /// The seconds that `body` takes.
  static func measure(_ body: () throws -> Void) rethrows -> Double {
    let stopwatch = Stopwatch()
    try body()
    return stopwatch.seconds
  }
}
