/// Runs contenders in turns, so that what the machine does meanwhile falls on all of them alike.
enum Comparison {
  /// Runs each contender once unmeasured, then all of them `repeats` times.
  ///
  /// Every other round goes through them backwards, so that none always profits from what went before it.
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
