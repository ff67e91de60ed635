/// A search that spends its time on what looks good.
///
///     round 1   all candidates                  one pass
///     round 2   the best third for each goal    two passes
///     round 3   the best ninth for each goal    four passes
///     …         until three or fewer are left for each goal
///
/// Each pass measures all that are left in turns, every other one backwards, so that what the machine does
/// meanwhile falls on all of them alike. The first pass is always made in full. After that a pass is left out
/// that would end after the time is over, if it took as long as the one before it. But the last candidates are
/// always measured three times, since nothing is known of the noise before; time for that is kept.
package struct SuccessiveHalving {
  /// What is looked for; a candidate stays while it is among the best for one of them.
  package let goals: [TuningGoal]
  /// How fast the store is taken to be.
  package let store: StoreSpeed

  /// A third goes on to the next round.
  private static let factor = 3

  /// How many are left for each goal at the end.
  private static let finalistCount = 3

  /// From fewer passes the noise of a candidate is not known.
  private static let leastPassCount = 3

  /// Creates a search.
  package init(for goals: [TuningGoal], store: StoreSpeed) {
    self.goals = goals
    self.store = store
  }

  /// Measures candidates.
  ///
  /// - Parameters:
  ///   - candidateCount: How many there are.
  ///   - budget: The seconds to spend.
  ///   - now: The seconds since some moment of the past.
  ///   - measure: Makes one pass with the candidate of a number.
  /// - Returns: What was measured, and which candidates were left.
  /// - Throws: What `measure` throws.
  package func outcome(
    of candidateCount: Int, within budget: Double, now: () -> Double = Self.seconds,
    measure: (Int) throws -> TuningMeasurement
  ) rethrows -> TuningOutcome {
    var results = (0..<candidateCount).map { TuningResult(candidate: $0) }
    var durations = results.map { _ in 0.0 }
    var survivors = Array(0..<candidateCount)
    var keptCount = candidateCount
    var passCount = 1
    var isBackwards = false
    let start = now()
    while true {
      let isLast = keptCount <= Self.finalistCount
      for _ in 0..<(isLast ? max(passCount, Self.leastPassCount) : passCount) {
        let passesAfter = (survivors.map { results[$0].measurements.count }.min() ?? 0) + 1
        let missing = Double(max(0, Self.leastPassCount - passesAfter))
        let finalists = best(Self.finalistCount, of: survivors, results)
        let expected =
          survivors.reduce(0) { $0 + durations[$1] } + finalists.reduce(0) { $0 + durations[$1] } * missing
        let isNeeded = passesAfter == 1 || (isLast && passesAfter <= Self.leastPassCount)
        guard isNeeded || now() - start + expected <= budget else { break }
        for candidate in isBackwards ? survivors.reversed() : survivors {
          let begin = now()
          results[candidate].measurements.append(try measure(candidate))
          durations[candidate] = now() - begin
        }
        isBackwards.toggle()
      }
      guard !isLast else { break }
      keptCount = max(Self.finalistCount, keptCount / Self.factor)
      survivors = best(keptCount, of: survivors, results)
      passCount *= 2
    }
    return TuningOutcome(results: results, finalists: survivors, store: store)
  }

  /// The best candidates for each goal, in their order.
  private func best(_ count: Int, of candidates: [Int], _ results: [TuningResult]) -> [Int] {
    var kept: Set<Int> = []
    for goal in goals {
      let ranked = candidates.map { ($0, results[$0].cost(for: goal, in: store)) }.sorted { $0.1 < $1.1 }
      kept.formUnion(ranked.prefix(count).map(\.0))
    }
    return kept.sorted()
  }

  private static let origin = ContinuousClock.now

  /// The seconds on the clock.
  package static func seconds() -> Double { (ContinuousClock.now - origin) / .seconds(1) }
}
