/// A search that spends its time on the candidates that look good.
///
///     round 1   all candidates                  one pass
///     round 2   the best third for each goal    two passes
///     round 3   the best ninth for each goal    four passes
///     …         until three or fewer are left for each goal
///
/// Each pass measures all remaining candidates in turns, and every other pass runs backwards, so that noise
/// of the machine affects all of them alike. The first pass is always complete. A later pass is skipped if it
/// would exceed the time, judged by the pass before it. The last candidates are always measured three times,
/// because the noise is unknown before; the search keeps time for that.
package struct SuccessiveHalving {
  /// The goals; a candidate stays while it is among the best for one of them.
  package let goals: [TuningGoal]
  /// The assumed speed of the store.
  package let store: StoreSpeed

  /// A third goes on to the next round.
  private static let factor = 3

  /// The number of candidates that remain for each goal at the end.
  private static let finalistCount = 3

  /// The fewest passes that tell the noise of a candidate.
  private static let leastPassCount = 3

  /// Creates a search.
  package init(for goals: [TuningGoal], store: StoreSpeed) {
    self.goals = goals
    self.store = store
  }

  /// Measures candidates.
  ///
  /// - Parameters:
  ///   - candidateCount: The number of candidates.
  ///   - budget: The seconds to spend.
  ///   - now: The seconds since a fixed moment.
  ///   - measure: Makes one pass with the candidate of the given number.
  /// - Returns: All measurements and the candidates that remain.
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

/// The outcome of a search.
package struct TuningOutcome: Sendable {
  /// The results of all candidates, in their order.
  package let results: [TuningResult]
  /// The numbers of the candidates that reached the last round.
  package let finalists: [Int]
  /// The assumed speed of the store.
  package let store: StoreSpeed

  /// Creates an outcome.
  ///
  /// - Precondition: `finalists` are numbers of `results`.
  package init(results: [TuningResult], finalists: [Int], store: StoreSpeed) {
    self.results = results
    self.finalists = finalists
    self.store = store
  }

  /// The best finalist for a goal, or nil if there is none.
  ///
  /// Finalists within ``tolerance(for:)`` of the best count as equal. Among these the smallest result wins,
  /// or the fastest write for ``TuningGoal/size``.
  package func best(for goal: TuningGoal) -> TuningResult? {
    let candidates = finalists.map { results[$0] }
    guard let least = candidates.map({ $0.cost(for: goal, in: store) }).min() else { return nil }
    let equals = candidates.filter {
      $0.cost(for: goal, in: store) <= least * (1 + tolerance(for: goal))
    }
    let second = goal == .size ? TuningGoal.write : .size
    return equals.min { $0.cost(for: second, in: store) < $1.cost(for: second, in: store) }
  }

  /// The relative difference that counts as none: 3 %, or the median noise of the finalists if that is
  /// larger.
  package func tolerance(for goal: TuningGoal) -> Double {
    let noises = finalists.compactMap { results[$0].noise(for: goal, in: store) }.sorted()
    return max(0.03, noises.isEmpty ? 0 : noises[noises.count / 2])
  }
}

/// All measurements of one candidate.
package struct TuningResult: Sendable {
  /// The number of the candidate.
  package let candidate: Int
  /// One measurement for each pass.
  package var measurements: [TuningMeasurement]

  /// Creates a result.
  package init(candidate: Int, measurements: [TuningMeasurement] = []) {
    self.candidate = candidate
    self.measurements = measurements
  }

  /// The median cost of the passes for a goal, or infinity without a pass.
  package func cost(for goal: TuningGoal, in store: StoreSpeed) -> Double {
    let costs = costs(goal, store)
    guard !costs.isEmpty else { return .infinity }
    return (costs[(costs.count - 1) / 2] + costs[costs.count / 2]) / 2
  }

  /// The spread of the passes, half of their interquartile range relative to their median, or nil for fewer
  /// than three passes.
  package func noise(for goal: TuningGoal, in store: StoreSpeed) -> Double? {
    let costs = costs(goal, store)
    let median = cost(for: goal, in: store)
    guard costs.count >= 3 else { return nil }
    guard median > 0 else { return 0 }
    return (costs[costs.count - 1 - costs.count / 4] - costs[costs.count / 4]) / 2 / median
  }

  /// The stored bytes, which are the same in every pass.
  package var storedByteCount: Int { measurements.last?.storedByteCount ?? 0 }

  private func costs(_ goal: TuningGoal, _ store: StoreSpeed) -> [Double] {
    measurements.map { $0.cost(for: goal, in: store) }.sorted()
  }
}
