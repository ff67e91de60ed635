import CommandLineOptions

/// One side of a comparison.
struct Contender {
  /// The name in tables.
  let name: String

  /// Does the work once, and returns its time without preparation and clean-up.
  let body: () throws -> Elapsed

  /// Creates a contender.
  init(_ name: String, body: @escaping () throws -> Elapsed) {
    self.name = name
    self.body = body
  }
}

/// Runs contenders in turns, so that other work of the machine slows all of them alike.
enum Comparison {
  /// Runs each contender once unmeasured, then all of them `repeats` times.
  ///
  /// Every other round goes backwards, so that no contender always profits from the one before it.
  ///
  /// - Returns: The times of each contender, in their order.
  static func run(_ contenders: [Contender], repeats: Int, hasWarmUp: Bool = true) throws -> [[Elapsed]] {
    var times = contenders.map { _ in [Elapsed]() }
    if hasWarmUp {
      for contender in contenders { _ = try contender.body() }
    }
    for round in 0..<repeats {
      let order = Array(contenders.indices)
      for index in round.isMultiple(of: 2) ? order : order.reversed() {
        times[index].append(try contenders[index].body())
      }
    }
    return times
  }
}

/// The reason why a result does not count.
enum BenchmarkError: Error, CustomStringConvertible {
  /// The data cannot be read or is empty.
  case noData(path: String, reason: String)
  /// What was read is not what was written.
  case differs(String)
  /// This compression has no floor.
  case hasNoFloor(CodecChoice)

  var description: String {
    switch self {
    case .noData(let path, let reason): "--data \(path): \(reason)"
    case .differs(let work): "\(work): what was read is not what was written"
    case .hasNoFloor(let codec): "--codec \(codec): there is a floor for none, zstd and lz4 only"
    }
  }
}
