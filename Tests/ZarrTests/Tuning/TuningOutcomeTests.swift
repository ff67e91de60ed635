import Testing

@testable import Zarr

@Suite("The choice among measured settings")
struct TuningOutcomeTests {
  private func measurement(
    write: Double = 1, read: Double = 1, random: Double = 1, stored: Int = 1, chunks: Int = 1
  ) -> TuningMeasurement {
    TuningMeasurement(
      writeSeconds: write, readSeconds: read, randomReadSeconds: random, storedByteCount: stored,
      chunkCount: chunks)
  }

  private func outcome(_ measurements: [[TuningMeasurement]]) -> TuningOutcome {
    TuningOutcome(
      results: measurements.enumerated().map { TuningResult(candidate: $0, measurements: $1) },
      finalists: Array(measurements.indices), store: .memory)
  }

  private var candidates: [[TuningMeasurement]] {
    [
      [measurement(write: 1, read: 5, random: 3, stored: 1000)],
      [measurement(write: 1.02, read: 2, random: 2, stored: 500)],
      [measurement(write: 9, read: 4, random: 5, stored: 200)],
      [measurement(write: 5, read: 6, random: 1, stored: 800)],
      [measurement(write: 8, read: 6, random: 5, stored: 204)],
    ]
  }

  @Test(
    "Each goal has its setting; among equals the smallest result wins, and among sizes the fastest write",
    arguments: [(TuningGoal.balanced, 1), (.write, 1), (.read, 1), (.size, 4), (.random, 3)])
  func goals(goal: TuningGoal, candidate: Int) {
    #expect(outcome(candidates).best(for: goal)?.candidate == candidate)
  }

  @Test("The balanced setting is best at nothing where the best at one thing pay for it elsewhere")
  func balance() {
    let outcome = outcome([
      [measurement(write: 1, read: 4, random: 2, stored: 1000)],
      [measurement(write: 4, read: 1, random: 2, stored: 1000)],
      [measurement(write: 4, read: 4, random: 2, stored: 300)],
      [measurement(write: 1.5, read: 1.5, random: 2, stored: 600)],
      // Single reads count less: ten times as slow weighs as much as 1.8 times the size.
      [measurement(write: 1.5, read: 1.5, random: 0.2, stored: 1200)],
    ])
    #expect(outcome.best(for: .balanced)?.candidate == 3)
  }

  @Test("What was not measured to the end is not chosen")
  func finalists() {
    let all = outcome(candidates)
    let some = TuningOutcome(results: all.results, finalists: [2, 3], store: .memory)
    #expect(some.best(for: .write)?.candidate == 3)
  }

  @Test("The median of the passes counts, and half of what lies between their quartiles is their noise")
  func noise() {
    let result = TuningResult(
      candidate: 0, measurements: [14, 8, 10, 90, 6, 10, 12, 11].map { measurement(write: $0) })

    #expect(result.cost(for: .write, in: .memory) == 10.5)
    // 6 8 10 10 11 12 14 90: the third is 10 from below and 12 from above.
    #expect(result.noise(for: .write, in: .memory) == 1 / 10.5)
    #expect(result.noise(for: .size, in: .memory) == 0)
  }

  @Test("Two passes tell nothing of noise, and no pass costs more than anything")
  func fewPasses() {
    let two = TuningResult(candidate: 0, measurements: [measurement(), measurement(write: 2)])
    #expect(two.noise(for: .write, in: .memory) == nil)
    #expect(TuningResult(candidate: 0).cost(for: .write, in: .memory) == .infinity)
  }

  @Test("Where passes are noisy, larger differences count as none")
  func tolerance() {
    let noisy = [7.0, 8, 12, 13].map { measurement(write: $0, stored: 1000) }
    let slower = [8.0, 9, 13, 14].map { measurement(write: $0, stored: 500) }
    let quiet = [10.0, 10, 10, 10].map { measurement(write: $0, stored: 1000) }
    let quietSlower = [11.0, 11, 11, 11].map { measurement(write: $0, stored: 500) }

    #expect(outcome([quiet, quietSlower]).tolerance(for: .write) == 0.03)
    #expect(outcome([quiet, quietSlower]).best(for: .write)?.candidate == 0)
    #expect(outcome([noisy, slower]).tolerance(for: .write) > 0.1)
    #expect(outcome([noisy, slower]).best(for: .write)?.candidate == 1)
  }

  @Test("A slow store makes what is stored count")
  func storeSpeed() {
    let store = StoreSpeed(bytesPerSecond: 100, latency: .seconds(2))
    let measurement = measurement(write: 3, read: 30, random: 0.5, stored: 1000, chunks: 10)

    #expect(measurement.cost(for: .write, in: store) == 10)
    #expect(measurement.cost(for: .read, in: store) == 30)
    #expect(measurement.cost(for: .size, in: store) == 1000)
    // One of ten chunks takes a second, after two of waiting.
    #expect(measurement.cost(for: .random, in: store) == 3.5)
    #expect(measurement.cost(for: .write, in: .memory) == 3)
  }
}
