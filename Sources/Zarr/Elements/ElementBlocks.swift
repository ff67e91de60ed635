import ChunkEngine

/// Works on many values in blocks, on several threads if there are many.
enum ElementBlocks {
  /// The values of a block.
  ///
  /// Most values take a microsecond or more, a block some milliseconds.
  private static let elementCount = 1024

  /// What workers share: nothing.
  private final class Worker {}

  /// Calls `body` for one block of indices after the other, and returns what it made of each.
  ///
  /// - Throws: What `body` throws for the first block of those in which it threw.
  static func map<Result: Sendable>(
    count: Int, _ body: @Sendable (Range<Int>) throws -> Result
  ) throws -> [Result] {
    let blockCount = (count + elementCount - 1) / elementCount
    let results = Locked([Result?](repeating: nil, count: blockCount))
    do {
      try ParallelChunks.forEachIndex(
        below: blockCount, workerCount: ParallelChunks.defaultWorkerCount, pool: WorkerPool { Worker() }
      ) { block, _ in
        let start = block * elementCount
        let result = try body(start..<min(count, start + elementCount))
        results.withLock { $0[block] = result }
      }
    } catch {
      throw error.reason
    }
    return results.withLock { $0.compactMap { $0 } }
  }
}
