/// The sizes of the elements of a source, in their order, as far as they decide how many go to a chunk.
///
/// Sizes are added up over runs of elements, which get longer when there are many: memory stays below 2 MiB.
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
  private var runByteCount = 64 << 10

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

  /// The most bytes of a chunk besides its largest element; a little more where runs are in two chunks.
  private func largestByteCount(ofChunksOf count: Int) -> Int {
    var most = 0
    var chunk = Run()
    for run in runs + [open] {
      if chunk.count + run.count > count {
        // What is in both chunks counts for both.
        var sum = chunk
        sum.add(run)
        most = max(most, sum.byteCount - sum.largest)
        let rest = (chunk.count + run.count) % count
        chunk = run
        chunk.count = rest
        if run.count > count { most = max(most, run.byteCount / run.count * count) }
      } else {
        chunk.add(run)
        guard chunk.count == count else { continue }
        most = max(most, chunk.byteCount - chunk.largest)
        chunk = Run()
      }
    }
    return max(most, chunk.byteCount - chunk.largest)
  }
}
