import ClusterSimulation
import Foundation
import Synchronization

/// Tries as many courses of all schedules as the argument says, on all cores, and names the seeds of those that went
/// wrong.
@main
enum Main {
  static func main() {
    let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 10_000
    let first = CommandLine.arguments.dropFirst(2).first.flatMap { UInt64($0) } ?? 0
    let next = Atomic(0)
    let failureCount = Atomic(0)
    let courses = Schedule.allCases.map { ($0, count / Schedule.allCases.count / $0.weight + 1) }
    let total = courses.reduce(0) { $0 + $1.1 }
    DispatchQueue.concurrentPerform(iterations: ProcessInfo.processInfo.activeProcessorCount) { _ in
      while true {
        var index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < total, failureCount.load(ordering: .relaxed) < 10 else { return }
        for (schedule, count) in courses {
          guard index >= count else {
            let seed = first &+ UInt64(index)
            do {
              let failures = try schedule.run(seed: seed)
              guard !failures.isEmpty else { break }
              print("\(schedule), seed \(seed): \(failures.joined(separator: "; "))")
            } catch {
              print("\(schedule), seed \(seed): \(error)")
            }
            failureCount.wrappingAdd(1, ordering: .relaxed)
            break
          }
          index -= count
        }
      }
    }
    let failures = failureCount.load(ordering: .relaxed)
    print(
      courses.map { "\($1) of \($0)" }.joined(separator: ", ")
        + (failures == 0 ? ": all right" : ": \(failures) went wrong, and the rest was not tried"))
    exit(failures == 0 ? 0 : 1)
  }
}
