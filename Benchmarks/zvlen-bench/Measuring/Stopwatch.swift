import Foundation

/// The time of a piece of work.
struct Elapsed: Sendable {
  /// The seconds on the clock.
  let seconds: Double

  /// The seconds of all processors together.
  ///
  /// Other processes disturb this time far less than the time on the clock.
  let processorSeconds: Double
}

/// Measures wall-clock time, and the time that all threads of the process spend on processors.
struct Stopwatch {
  private let start = ContinuousClock.now
  private let processorStart = Self.processorSeconds

  /// The time since the stopwatch was made.
  var elapsed: Elapsed {
    Elapsed(
      seconds: (ContinuousClock.now - start) / .seconds(1),
      processorSeconds: Self.processorSeconds - processorStart)
  }

  /// The seconds since the stopwatch was made.
  var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

  /// The time that `body` takes.
  static func measure(_ body: () throws -> Void) rethrows -> Elapsed {
    let stopwatch = Stopwatch()
    try body()
    return stopwatch.elapsed
  }

  /// The seconds of a clock that all processes share.
  static var sharedSeconds: Double { seconds(of: CLOCK_MONOTONIC) }

  private static var processorSeconds: Double { seconds(of: CLOCK_PROCESS_CPUTIME_ID) }

  private static func seconds(of clock: clockid_t) -> Double {
    var time = timespec()
    // SAFETY: The call only writes to `time`.
    guard unsafe clock_gettime(clock, &time) == 0 else { return 0 }
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
