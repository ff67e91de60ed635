import Testing

@testable import Zarr

@Suite("The search for settings")
struct SuccessiveHalvingTests {
  /// A clock that only measuring moves.
  private final class Clock {
    var seconds = 0.0
  }

  private func measurement(write: Double, read: Double = 1, stored: Int = 1) -> TuningMeasurement {
    TuningMeasurement(
      writeSeconds: write, readSeconds: read, randomReadSeconds: 1, storedByteCount: stored, chunkCount: 1)
  }

  /// A search among candidates whose writes take 1, 2, 3, … seconds and whose reads take the same backwards.
  private func outcome(
    _ goals: [TuningGoal], count: Int, budget: Double, secondsPerMeasurement: Double = 1
  ) -> TuningOutcome {
    let clock = Clock()
    return SuccessiveHalving(for: goals, store: .memory).outcome(
      of: count, within: budget, now: { clock.seconds }
    ) { index in
      clock.seconds += secondsPerMeasurement
      return measurement(write: Double(index + 1), read: Double(count - index))
    }
  }

  @Test("With time enough the best third goes on, with twice as many passes, until three are left")
  func rounds() {
    let outcome = outcome([.write], count: 27, budget: 1000)

    #expect(outcome.finalists == [0, 1, 2])
    let passes = outcome.results.map(\.measurements.count)
    #expect(passes[0..<3] == [7, 7, 7])
    #expect(passes[3..<9].allSatisfy { $0 == 3 })
    #expect(passes[9...].allSatisfy { $0 == 1 })
  }

  @Test("What is good for any of the goals stays")
  func goals() {
    #expect(outcome([.write, .read], count: 27, budget: 1000).finalists == [0, 1, 2, 24, 25, 26])
  }

  @Test("Without time the best are found all the same, and measured until their noise is known")
  func noTime() throws {
    let outcome = outcome([.write], count: 27, budget: 0)

    #expect(outcome.results.map(\.measurements.count) == [3, 3, 3] + Array(repeating: 1, count: 24))
    let best = try #require(outcome.best(for: .write))
    #expect(best.candidate == 0)
    #expect(best.noise(for: .write, in: .memory) != nil)
  }

  @Test("The finalists are measured three times, however few candidates there are", arguments: 1...4)
  func finalists(count: Int) {
    let outcome = outcome([.read], count: count, budget: 0)
    #expect(outcome.finalists.allSatisfy { outcome.results[$0].measurements.count == 3 })
  }

  @Test("No other pass begins that would end after the time", arguments: [33.0, 40, 50, 60, 70])
  func budget(seconds: Double) {
    let total = outcome([.write], count: 27, budget: seconds).results.reduce(0) {
      $0 + $1.measurements.count
    }
    #expect(total <= Int(seconds))
    #expect(total > Int(seconds) - 9 || total == 27 + 2 * 9 + 4 * 3)
  }

  @Test("One candidate is the best, and of none nothing is", arguments: [0, 1])
  func few(count: Int) {
    let outcome = outcome(TuningGoal.allCases, count: count, budget: 10)
    #expect(outcome.best(for: .size)?.candidate == (count == 0 ? nil : 0))
  }

  @Test("An error of a pass ends the search")
  func failure() {
    struct Failure: Error {}
    #expect(throws: Failure.self) {
      try SuccessiveHalving(for: [.write], store: .memory).outcome(of: 2, within: 1) { _ in throw Failure() }
    }
  }
}
