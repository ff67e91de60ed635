import ChunkEngine
import Zarr

/// The chunks of an array that are in its store, which may be few of a very large grid.
struct StoredChunks {
  /// The array.
  let array: ZarrArray

  /// The position of each chunk in the grid, in C order.
  let positions: [[Int]]

  /// The workers have no state of their own: the array keeps it.
  private final class Worker {}

  /// Lists the chunks of an array.
  ///
  /// - Complexity: O(*n* log *n*) for *n* chunks.
  init(of array: ZarrArray) throws {
    self.array = array
    positions = try array.storedChunkIndices().sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// The number of chunks.
  var count: Int { positions.count }

  /// The first row of elements behind all chunks along the first dimension, or nil if the last row is stored.
  var firstMissingRow: Int? {
    let metadata = array.metadata
    guard let length = metadata.shape.first, metadata.elementCount > 0 else { return nil }
    guard let last = positions.map({ $0[0] }).max() else { return 0 }
    let end = metadata.chunkGrid.dimensions[0].range(ofChunk: last).upperBound
    return end < length ? end : nil
  }

  /// The number of elements in the chunks that are inside of the array.
  var elementCount: Int {
    positions.reduce(0) { $0 + (region(ofChunkAt: $1).elementCount ?? 0) }
  }

  /// The size of all chunks as they are stored.
  func storedByteCount() throws -> Int {
    try positions.reduce(0) { total, position in
      // Files with holes claim any size.
      try sumOrMaximum(total, array.store.byteCount(of: array.key(ofChunkAt: position)) ?? 0)
    }
  }

  /// Decodes each chunk, and hands its elements to `body`, on several threads at once.
  ///
  /// - Parameters:
  ///   - body: Is handed the elements of a chunk that are inside of the array, of a shard perhaps in parts.
  ///   - finally: Is handed the place and the region of a chunk of which all elements were shown.
  ///   - failure: Is handed a chunk that could not be decoded, or for which one of them threw, with the error.
  ///     If it throws, the work ends with that error.
  /// - Throws: `ZarrError.cancelled`, and what `failure` throws.
  func forEach(
    _ body: @Sendable (BlobSpan) throws -> Void,
    finally: @Sendable (_ position: [Int], ArrayRegion) throws -> Void = { _, _ in },
    failure: @Sendable (_ position: [Int], any Error) throws -> Void
  ) throws {
    do {
      try ParallelChunks.forEachIndex(
        below: count, workerCount: array.access.workerCount, pool: WorkerPool { Worker() },
        isCancelled: { Interruption.monitor.isCancelled }
      ) { index, _ in
        do {
          let region = region(ofChunkAt: positions[index])
          try array.scan(region) { _, elements in try body(elements) }
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

  /// The elements of a chunk that are inside of the array.
  private func region(ofChunkAt position: [Int]) -> ArrayRegion {
    let metadata = array.metadata
    var ranges: [Range<Int>] = []
    for (dimension, index) in position.enumerated() {
      let chunk = metadata.chunkGrid.dimensions[dimension].range(ofChunk: index)
      // The chunk begins inside of the array; its end may be beyond it.
      ranges.append(chunk.lowerBound..<min(chunk.upperBound, metadata.shape[dimension]))
    }
    return ArrayRegion(ranges)
  }
}
