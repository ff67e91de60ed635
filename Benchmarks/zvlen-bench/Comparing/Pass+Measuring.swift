import CFloor
import ChunkEngine

extension Pass {
  /// Runs `body` in this process, in memory that was given back before if the peak is to be measured.
  ///
  /// - Returns: The pass, and what `body` returned, so that it is not freed before the clock has stopped.
  static func measure<Result>(measuresMemory: Bool, _ body: () throws -> Result) rethrows -> (Pass, Result) {
    var residentByteCount: Int?
    if measuresMemory {
      RecycledMemory.releaseAll()
      floor_release_freed_memory()
      residentByteCount = PeakMemory.currentByteCount
      if !PeakMemory.reset() { residentByteCount = nil }
    }
    let start = Stopwatch.sharedSeconds
    let stopwatch = Stopwatch()
    let result = try body()
    let elapsed = stopwatch.elapsed
    let end = Stopwatch.sharedSeconds
    var pass = Pass(elapsed: elapsed, start: start, end: end)
    if let residentByteCount, let peak = PeakMemory.residentByteCount {
      pass.peakByteCount = max(0, peak - residentByteCount)
    }
    return (pass, result)
  }
}
