/// What a search found.
package struct TuningOutcome: Sendable {
  /// The results of all candidates, in their order.
  package let results: [TuningResult]
  /// The numbers of the candidates that were measured to the end.
  package let finalists: [Int]
  /// How fast the store is taken to be.
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
  /// Those that differ from the best by less than ``tolerance(for:)`` are taken for equal. Among them the
  /// smallest result wins, and for ``TuningGoal/size`` the fastest write.
  package func best(for goal: TuningGoal) -> TuningResult? {
    let candidates = finalists.map { results[$0] }
    guard let least = candidates.map({ $0.cost(for: goal, in: store) }).min() else { return nil }
    let equals = candidates.filter {
      $0.cost(for: goal, in: store) <= least * (1 + tolerance(for: goal))
    }
    let second = goal == .size ? TuningGoal.write : .size
    return equals.min { $0.cost(for: second, in: store) < $1.cost(for: second, in: store) }
  }

  /// The difference that is not told from none, as a part of the whole: 3 %, or the median of the finalists'
  /// noise if that is more.
  package func tolerance(for goal: TuningGoal) -> Double {
    let noises = finalists.compactMap { results[$0].noise(for: goal, in: store) }.sorted()
    return max(0.03, noises.isEmpty ? 0 : noises[noises.count / 2])
  }
}
