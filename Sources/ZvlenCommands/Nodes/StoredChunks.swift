import ChunkEngine
import Zarr

/// The stored chunks of an array, which may be only a few of a very large grid.
struct StoredChunks {
  /// The array.
  let array: ZarrArray

  /// The position of each chunk in the grid, in C order.
  let positions: [[Int]]

  /// Workers have no state of their own, because the array has it.
  private final class Worker {}

  /// Lists the chunks of an array, or all of its grid where a store does not tell what there is.
  ///
  /// - Complexity: O(*n* log *n*) for *n* chunks.
  init(of array: ZarrArray) throws {
    self.array = array
    positions = try array.possibleChunkIndices().sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// The number of chunks.
  var count: Int { positions.count }

  /// The first row after all chunks along the first dimension, or nil if the last row is stored.
  var firstMissingRow: Int? {
    let metadata = array.metadata
    guard let length = metadata.shape.first, metadata.elementCount > 0 else { return nil }
    guard let last = positions.map({ $0[0] }).max() else { return 0 }
    let end = metadata.chunkGrid.dimensions[0].range(ofChunk: last).upperBound
    return end < length ? end : nil
  }

  /// The stored size of all chunks.
  func storedByteCount() throws -> Int {
    try array.store.byteCount(of: positions.map { array.key(ofChunkAt: $0) })
  }

  /// Decodes each chunk and passes its elements to `body`, on several threads at once.
  ///
  /// - Parameters:
  ///   - body: Receives the elements of a chunk, within the shape of the array. A shard may come in parts.
  ///   - finally: Receives the position and region of each chunk after `body` has received all of its elements.
  ///   - failure: Receives the position of a chunk that could not be decoded, or for which a closure threw, and the
  ///     error. If `failure` throws, the work ends with its error.
  /// - Throws: `ZarrError.cancelled`, and what `failure` throws.
  func forEach(
    _ body: @Sendable (BlobSpan) throws -> Void,
    finally: @Sendable (_ position: [Int], ArrayRegion) throws -> Void = { _, _ in },
    failure: @Sendable (_ position: [Int], any Error) throws -> Void
  ) throws {
    // A monitor that signals cancel would stop a scan in the middle of a chunk, which is not damaged.
    let monitor = WorkReport.monitor
    do {
      try ParallelChunks.forEachIndex(
        below: count, workerCount: array.access.workerCount, pool: WorkerPool { Worker() },
        isCancelled: { Interruption.monitor.isCancelled }
      ) { index, _ in
        do {
          let region = region(ofChunkAt: positions[index])
          try array.scan(region, monitor: monitor) { _, elements in try body(elements) }
          try finally(positions[index], region)
        } catch {
          try failure(positions[index], error)
        }
      }
    } catch {
      if case ChunkError.cancelled = error.reason { throw ZarrError.cancelled }
      throw error.reason
    }
  }

  /// The region of a chunk, within the shape of the array.
  private func region(ofChunkAt position: [Int]) -> ArrayRegion {
    let metadata = array.metadata
    var ranges: [Range<Int>] = []
    for (dimension, index) in position.enumerated() {
      let chunk = metadata.chunkGrid.dimensions[dimension].range(ofChunk: index)
      // A chunk begins inside the array, and may end beyond it.
      ranges.append(chunk.lowerBound..<min(chunk.upperBound, metadata.shape[dimension]))
    }
    return ArrayRegion(ranges)
  }
}
