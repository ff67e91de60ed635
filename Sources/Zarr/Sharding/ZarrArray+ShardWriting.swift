import ChunkEngine

extension ZarrArray {
  /// Writes elements to a region, in C order.
  ///
  /// Inner chunks are encoded by all workers at once, and each shard is written when all of it that changes
  /// is encoded. What does not change is copied as it is stored.
  ///
  /// - Throws: As `write(blobs:to:monitor:)`.
  func write(
    _ elements: any BlobSource, to region: ArrayRegion, _ metadata: ArrayMetadata, of sharding: Sharding,
    durability: WriteDurability, monitor: ProgressMonitor?
  ) throws {
    monitor?.expect(elementCount: elements.count)
    if elements.count > 0 {
      var plan = ShardPlan(of: region, metadata, sharding.codec)
      plan.divide(
        intoPiecesOf: try chunksPerPiece(plan.chunkCount, of: elements, sharding.codec))
      let pieceCount = try plan.pieceCount(location)
      let shards = ShardsInProgress(pieceCount: plan.piecesPerShard)
      defer { shards.abandon() }
      try forEachPiece(of: plan, workers: sharding.writers, monitor: monitor) {
        [plan] number, shardNumber, indices, piece, worker in
        let (shard, old) = try shards.shard(shardNumber) {
          try lock(.chunk(indices), isReplaced: plan.part(ofShardAt: indices).isWhole)
        } _: {
          let part = try plan.part(ofShardAt: indices)
          return part.isWhole ? nil : try openShard(at: indices, part.grid, sharding)
        }
        let part = try piece.map { piece in
          try worker.writer.encode(
            piece, of: elements, expectedPartCount: expectedPartCount(at: number, of: pieceCount)
          ) { position in
            try old.flatMap { try decodeChunk(at: position, piece.grid, of: $0, sharding) }
          }
        }
        if let parts = shard.add(part, at: number % plan.piecesPerShard) {
          try store(
            parts, at: indices, plan.innerGrid(ofShardAt: indices), keeping: old,
            over: plan.part(ofShardAt: indices).isWhole ? .anything : .seen(old?.value),
            durability: durability, sharding)
          shards.finish(shardNumber)
        }
        guard let monitor, let piece, let part else { return }
        monitor.add(
          elementCount: piece.elementCount, elementByteCount: part.elementByteCount,
          storedByteCount: part.byteCount)
      }
    }
    monitor?.finish()
  }

  /// Encodes whole inner chunks of one shard, on all workers.
  ///
  /// - Parameters:
  ///   - elements: The elements of the inner chunks, in C order of the region.
  ///   - region: The inner chunks, as far as they are inside of the array.
  ///   - sharding: The codec.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The inner chunks, in no particular order.
  /// - Throws: As `write(blobs:to:monitor:)`.
  func encode(
    _ elements: any BlobSource, of region: ArrayRegion, _ sharding: Sharding, monitor: ProgressMonitor?
  ) throws -> EncodedInnerChunks {
    monitor?.expect(elementCount: elements.count)
    var plan = ShardPlan(of: region, metadata, sharding.codec)
    plan.divide(intoPiecesOf: try chunksPerPiece(plan.chunkCount, of: elements, sharding.codec))
    let pieceCount = try plan.pieceCount(location)
    let parts = Locked<[EncodedInnerChunks]>([])
    try forEachPiece(of: plan, workers: sharding.writers, monitor: monitor) {
      number, _, _, piece, worker in
      guard let piece else { return }
      let part = try worker.writer.encode(
        piece, of: elements, expectedPartCount: expectedPartCount(at: number, of: pieceCount)
      ) { _ in nil }
      parts.withLock { $0.append(part) }
      monitor?.add(
        elementCount: piece.elementCount, elementByteCount: part.elementByteCount,
        storedByteCount: part.byteCount)
    }
    do {
      return try EncodedInnerChunks(joining: parts.withLock { $0 })
    } catch {
      throw self.error(error, chunk: plan.indices(ofShard: 0))
    }
  }

  /// How many parts one worker is likely to encode, from one of them on; the last one leaves nothing behind in
  /// it.
  private func expectedPartCount(at number: Int, of pieceCount: Int) -> Int {
    (pieceCount - number - 1) / access.workerCount + 1
  }

  /// Stores a shard of encoded inner chunks, and of others that an old one has, while it is locked.
  ///
  /// - Parameters:
  ///   - parts: The encoded inner chunks.
  ///   - indices: The place of the shard in the grid.
  ///   - grid: Its inner chunks.
  ///   - old: The shard that inner chunks are kept of.
  ///   - replaced: What the shard takes the place of.
  ///   - keptCount: How many of the inner chunks of the old shard are kept, the first ones in C order.
  ///   - leftOut: Inner chunks of the old shard that are not kept all the same.
  ///   - durability: When the shard has to be safe, if it does not depend on the old one.
  ///   - sharding: The codec.
  /// - Throws: ``StoreError``, and the engine's `ChunkError`.
  func store(
    _ parts: [EncodedInnerChunks], at indices: [Int], _ grid: InnerChunkGrid, keeping old: OpenShard?,
    over replaced: ReplacedValue, keptCount: Int = Int.max, leavingOut leftOut: Set<Int> = [],
    durability: WriteDurability = .immediate, _ sharding: Sharding
  ) throws {
    // Before memory is taken for it, and since it could not be read again.
    let indexByteCount = try sharding.codec.index.byteCount(grid)
    let limit = access.limits.shardIndexByteCount
    guard indexByteCount <= limit else {
      throw ChunkError.decodedByteCountExceedsLimit(
        codec: ShardingCodec.name, byteCount: indexByteCount, limit: limit)
    }
    var assembly = try ShardAssembly(
      sharding.codec, grid, keeping: old?.index, keptCount: keptCount, leavingOut: leftOut)
    for part in parts { assembly.add(part) }
    let key = key(ofChunkAt: indices)
    guard var shard = try assembly.finish() else {
      return try store.delete(key, over: replaced)
    }
    func read(_ range: Range<Int>, _ arena: inout ByteArena) throws {
      try old?.value.read(range, into: &arena)
    }
    if let old, !old.value.staysWhenReplaced { try shard.load(reading: read) }
    func write(to append: (RawSpan) throws -> Void) throws { try shard.write(reading: read, to: append) }
    try store.write(
      key, over: replaced, byteCount: shard.byteCount, durability: old == nil ? durability : .immediate,
      gathering: write)
  }

  /// Reads all elements of an inner chunk, or returns nil if it is not stored.
  func decodeChunk(
    at position: Int, _ grid: InnerChunkGrid, of shard: OpenShard, _ sharding: Sharding
  ) throws -> BlobView? {
    let worker = try sharding.readers.take()
    defer { sharding.readers.put(worker) }
    return try worker.reader.decodeChunk(at: position, grid, shard.index) { range, arena in
      try shard.value.read(range, into: &arena)
    }
  }

  /// The inner chunks that a worker encodes at a time.
  ///
  /// - Parameters:
  ///   - chunkCount: The inner chunks that are written.
  ///   - elements: Their elements.
  ///   - codec: The codec of the shards.
  /// - Returns: At least 1.
  /// - Throws: What `elements` throws.
  private func chunksPerPiece(
    _ chunkCount: Int, of elements: any BlobSource, _ codec: ShardingCodec
  ) throws -> Int {
    let elementCount = codec.chunkShape.reduce(1, *)
    let mean =
      try codec.chain.layout.fixedByteCount.map(Double.init) ?? Self.meanByteCount(of: elements)
    let byteCount = max(1, mean * Double(elementCount))
    let largest = Int(Double(Self.pieceByteCount) / byteCount)
    // Several pieces for each worker, unless they are so small that waking it up takes longer.
    let shared = max(
      chunkCount / 4 / access.workerCount, Int(Double(Self.smallestPieceByteCount) / byteCount))
    return max(1, min(largest, shared))
  }

  /// The bytes that are encoded at a time, so that they stay in a core's cache.
  private static var pieceByteCount: Int { 128 << 10 }

  /// Pieces are made no smaller than this for there to be some for each worker.
  private static var smallestPieceByteCount: Int { 32 << 10 }
}
