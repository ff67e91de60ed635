import ClusterSimulation
import Testing

@Suite("Clusters, simulated")
struct CommitSimulationTests {
  /// Courses that one thread tries after the other, as many as threads.
  static let partCount = 8

  @Test(
    "Whatever stalls, dies or comes twice, nothing is lost or doubled, and readers see a beginning of the same",
    arguments: Schedule.allCases, 0..<partCount)
  func courses(schedule: Schedule, part: Int) throws {
    for index in 0..<max(1, 64 / schedule.weight) {
      let seed = UInt64(part) << 32 | UInt64(index)
      #expect(try schedule.run(seed: seed) == [], "seed \(seed)")
    }
  }
}
