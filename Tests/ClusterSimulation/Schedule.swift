/// A kind of work of many processes, of which each seed is another course.
package enum Schedule: String, CaseIterable, Sendable {
  /// Commits that are repeated, doubled, stalled and killed put each job in once.
  case jobs
  /// Of two commits that share a segment, one changes the array and the other changes nothing.
  case overlapping
  /// Appenders that never met lose and double nothing.
  case appenders
  /// What is removed as abandoned while it is committed is there as a whole or not at all.
  case collected
  /// 64 appenders at 30 ms, a fifth of whose checkpoints stall beyond the lease.
  case manyAppenders

  private static let rough = SimulatedWorld.Faults(
    deaths: 0.01, errors: 0.01, doubts: 0.03, echoes: 0.02, stalls: 0.03)

  /// How many courses cost as much as one of this kind.
  package var weight: Int { self == .manyAppenders ? 200 : 1 }

  /// Lets a course happen, and returns what is wrong with it.
  package func run(seed: UInt64) throws -> [String] {
    if self == .manyAppenders {
      // About ten requests make a checkpoint.
      let cluster = try SimulatedCluster(
        seed: seed, latency: 25...35, leaseDuration: 10_000, faults: SimulatedWorld.Faults(stalls: 0.02))
      for appender in 0..<64 { cluster.startAppender("\(appender)", batchCount: 2) }
      return try cluster.run() + cluster.expect(committed: 128)
    }
    let cluster = try SimulatedCluster(seed: seed, faults: Self.rough)
    cluster.startReader()
    switch self {
    case .jobs:
      for job in 0..<3 {
        let count = Int.random(in: 1...3, using: &cluster.world.generator)
        let segments = cluster.stage((0..<count).map { "\(job).\($0)" })
        // The same job is committed by two drivers, each of which is started again when it dies.
        for _ in 0..<2 { cluster.startDriver(of: segments) }
      }
      return try cluster.run() + cluster.expect(committed: 3)
    case .overlapping:
      let segments = cluster.stage(["a", "b", "c"])
      cluster.startDriver(of: [segments[0], segments[1]])
      cluster.startDriver(of: [segments[1], segments[2]])
      cluster.startDriver(of: [segments[2], segments[1]])
      return try cluster.run() + cluster.expect(committed: 1, refused: 2)
    case .collected:
      for job in 0..<3 { cluster.startDriver(of: cluster.stage(["\(job).0", "\(job).1"])) }
      cluster.startCollector()
      return try cluster.run()
        + cluster.expect(committed: 3 - cluster.refused.count, refused: cluster.refused.count)
    default:
      for appender in 0..<4 { cluster.startAppender("\(appender)", batchCount: 2) }
      cluster.startReader()
      return try cluster.run() + cluster.expect(committed: 8)
    }
  }
}

extension SimulatedCluster {
  /// What is wrong with the number of commits that were done and refused.
  fileprivate func expect(committed committedCount: Int, refused refusedCount: Int = 0) -> [String] {
    committed.count == committedCount && refused.count == refusedCount
      ? [] : ["\(committed.count) commits were done, and \(refused.count) refused"]
  }
}
