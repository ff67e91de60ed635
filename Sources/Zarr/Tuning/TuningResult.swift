/// All that was measured of one candidate.
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

  /// The median of what the passes cost for a goal; without a pass more than anything.
  package func cost(for goal: TuningGoal, in store: StoreSpeed) -> Double {
    let costs = costs(goal, store)
    guard !costs.isEmpty else { return .infinity }
    return (costs[(costs.count - 1) / 2] + costs[costs.count / 2]) / 2
  }

  /// How far the passes lie apart: half of what lies between their quartiles, as a part of their median, or
  /// nil for fewer than three passes.
  package func noise(for goal: TuningGoal, in store: StoreSpeed) -> Double? {
    let costs = costs(goal, store)
    let median = cost(for: goal, in: store)
    guard costs.count >= 3 else { return nil }
    guard median > 0 else { return 0 }
    return (costs[costs.count - 1 - costs.count / 4] - costs[costs.count / 4]) / 2 / median
  }

  /// The bytes of all that is stored, which is the same in every pass.
  package var storedByteCount: Int { measurements.last?.storedByteCount ?? 0 }

  private func costs(_ goal: TuningGoal, _ store: StoreSpeed) -> [Double] {
    measurements.map { $0.cost(for: goal, in: store) }.sorted()
  }
}
