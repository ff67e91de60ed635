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
    let builder = try viewBuilder(count: elementCount)
    builder.keep(fillElement)
    if elementCount > 0 {
      let (plan, shards) = try open(region, metadata, sharding)
      let joining = store.rangeJoining
      let pieceCount = try plan.pieceCount(location)
      try forEachPiece(of: plan, workers: sharding.readers, monitor: monitor) {
        number, shardNumber, indices, piece, worker in
        let shard = try self.shard(shardNumber, at: indices, of: shards)
        defer { shards.finishPiece(ofShard: shardNumber) }
        guard let piece else { return }
        // As many as this worker is likely to get; the last one leaves nothing behind in it.
        let expected = (pieceCount - number - 1) / access.workerCount + 1
        func read(_ piece: ShardPart, _ index: ShardIndex?) throws -> ShardReader.Counts {
          try worker.reader.read(
            piece, index, fillElement: fillElement, into: builder, expectedPartCount: expected,
            joining: joining, countsElementBytes: monitor != nil
          ) { range, arena in
            try shard?.value.read(range, into: &arena)
          }
        }
        var counts = ShardReader.Counts()
        do {
          counts = try read(piece, shard?.index)
        } catch {
          guard access.damageReport != nil else { throw error }
          try piece.forEachChunk { chunk in
            let result = Result { try read(chunk, shard?.index) }
            if case .failure(let error) = result { try replace(error, chunk: indices, inner: chunk) }
            let read = try (try? result.get()) ?? read(chunk, nil)
            counts.elementByteCount += read.elementByteCount
            counts.storedByteCount += read.storedByteCount
          }
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
        let shard = try self.shard(shardNumber, at: indices, of: shards)
        defer { shards.finishPiece(ofShard: shardNumber) }
        guard let piece else { return }
        let start = plan.start(ofShardAt: indices)
        var elementByteCount = 0
        var shown: Set<[Range<Int>]> = []
        var bodyFailed = false
        func scan(_ piece: ShardPart, _ index: ShardIndex?) throws -> Int {
          try worker.reader.scan(piece, index, fillElement: fillElement, joining: joining) { range, arena in
            try shard?.value.read(range, into: &arena)
          } _: { part, elements in
            if monitor != nil { elementByteCount += elements.byteCount }
            bodyFailed = true
            try body(
              ArrayRegion(zip(part.selected, start).map { $0.lowerBound + $1..<$0.upperBound + $1 }), elements
            )
            bodyFailed = false
            if access.damageReport != nil { shown.insert(part.selected) }
          }
        }
        var storedByteCount = 0
        do {
          storedByteCount = try scan(piece, shard?.index)
        } catch {
          guard access.damageReport != nil, !bodyFailed else { throw error }
          try piece.forEachChunk { chunk in
            guard !shown.contains(chunk.selected) else { return }
            do {
              storedByteCount += try scan(chunk, shard?.index)
            } catch {
              guard !bodyFailed else { throw error }
              try replace(error, chunk: indices, inner: chunk)
              _ = try scan(chunk, nil)
            }
          }
        }
        monitor?.add(
          elementCount: piece.elementCount, elementByteCount: elementByteCount,
          storedByteCount: storedByteCount)
      }
    }
    monitor?.finish()
  }

  /// Returns a shard, or nil if it is not stored, or damaged and to be replaced.
  private func shard(_ number: Int, at indices: [Int], of shards: OpenShards) throws -> OpenShard? {
    do {
      return try shards.shard(number)
    } catch {
      try replace(error, chunk: indices)
      return nil
    }
  }

  /// Divides a region that has elements into pieces, and opens its first shard.
  private func open(
    _ region: ArrayRegion, _ metadata: ArrayMetadata, _ sharding: Sharding
  ) throws -> (plan: ShardPlan, shards: OpenShards) {
    var plan = ShardPlan(of: region, metadata, sharding.codec)
    let indices = plan.indices(ofShard: 0)
    let first = Result { try openShard(at: indices, plan.innerGrid(ofShardAt: indices), sharding) }
    // The first shard says how large inner chunks are.
    let chunkByteCount = (try? first.get()).map { $0.value.byteCount / $0.index.count } ?? 0
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
