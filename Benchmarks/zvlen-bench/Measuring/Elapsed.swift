/// How long a piece of work took.
struct Elapsed: Sendable {
  /// The seconds on the clock.
  let seconds: Double

  /// The seconds of all processors together.
  ///
  /// Other processes on the machine stretch the time on the clock far more than this one.
  let processorSeconds: Double
}
