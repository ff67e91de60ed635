import CrashWriter
import Foundation
import Synchronization
import Testing
import Zarr

/// Writers that are killed at any moment.
///
/// `make crash ROUNDS=1000` kills that many; the ordinary tests only some.
@Suite("Writers that are killed", .serialized)
struct CrashTests {
  private static let roundCount =
    (ProcessInfo.processInfo.environment["CRASH_ROUNDS"].flatMap { Int($0) } ?? 18)
    / CrashWorkload.allCases.count

  @Test("Whatever was checkpointed is there, and the next writer goes on", arguments: CrashWorkload.allCases)
  func killed(workload: CrashWorkload) throws {
    var random = SystemRandomNumberGenerator()
    var run = try CrashRun(workload, .atomic)
    for round in 0..<max(1, Self.roundCount) {
      let seed = random.next() >> 1
      let process = try run.start(seed: seed)
      // Time for a process to start, and then any moment.
      let delay = UInt32.random(in: 5_000...150_000)
      if round.isMultiple(of: 2) {
        let end = ContinuousClock.now + .microseconds(Int(delay))
        try run.readMeanwhile { ContinuousClock.now >= end || !process.isRunning }
      } else {
        usleep(delay)
      }
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      try run.check("\(workload), round \(round), seed \(seed), killed after \(delay) µs")
      guard process.terminationReason == .exit else { continue }
      #expect(process.terminationStatus == 0)
      try expectComplete(run)
      // The next one; a level that costs little here shows the other way through the code.
      run = try CrashRun(workload, round.isMultiple(of: 3) ? .durable : .atomic)
    }
    let process = try run.start(seed: 1)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    try expectComplete(run)
  }

  private func expectComplete(_ run: CrashRun) throws {
    let rows = try run.open()?.shape[0]
    #expect(rows == run.workload.length)
    try run.check("complete")
  }

  @Test(
    "A writer that lacks room or files says what and where, and goes on when it has them",
    arguments: CrashWorkload.allCases, [("file-size", [Durability.none, .atomic]), ("files", [.durable])])
  func scarce(workload: CrashWorkload, lack: (limit: String, durabilities: [Durability])) throws {
    let limit = lack.limit
    for durability in lack.durabilities {
      let run = try CrashRun(workload, durability)
      let process = try run.start(seed: 5, limit: limit)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      let errors = try run.log.filter { $0.hasPrefix("error: ") }
      #expect(errors.count == 1)
      let cause = limit == "files" ? "Too many open files" : "File too large"
      #expect(errors.first?.contains(cause) == true, "\(errors)")
      #expect(errors.first?.contains("\(run.path)/store") == true, "\(errors)")
      try expectComplete(run)
      let names = try FileManager.default.subpathsOfDirectory(atPath: "\(run.path)/store")
      #expect(!names.contains { $0.hasSuffix(".partial") })
    }
  }
}
