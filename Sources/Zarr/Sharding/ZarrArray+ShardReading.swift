import ChunkEngine

extension ZarrArray {
  /// Reads the elements of a region, of shards only the inner chunks that have some of them.
  ///
  /// - Throws: As ``read(_:monitor:)-8ycye``.
  func read(
    _ region: ArrayRegion, elementCount: Int, _ metadata: ArrayMetadata, from sharding: Sharding,
    monitor: ProgressMonitor?
  ) throws -> BlobView {
    monitor?.expect(elementCount: elementCount)
    let builder = try BlobViewBuilder(count: elementCount, chain: sharding.codec.chain)
    builder.keep(fillElement)
    if elementCount > 0 {
      let (plan, shards) = try open(region, metadata, sharding)
      let joining = store.rangeJoining
      let pieceCount = try plan.pieceCount(location)
      try forEachPiece(of: plan, workers: sharding.readers, monitor: monitor) {
        number, shardNumber, _, piece, worker in
        let shard = try shards.shard(shardNumber)
        defer { shards.finishPiece(ofShard: shardNumber) }
        guard let piece else { return }
        // As many as this worker is likely to get; the last one leaves nothing behind in it.
        let expected = (pieceCount - number - 1) / access.workerCount + 1
        let counts = try worker.reader.read(
          piece, shard?.index, fillElement: fillElement, into: builder, expectedPartCount: expected,
          joining: joining, countsElementBytes: monitor != nil
        ) { range, arena in
          try shard?.value.read(range, into: &arena)
        }
        monitor?.add(
          elementCount: piece.elementCount, elementByteCount: counts.elementByteCount,
          storedByteCount: counts.storedByteCount)
      }
    }
    monitor?.finish()
    return builder.finish()
  }

  /// Shows the elements of a region, of shards only the inner chunks that have some of them.
  ///
  /// - Throws: As ``scan(_:monitor:_:)-2i6du``.
  func scan(
    _ region: ArrayRegion, elementCount: Int, _ metadata: ArrayMetadata, from sharding: Sharding,
    monitor: ProgressMonitor?, _ body: @Sendable (ArrayRegion, BlobSpan) throws -> Void
  ) throws {
    monitor?.expect(elementCount: elementCount)
    if elementCount > 0 {
      let (plan, shards) = try open(region, metadata, sharding)
      let joining = store.rangeJoining
      try forEachPiece(of: plan, workers: sharding.readers, monitor: monitor) {
        _, shardNumber, indices, piece, worker in
        let shard = try shards.shard(shardNumber)
        defer { shards.finishPiece(ofShard: shardNumber) }
        guard let piece else { return }
        let start = plan.start(ofShardAt: indices)
        var elementByteCount = 0
        let storedByteCount = try worker.reader.scan(
          piece, shard?.index, fillElement: fillElement, joining: joining
        ) { range, arena in
          try shard?.value.read(range, into: &arena)
        } _: { part, elements in
          if monitor != nil { elementByteCount += elements.byteCount }
          try body(
            ArrayRegion(zip(part.selected, start).map { $0.lowerBound + $1..<$0.upperBound + $1 }), elements)
        }
        monitor?.add(
          elementCount: piece.elementCount, elementByteCount: elementByteCount,
          storedByteCount: storedByteCount)
      }
    }
    monitor?.finish()
  }

  /// Divides a region that has elements into pieces, and opens its first shard.
  private func open(
    _ region: ArrayRegion, _ metadata: ArrayMetadata, _ sharding: Sharding
  ) throws -> (plan: ShardPlan, shards: OpenShards) {
    var plan = ShardPlan(of: region, metadata, sharding.codec)
    let indices = plan.indices(ofShard: 0)
    let first: OpenShard?
    do {
      first = try openShard(at: indices, plan.innerGrid(ofShardAt: indices), sharding)
    } catch {
      throw self.error(error, chunk: indices)
    }
    // The first shard says how large inner chunks are.
    let chunkByteCount = first.map { $0.value.byteCount / $0.index.count } ?? 0
    plan.divide(intoPiecesOf: chunksPerPiece(plan.chunkCount, chunkByteCount: chunkByteCount, sharding.codec))
    let shards = OpenShards(first: first, pieceCount: plan.piecesPerShard) { [plan] number in
      let indices = plan.indices(ofShard: number)
      return try self.openShard(at: indices, plan.innerGrid(ofShardAt: indices), sharding)
    }
    return (plan, shards)
  }

  /// The inner chunks that a worker reads at a time.
  ///
  /// - Parameters:
  ///   - chunkCount: The inner chunks that are read.
  ///   - chunkByteCount: The bytes that one is stored as, about.
  ///   - codec: The codec of the shards.
  /// - Returns: At least 1.
  private func chunksPerPiece(_ chunkCount: Int, chunkByteCount: Int, _ codec: ShardingCodec) -> Int {
    let elementCount = codec.chunkShape.reduce(1, *)
    // What they decode to is not known, but the least of it.
    let (least, overflow) = elementCount.multipliedReportingOverflow(
      by: codec.chain.layout.fixedByteCount ?? WireForm.lengthByteCount)
    let byteCount = max(1, chunkByteCount, overflow ? Int.max : least)
    let largest = store.rangeJoining.maximumByteCount / 2 / byteCount
    // Several pieces for each worker, unless they are so small that waking it up takes longer.
    let shared = max(chunkCount / 4 / access.workerCount, Self.smallestPieceByteCount / byteCount)
    return max(1, min(largest, shared, Self.largestPieceElementCount / elementCount))
  }

  /// Pieces are made no smaller than this for there to be some for each worker.
  private static var smallestPieceByteCount: Int { 32 << 10 }

  /// Pieces have no more elements than this, unless one inner chunk has.
  private static var largestPieceElementCount: Int { 1 << 20 }
}
