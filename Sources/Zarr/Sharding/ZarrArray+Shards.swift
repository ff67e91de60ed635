import ChunkEngine

extension ZarrArray {
  /// Calls `body` with each piece of the shards that a region touches, on all workers.
  ///
  /// - Parameters:
  ///   - plan: The shards, divided into pieces.
  ///   - workers: Where the workers are.
  ///   - monitor: Follows the work and can stop it.
  ///   - body: Is handed the number of the piece among all, that of its shard, the place of the shard in the
  ///     grid, and the piece, or nil for one without elements.
  /// - Throws: What `body` throws; errors of the engine say of which shard they are.
  func forEachPiece<Worker>(
    of plan: ShardPlan, workers: WorkerPool<Worker>, monitor: ProgressMonitor?,
    _ body: @Sendable (Int, Int, [Int], ShardPart?, Worker) throws -> Void
  ) throws {
    do {
      try ParallelChunks.forEachIndex(
        below: try plan.pieceCount(location), workerCount: access.workerCount, pool: workers,
        isCancelled: { monitor?.isCancelled ?? false }
      ) { number, worker in
        let (shard, piece) = number.quotientAndRemainder(dividingBy: plan.piecesPerShard)
        let indices = plan.indices(ofShard: shard)
        try body(number, shard, indices, plan.piece(piece, of: plan.part(ofShardAt: indices)), worker)
      }
    } catch let failure as ChunkFailure {
      throw error(failure, chunk: plan.indices(ofShard: failure.index / plan.piecesPerShard))
    }
  }

  /// Opens a shard, or returns nil if it is not stored.
  ///
  /// - Throws: ``StoreError``, and the engine's `ChunkError` for an index that is damaged or too large.
  func openShard(at indices: [Int], _ grid: InnerChunkGrid, _ sharding: Sharding) throws -> OpenShard? {
    try store.openValue(key(ofChunkAt: indices)).map { try openShard($0, at: indices, grid, sharding) }
  }

  /// Reads the index of a shard.
  ///
  /// - Throws: As ``openShard(at:_:_:)``.
  func openShard(
    _ value: any StoredValue, at indices: [Int], _ grid: InnerChunkGrid, _ sharding: Sharding
  ) throws -> OpenShard {
    if let version = value.info.settledVersion,
      let index = sharding.indices.index(ofShardAt: indices, version)
    {
      return OpenShard(value: value, index: index)
    }
    let range = try sharding.codec.index.range(
      inShardOf: value.byteCount, grid, limit: access.limits.shardIndexByteCount)
    var arena = ByteArena()
    try value.read(range, into: &arena)
    guard arena.count == range.count else {
      throw ChunkError.truncatedHeader(
        codec: ShardingCodec.name, byteCount: arena.count, expected: range.count)
    }
    let index = try sharding.codec.index.decode(arena.bytes, grid, shardByteCount: value.byteCount)
    if let version = value.info.settledVersion { sharding.indices.insert(index, ofShardAt: indices, version) }
    return OpenShard(value: value, index: index)
  }
}
