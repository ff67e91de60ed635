/// The sizes of the elements of a source, in their order, as far as they decide how many go to a chunk.
///
/// Sizes are added up over runs of elements, which get longer when there are many: memory stays below 4 MiB.
struct SizeProfile {
  private struct Run {
    var count = 0
    var byteCount = 0
    var largest = 0

    mutating func add(_ other: Run) {
      count += other.count
      byteCount += other.byteCount
      largest = max(largest, other.largest)
    }
  }

  private var runs: [Run] = []
  private var open = Run()
  private var runByteCount = 256

  private static let maximumRunCount = 1 << 16

  /// Takes the next element.
  mutating func add(_ byteCount: Int) {
    open.add(Run(count: 1, byteCount: byteCount + 4, largest: byteCount))
    guard open.byteCount >= runByteCount else { return }
    runs.append(open)
    open = Run()
    guard runs.count == Self.maximumRunCount else { return }
    runByteCount *= 2
    runs = stride(from: 0, to: runs.count, by: 2).map { index in
      var run = runs[index]
      run.add(runs[index + 1])
      return run
    }
  }

  /// The most elements of a chunk, `count` or fewer, with which no chunk has more bytes besides its largest
  /// element than `limit`.
  func elementCount(atMost count: Int, limit: Int) -> Int {
    var count = max(1, count)
    while count > 1, largestByteCount(ofChunksOf: count) > limit { count /= 2 }
    return count
  }

  /// About the most bytes of a chunk besides its largest element: those of a run are taken to be spread evenly.
  private func largestByteCount(ofChunksOf count: Int) -> Int {
    var most = 0
    var chunk = Run()
    /// Takes elements of a run, and those that come first with the largest one.
    func take(_ taken: Int, of run: Run, isFirst: Bool) {
      let others = Double(run.byteCount - run.largest) * Double(taken) / Double(run.count)
      chunk.add(
        Run(
          count: taken, byteCount: Int(others) + (isFirst ? run.largest : 0),
          largest: isFirst ? run.largest : 0))
      guard chunk.count == count else { return }
      most = max(most, chunk.byteCount - chunk.largest)
      chunk = Run()
    }
    for run in runs + [open] where run.count > 0 {
      let first = min(run.count, count - chunk.count)
      take(first, of: run, isFirst: true)
      // Whole chunks in a run are all alike.
      let rest = run.count - first
      if rest >= count { take(count, of: run, isFirst: false) }
      if rest % count > 0 { take(rest % count, of: run, isFirst: false) }
    }
    return max(most, chunk.byteCount - chunk.largest)
  }
}
