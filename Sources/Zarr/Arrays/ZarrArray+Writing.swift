import ChunkEngine

extension ZarrArray {
  /// Writes elements to a region, in C order.
  ///
  /// All workers encode chunks. A chunk that the region covers in part is read, merged and written under a
  /// lock, which keeps other writers away, also those of other processes. Chunks whose elements all equal the
  /// fill value are not stored.
  ///
  /// When the call returns, the elements are as safe as `durability` says.
  func write(
    _ elements: any BlobSource, to region: ArrayRegion?, durability: WriteDurability = .immediate,
    monitor: ProgressMonitor?
  ) throws {
    try observed(.write, monitor) {
      try encodeAndStore(elements, in: region, durability: durability, monitor: $0)
    }
  }

  private func encodeAndStore(
    _ elements: any BlobSource, in region: ArrayRegion?, durability: WriteDurability,
    monitor: ProgressMonitor?
  ) throws {
    try checkWritable()
    let plan = try plan(of: region)
    guard elements.count == plan.elementCount else {
      throw ZarrError.elementCount(path: location, found: elements.count, expected: plan.elementCount)
    }
    let batch = durability.isDeferred || plan.valueCount < 2 ? nil : store.makeBatch()
    let durability = batch.map { .batched($0) } ?? durability
    do {
      if layout.isSharded || store.requestConcurrency > 1 {
        try writePieces(of: plan, elements, durability: durability, monitor: monitor)
      } else {
        try writeChunks(of: plan, elements, durability: durability, monitor: monitor)
      }
      try batch?.finish()
    } catch {
      batch?.cancel()
      throw error
    }
  }

  /// Writes values of one chunk each, which a worker hands to the store out of its memory.
  private func writeChunks(
    of plan: PiecePlan, _ elements: any BlobSource, durability: WriteDurability,
    monitor: ProgressMonitor?
  ) throws {
    try forEachPiece(of: plan, workers: layout.encoders, monitor: monitor) { part, worker in
      let piece = part.whole
      var storedByteCount = 0
      worker.value.threadCount = plan.threadCount(for: part.number, workerCount: access.workerCount)
      let elementByteCount = try withLock(on: .chunk(part.indices), isReplaced: piece.isWhole) {
        let old = piece.isWhole ? nil : try openValue(at: part.indices, piece.grid)
        return try worker.value.encodeValue(piece, of: elements) {
          try layout.readChunk(at: 0, piece.grid, of: old)
        } _: { byteCount, gather in
          storedByteCount = byteCount ?? 0
          try storeChunk(
            byteCount, at: part.indices, over: piece.isWhole ? .anything : .seen(old?.version),
            durability: piece.isWhole ? durability : .immediate, gather)
        }
      }
      monitor?.add(
        elementCount: piece.elementCount, elementByteCount: elementByteCount,
        storedByteCount: storedByteCount)
    }
  }

  /// What is known of a value that is written, once it is locked.
  private struct ValueToWrite: Sendable {
    let lock: ArrayLock
    let old: OpenValue?
    var pieces: [EncodedPiece?]
  }

  /// Writes values, each when all pieces of it are encoded.
  ///
  /// What does not change of shards is copied as it is stored.
  private func writePieces(
    of plan: PiecePlan, _ elements: any BlobSource, durability: WriteDurability,
    monitor: ProgressMonitor?
  ) throws {
    let plan = try divided(plan, for: elements)
    let requests = makeRequests()
    let values = ValuesAtWork<ValueToWrite>()
    defer { for value in values.removeAll() { value.lock.unlock() } }
    try forEachPiece(of: plan, workers: StatelessWorker.pool, monitor: monitor) { part, _ in
      let grid = part.whole.grid
      let old = try values.withValue(
        part.valueNumber, begin: { try begin(part, pieceCount: plan.piecesPerValue) }
      ) { $0.old }
      // What is encoded of a shard stays in memory until all of it is.
      let counted = plan.piecesPerValue == 1 ? requests : nil
      let encoded = try requests.compute {
        let encoded = try part.piece.map { piece in
          try layout.encoders.withState { worker in
            worker.value.threadCount = plan.threadCount(for: part.number, workerCount: access.workerCount)
            return try worker.value.encode(
              piece, of: elements,
              expectedPieceCount: plan.expectedPieceCount(from: part.number, workerCount: access.workerCount)
            ) { position in
              try requests.wait { try layout.readChunk(at: position, grid, of: old) }
            }
          }
        }
        counted?.begin(encoded?.byteCount ?? 0)
        return encoded
      }
      defer { counted?.end(encoded?.byteCount ?? 0) }
      let ended = values.endPiece(part.valueNumber, of: plan.piecesPerValue) {
        $0.pieces[part.numberInValue] = encoded
      }
      if let ended {
        defer { ended.lock.unlock() }
        try storeValue(
          of: ended.pieces.compactMap(\.self), at: part.indices, grid, keeping: old,
          over: part.whole.isWhole ? .anything : .seen(old?.version), durability: durability)
      }
      guard let monitor, let piece = part.piece, let encoded else { return }
      monitor.add(
        elementCount: piece.elementCount, elementByteCount: encoded.elementByteCount,
        storedByteCount: encoded.byteCount)
    }
  }

  /// Locks a value, and opens it if parts of it are kept.
  private func begin(_ part: PiecePlan.Part, pieceCount: Int) throws -> ValueToWrite {
    let lock = try lock(.chunk(part.indices), isReplaced: part.whole.isWhole)
    do {
      return ValueToWrite(
        lock: lock, old: part.whole.isWhole ? nil : try openValue(at: part.indices, part.whole.grid),
        pieces: Array(repeating: nil, count: pieceCount))
    } catch {
      lock.unlock()
      throw error
    }
  }

  /// Encodes whole chunks of one value, on all workers.
  ///
  /// - Parameters:
  ///   - elements: The elements of the chunks, in C order of the region.
  ///   - region: The chunks, as far as they are inside of the array.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The chunks, in no particular order.
  /// - Throws: As `write(_:to:monitor:)`.
  func encode(
    _ elements: any BlobSource, of region: ArrayRegion, monitor: ProgressMonitor?
  ) throws -> EncodedPiece {
    let plan = try divided(try plan(of: region), for: elements)
    let pieces = Locked<[EncodedPiece]>([])
    try forEachPiece(
      of: plan, workers: layout.encoders, threadCount: access.workerCount, monitor: monitor
    ) { part, worker in
      guard let piece = part.piece else { return }
      let encoded = try worker.value.encode(
        piece, of: elements,
        expectedPieceCount: plan.expectedPieceCount(from: part.number, workerCount: access.workerCount)
      ) { _ in nil }
      pieces.withLock { $0.append(encoded) }
      monitor?.add(
        elementCount: piece.elementCount, elementByteCount: encoded.elementByteCount,
        storedByteCount: encoded.byteCount)
    }
    do {
      return try EncodedPiece(joining: pieces.withLock { $0 })
    } catch {
      throw self.error(error, chunk: plan.indices(ofValue: 0))
    }
  }

  /// Divides values into pieces that a worker encodes at a time.
  ///
  /// - Throws: What `elements` throws, and ``ZarrError/tooLarge(path:)``.
  private func divided(_ plan: PiecePlan, for elements: any BlobSource) throws -> PiecePlan {
    guard plan.chunkCount > plan.valueCount else { return plan }
    var plan = plan
    let size = try layout.encodedChunksPerPiece(
      of: plan.chunkCount, elementCount: chunkShape.reduce(1, *), like: elements)
    try plan.divide(intoPiecesOf: size, location)
    return plan
  }
}

// MARK: Values

extension ZarrArray {
  /// Stores an encoded chunk that is a value, or removes it if it has no bytes.
  ///
  /// - Throws: ``StoreError``, and what `gather` throws.
  func storeChunk(
    _ byteCount: Int?, at indices: [Int], over replaced: ReplacedValue, durability: WriteDurability,
    _ gather: ((RawSpan) throws -> Void) throws -> Void
  ) throws {
    let key = key(ofChunkAt: indices)
    guard let byteCount else { return try store.delete(key, over: replaced) }
    try store.write(
      key, over: replaced, byteCount: byteCount, durability: durability, gathering: gather)
  }

  /// Stores a value of encoded chunks, and of others that an old one has, while it is locked.
  ///
  /// - Parameters:
  ///   - pieces: The encoded chunks.
  ///   - indices: The place of the value in the grid.
  ///   - grid: Its inner chunks; nil is for a value that is one chunk.
  ///   - old: The value that inner chunks are kept of.
  ///   - replaced: What the value takes the place of.
  ///   - keptCount: How many of the inner chunks of the old value are kept, the first ones in C order.
  ///   - leftOut: Inner chunks of the old value that are not kept all the same.
  ///   - durability: When the value has to be safe, if it does not depend on the old one.
  ///   - check: Is called when all is handed to the store, and before it takes its place.
  /// - Throws: ``StoreError``, the engine's `ChunkError`, and what `check` throws.
  func storeValue(
    of pieces: [EncodedPiece], at indices: [Int], _ grid: InnerChunkGrid?, keeping old: OpenValue?,
    over replaced: ReplacedValue, keptCount: Int = Int.max, leavingOut leftOut: Set<Int> = [],
    durability: WriteDurability = .immediate, checking check: () throws -> Void = {}
  ) throws {
    let key = key(ofChunkAt: indices)
    let value = try layout.assemble(
      pieces, grid, keeping: old, keptCount: keptCount, leavingOut: leftOut)
    guard let value else { return try store.delete(key, over: replaced) }
    try store.write(
      key, over: replaced, byteCount: value.byteCount, durability: old == nil ? durability : .immediate
    ) { append in
      try value.write(to: append)
      try check()
    }
  }
}
