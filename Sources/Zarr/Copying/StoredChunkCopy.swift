import ChunkEngine

/// Copies what is stored of the chunks of an array to another one, whose chunks are stored in the same way.
struct StoredChunkCopy {
  /// The array with the chunks.
  let source: ZarrArray

  /// The array that gets them.
  let target: ZarrArray

  /// What one worker reuses.
  private final class Worker {
    var arena = ByteArena()
  }

  /// Copies all chunks that are stored, on all workers.
  ///
  /// - Throws: ``StoreError``, and ``ZarrError/cancelled``.
  /// - Complexity: O(*n*) in the bytes that are stored, and in the number of chunks that are.
  func run(monitor: ProgressMonitor?) throws {
    let indices = try source.storedChunkIndices()
    let metadata = source.metadata
    let grid = metadata.chunkGrid
    let part = ProgressMonitor(partOf: monitor)
    do {
      try ParallelChunks.forEachIndex(
        below: indices.count, workerCount: target.access.workerCount, pool: WorkerPool { Worker() },
        isCancelled: { part.isCancelled }
      ) { number, worker in
        let place = indices[number]
        let byteCount = try source.store.copy(
          source.key(ofChunkAt: place), to: target.key(ofChunkAt: place), in: target.store,
          with: &worker.arena)
        let elementCount = zip(zip(grid.dimensions, place), metadata.shape).reduce(1) { count, dimension in
          let range = dimension.0.0.range(ofChunk: dimension.0.1)
          return count * (min(range.upperBound, dimension.1) - range.lowerBound)
        }
        part.add(elementCount: elementCount, elementByteCount: 0, storedByteCount: byteCount ?? 0)
      }
    } catch {
      if case ChunkError.cancelled = error.reason { throw ZarrError.cancelled }
      throw error.reason
    }
    let rest = metadata.elementCount - part.progress.elementCount
    part.add(elementCount: max(0, rest), elementByteCount: 0, storedByteCount: 0)
  }
}
