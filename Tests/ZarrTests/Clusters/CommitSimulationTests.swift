import ClusterSimulation
import Testing

@Suite("Clusters, simulated")
struct CommitSimulationTests {
  /// How many courses of each kind are tried, and in how many parts.
  static let (courseCount, partCount) = (512, 8)

  @Test(
    "Whatever stalls, dies or comes twice, nothing is lost or doubled, and readers see a beginning of the same",
    arguments: Schedule.allCases, 0..<partCount)
  func courses(schedule: Schedule, part: Int) throws {
    for seed in stride(from: part, to: Self.courseCount / schedule.weight, by: Self.partCount) {
      #expect(try schedule.run(seed: UInt64(seed)) == [], "seed \(seed)")
    }
  }
}
