import Foundation
import Synchronization

/// Samples the memory of a process on a thread of its own.
final class MemorySampler: Sendable {
  /// The resident memory at one moment.
  struct Sample: Sendable {
    /// Seconds of the clock that all processes share.
    let time: Double
    let byteCount: Int
  }

  private let samples = Mutex<[Sample]>([])
  private let isEnding = Atomic(false)
  private let ended = DispatchSemaphore(value: 0)
  private static let intervalMicroseconds: UInt32 = 1000

  /// Starts to sample a process.
  init(processIdentifier: Int32) {
    Thread.detachNewThread { [self] in
      let path = "/proc/\(processIdentifier)/statm"
      while !isEnding.load(ordering: .relaxed) {
        if let byteCount = Self.residentByteCount(path) {
          let sample = Sample(time: Stopwatch.sharedSeconds, byteCount: byteCount)
          samples.withLock { $0.append(sample) }
        }
        usleep(Self.intervalMicroseconds)
      }
      ended.signal()
    }
  }

  /// Stops, and returns the samples from `start` to `end`: seconds since `start`, and bytes above the first.
  func finish(start: Double, end: Double) -> [[Double]] {
    isEnding.store(true, ordering: .relaxed)
    ended.wait()
    let seen = samples.withLock { $0 }
    guard let first = seen.last(where: { $0.time <= start }) ?? seen.first else { return [] }
    var points = [[0.0, 0]]
    for sample in seen where sample.time > start && sample.time <= end {
      // Tenths of a millisecond are finer than the interval.
      points.append([
        ((sample.time - start) * 1e4).rounded() / 1e4, Double(max(0, sample.byteCount - first.byteCount)),
      ])
    }
    return Self.thinned(points)
  }

  /// The points of a chart: the one with the most memory for each stretch of time.
  private static func thinned(_ points: [[Double]], count: Int = 60) -> [[Double]] {
    guard points.count > count else { return points }
    let stride = Double(points.count) / Double(count)
    return (0..<count).compactMap { part in
      points[Int(Double(part) * stride)..<Int(Double(part + 1) * stride)].max { $0[1] < $1[1] }
    }
  }

  private static func residentByteCount(_ path: String) -> Int? {
    // size resident shared …, in pages
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * pageByteCount }
  }

  private static let pageByteCount = sysconf(Int32(_SC_PAGESIZE))
}
