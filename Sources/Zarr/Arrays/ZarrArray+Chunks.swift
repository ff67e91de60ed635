import ChunkEngine

extension ZarrArray {
  /// Reads a chunk as the store holds it, encoded.
  ///
  /// - Parameter indices: The position of the chunk in the grid.
  /// - Returns: The bytes, or nil if the chunk is not stored.
  /// - Throws: ``StoreError``, also for a chunk above the limits of ``ArrayAccess``.
  /// - Precondition: No index is negative, and there is one for each dimension.
  /// - Complexity: O(*n*) where *n* is the size of the chunk.
  public func storedBytes(ofChunkAt indices: [Int]) throws -> [UInt8]? {
    try store.bytes(of: key(ofChunkAt: indices), limit: access.limits.storedByteCountPerChunk)
  }

  /// Finds the chunks of a region, or of the whole array.
  ///
  /// - Throws: ``ZarrError/outOfBounds(path:region:shape:)`` and ``ZarrError/tooLarge(path:)``
  func chunks(of region: ArrayRegion?) throws(ZarrError) -> RegionChunks {
    let metadata = metadata
    let shape = metadata.shape
    let region = region ?? ArrayRegion(allOf: shape)
    guard region.isInside(shape) else { throw .outOfBounds(path: location, region: region, shape: shape) }
    guard let count = region.elementCount else { throw .tooLarge(path: location) }
    return RegionChunks(
      metadata: metadata, region: region, elementCount: count,
      parts: ChunkParts(of: region, shape: shape, grid: metadata.chunkGrid))
  }

  /// Calls `body` once for each chunk, with its number among these, on all workers.
  ///
  /// - Throws: What `body` throws; errors of the engine say of which chunk they are.
  func forEach<Worker>(
    _ chunks: RegionChunks, workers: WorkerPool<Worker>, monitor: ProgressMonitor?,
    _ body: @Sendable (Int, ChunkPart, Worker) throws -> Void
  ) throws {
    monitor?.expect(elementCount: chunks.elementCount)
    do {
      try ParallelChunks.forEachIndex(
        below: chunks.parts.count, workerCount: access.workerCount, pool: workers,
        isCancelled: { monitor?.isCancelled ?? false }
      ) { index, worker in
        try body(index, chunks.parts.part(at: index, access.limits), worker)
      }
    } catch {
      throw self.error(error, chunk: chunks.parts.indices(at: error.index))
    }
    monitor?.finish()
  }
}
