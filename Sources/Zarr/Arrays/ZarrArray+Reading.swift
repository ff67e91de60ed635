public import ChunkEngine

extension ZarrArray {
  /// Reads the elements of a region, in C order, without copying them.
  ///
  /// Chunks are decoded by all workers at once, each into memory that the result then owns. Elements that
  /// were never written are the fill value.
  ///
  /// - Parameters:
  ///   - region: The elements to read. The default is the whole array.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The elements, where they were decoded.
  /// - Throws: ``ZarrError``: ``ZarrError/chunk(path:reason:)`` for a chunk that is damaged or above the limits,
  ///   ``ZarrError/outOfBounds(path:region:shape:)``, ``ZarrError/store(path:reason:)``, and
  ///   ``ZarrError/cancelled``.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the region touches.
  @available(*, noasync)
  public func read(
    _ region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> BlobView {
    try zarrErrors(at: location, following: monitor) {
      try observed(.read, monitor) { try view(of: plan(of: region), $0) }
    }
  }

  /// Reads the elements of a region, in C order, into one buffer with offsets.
  ///
  /// In an array of one dimension, elements of any size are copied to their places as soon as they are decoded, and
  /// memory is taken once.
  ///
  /// - Parameters:
  ///   - region: The elements to read. The default is the whole array.
  ///   - checksText: Whether to look if elements are text.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The elements, and whether it was seen that all of them are text.
  /// - Throws: As ``read(_:monitor:)``.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the region touches.
  package func readBatch(
    _ region: ArrayRegion? = nil, checksText: Bool, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> (elements: BlobBatch, areText: Bool) {
    try zarrErrors(at: location, following: monitor) {
      try observed(.read, monitor) { monitor in
        let plan = try plan(of: region)
        guard plan.region.ranges.count == 1, chain.layout == .variable else {
          return (try view(of: plan, monitor).compacted(), false)
        }
        let first = plan.region.ranges[0].lowerBound
        let batch = try BlobBatchAssembly(
          count: plan.elementCount, checksText: checksText, limits: access.limits)
        try show(plan, monitor) { region, elements in
          try batch.add(elements, at: region.ranges[0].lowerBound - first)
        }
        return try batch.finish()
      }
    }
  }

  private func view(of plan: PiecePlan, _ monitor: ProgressMonitor?) throws -> BlobView {
    let builder = try BlobViewBuilder(
      count: plan.elementCount, chain: layout.chain, limits: access.limits)
    builder.keep(fillElement)
    try forEachFetched(of: plan, isShown: false, monitor: monitor) { _, decoder in
      try decoder.place(in: builder, fillElement: fillElement, countsElementBytes: monitor != nil)
    }
    return builder.finish()
  }

  /// Shows the elements of a region to `body`, chunk by chunk, in memory that is used again for the next
  /// chunk.
  ///
  /// This is the way through an array that is larger than memory. `body` is called from several threads at
  /// once, in no particular order of the chunks.
  ///
  /// - Parameters:
  ///   - region: The elements to show. The default is the whole array.
  ///   - monitor: Follows the work and can stop it.
  ///   - body: Is handed the region of the array that a chunk has, and its elements in C order.
  /// - Throws: As `read(_:monitor:)`, and what `body` throws.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the region touches. Memory is O(workers ×
  ///   chunk).
  @available(*, noasync)
  public func scan(
    _ region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil,
    _ body: @Sendable (ArrayRegion, BlobSpan) throws -> Void
  ) throws {
    try zarrOrCallerErrors(at: location, following: monitor) {
      try observed(.scan, monitor) { monitor in
        try show(plan(of: region), monitor) { region, elements in
          try CallerFailure.wrap { try body(region, elements) }
        }
      }
    }
  }

  /// Shows the elements of a region to `body`, with the region of the array that has them.
  private func show(
    _ plan: PiecePlan, _ monitor: ProgressMonitor?,
    _ body: @Sendable (ArrayRegion, BlobSpan) throws -> Void
  ) throws {
    try forEachFetched(of: plan, isShown: true, monitor: monitor) { part, decoder in
      var counts = ChunkDecoder.Counts()
      let storedByteCount = try decoder.show(fillElement: fillElement) { piece, elements in
        if monitor != nil { counts.elementByteCount = elements.byteCount }
        try body(plan.region(of: piece, ofValueAt: part.indices), elements)
      }
      guard let storedByteCount else { return nil }
      counts.storedByteCount = storedByteCount
      return counts
    }
  }

  /// Reads one element.
  ///
  /// The chunk is decoded in memory that is used again for the next one, without what a region of many takes.
  /// A large chunk that is one frame of Zstandard is decoded to the end of the element only. Damage after
  /// that is found if a CRC-32C covers the chunk, as it does by default, or if the chunk is cut or too long.
  ///
  /// - Throws: As `read(_:monitor:)`.
  /// - Complexity: O(*n*) where *n* is the size of the chunk that the element is in.
  @available(*, noasync)
  public func read(at indices: [Int]) throws(ZarrError) -> [UInt8] {
    try zarrErrors(at: location) {
      try observed(.read, nil) { try element(of: plan(of: ArrayRegion(elementAt: indices)), $0) }
    }
  }

  private func element(of plan: PiecePlan, _ monitor: ProgressMonitor?) throws -> [UInt8] {
    do {
      let part = try plan.part(0)
      return try withValue(at: part.indices, part.whole.grid) { value in
        try layout.decoders.withState { worker in
          var element: [UInt8] = []
          try worker.value.fetch(part.whole, of: value, isShown: true, for: self)
          let byteCount = try worker.value.show(fillElement: fillElement, stopsAfterRuns: true) {
            _, elements in
            element = unsafe elements[0].withUnsafeBytes { unsafe [UInt8]($0) }
          }
          monitor?.add(
            elementCount: 1, elementByteCount: element.count, storedByteCount: byteCount ?? 0)
          return element
        }
      }
    } catch {
      // The way that regions take knows which damage is replaced, and says so in the report.
      if access.damageReport != nil { return try view(of: plan, monitor).bytes(at: 0) }
      throw self.error(error, chunk: plan.indices(ofValue: 0))
    }
  }

  /// Reads all elements of a chunk, also those beyond the edge of the array, or returns nil if it is not
  /// stored.
  ///
  /// - Parameter indices: The place of the chunk, of the inner one if values are shards.
  /// - Returns: The elements.
  /// - Throws: ``StoreError``, and ``ZarrError/chunk(path:reason:)``.
  func readChunk(at indices: [Int]) throws -> BlobView? {
    let place = try layout.place(ofChunkAt: indices, in: metadata.chunkGrid)
    do {
      return try withValue(at: place.valueIndices, place.grid) { value in
        try value.flatMap { try readChunk(at: place.position, place.grid, of: $0) }
      }
    } catch {
      throw self.error(error, chunk: place.valueIndices)
    }
  }

  /// Reads all elements of a chunk of a value, or returns nil if it is not stored.
  ///
  /// - Throws: ``StoreError``, and the engine's `ChunkError`.
  func readChunk(at position: Int, _ grid: InnerChunkGrid, of value: OpenValue) throws -> BlobView? {
    try layout.decoders.withState { worker in
      try worker.value.fetch(Piece(chunkAt: position, of: grid), of: value, for: self)
      return try worker.value.takeElements()
    }
  }

  /// Calls `body` with a value, and again with the version that is there now if it is not the one that was
  /// known.
  private func withValue<Result>(
    at indices: [Int], _ grid: InnerChunkGrid, _ body: (OpenValue?) throws -> Result
  ) throws -> Result {
    var value = try value(at: indices, grid)
    for _ in 0..<Self.attemptCount {
      do {
        return try body(value)
      } catch StoreError.changed {
        value = try openValue(at: indices, grid)
      }
    }
    return try body(value)
  }

  /// How often a value is opened anew that others replace again and again.
  private static var attemptCount: Int { 8 }

  /// Reads a piece of a value for nothing but the errors.
  ///
  /// - Throws: ``StoreError``, and the engine's `ChunkError`.
  func check(_ piece: Piece, of value: OpenValue) throws {
    try layout.decoders.withState { worker in
      try worker.value.fetch(piece, of: value, isShown: true, for: self)
      _ = try worker.value.show(fillElement: fillElement) { _, _ in }
    }
  }

}

// MARK: Pieces

extension ZarrArray {
  /// Calls `body` with each piece of a region, fetched, on all workers.
  ///
  /// What is damaged is replaced if there is a report for it.
  ///
  /// - Parameters:
  ///   - plan: The region.
  ///   - isShown: Whether elements are shown, and not placed in a view.
  ///   - monitor: Follows the work and can stop it.
  ///   - body: Decodes the piece that was fetched. Returns nil for one that has to be decoded chunk by chunk.
  /// - Throws: What reading and `body` throw.
  private func forEachFetched(
    of plan: PiecePlan, isShown: Bool, monitor: ProgressMonitor?,
    _ body: @Sendable (PiecePlan.Part, inout ChunkDecoder) throws -> ChunkDecoder.Counts?
  ) throws {
    let (plan, values) = try open(plan)
    let requests = makeRequests()
    try forEachPiece(of: plan, workers: layout.decoders, monitor: monitor) { part, worker in
      var value = try values.value(part, self)
      defer { values.finish(part) }
      guard let piece = part.piece else { return }
      // With many requests in flight each piece has memory of its own, which is released after it.
      let expected =
        requests == nil ? plan.expectedPieceCount(from: part.number, workerCount: access.workerCount) : 1
      /// Decodes a piece, or returns nil if it has to be decoded chunk by chunk.
      func decode(_ piece: Piece, of value: OpenValue?) throws -> ChunkDecoder.Counts? {
        let byteCount = try worker.value.fetch(
          piece, of: value, isShown: isShown, expectedPieceCount: expected, requests, for: self)
        guard let byteCount else { return nil }
        defer {
          if let requests {
            worker.value.releaseMemory()
            requests.end(byteCount)
          }
        }
        return try requests.compute { try body(part, &worker.value) }
      }
      /// Decodes a piece of the value that is there now, if it is not the one that was known.
      func decodeCurrent(_ piece: Piece) throws -> ChunkDecoder.Counts? {
        for _ in 0..<Self.attemptCount {
          do {
            return try decode(piece, of: value)
          } catch StoreError.changed {
            value = try values.reopen(part, self)
          }
        }
        return try decode(piece, of: value)
      }
      func decodeChunk(_ chunk: Piece) throws -> ChunkDecoder.Counts {
        do {
          return try decodeCurrent(chunk) ?? ChunkDecoder.Counts()
        } catch  where !(error is CallerFailure) {
          try replace(error, chunk: part.indices, inner: chunk)
          return try decode(chunk, of: nil) ?? ChunkDecoder.Counts()
        }
      }
      var counts = ChunkDecoder.Counts()
      if piece.chunkCount == 1 {
        counts = try decodeChunk(piece)
      } else {
        var all: ChunkDecoder.Counts?
        do {
          all = try decodeCurrent(piece)
        } catch  where access.damageReport != nil && !(error is CallerFailure) {}
        if let all {
          counts = all
        } else {
          try piece.forEachChunk { counts.add(try decodeChunk($0)) }
        }
      }
      monitor?.add(
        elementCount: piece.elementCount, elementByteCount: counts.elementByteCount,
        storedByteCount: counts.storedByteCount)
    }
  }

  /// Divides a region into pieces, and opens its first value if it has to be known for that.
  private func open(_ plan: PiecePlan) throws -> (plan: PiecePlan, values: ValuesToRead) {
    var plan = plan
    let values = ValuesToRead()
    // Where a value has one chunk, there is nothing to divide.
    guard plan.chunkCount > plan.valueCount else { return (plan, values) }
    let first = values.open(try plan.part(0), self)
    // The first value says how large chunks are.
    try plan.divide(
      intoPiecesOf: chunksPerPiece(plan.chunkCount, byteCount: (try? first.get())?.chunkByteCount ?? 0),
      location)
    values.expect(pieceCount: plan.piecesPerValue, first: first)
    return (plan, values)
  }

  /// The chunks that a worker reads at a time.
  ///
  /// - Parameters:
  ///   - chunkCount: The chunks that are read.
  ///   - byteCount: The bytes that one is stored as, about.
  /// - Returns: At least 1.
  private func chunksPerPiece(_ chunkCount: Int, byteCount: Int) -> Int {
    let elementCount = chunkShape.reduce(1, *)
    // What they decode to is not known, but the least of it.
    let (least, overflow) = elementCount.multipliedReportingOverflow(
      by: chain.layout.fixedByteCount ?? WireForm.lengthByteCount)
    let byteCount = max(1, byteCount, overflow ? Int.max : least)
    let largest = store.rangeJoining.maximumByteCount / 2 / byteCount
    // Several pieces for each worker, unless they are so small that waking it up takes longer.
    let shared = max(chunkCount / 4 / access.workerCount, Self.smallestPieceByteCount / byteCount)
    return max(1, min(largest, shared, Self.largestPieceElementCount / elementCount))
  }

  /// Pieces are made no smaller than this for there to be some for each worker.
  private static var smallestPieceByteCount: Int { 32 << 10 }

  /// Pieces have no more elements than this, unless one chunk has.
  private static var largestPieceElementCount: Int { 1 << 20 }
}

/// The values that a call reads, each opened once for all workers.
private final class ValuesToRead: Sendable {
  private struct State {
    var value: Result<OpenValue?, any Error>
    var rest: Int
  }

  private let values = ValuesAtWork<State>()
  // SAFETY: Set before the first worker begins.
  private nonisolated(unsafe) var pieceCount = 1

  /// Says how many pieces a value has, and what came of opening the first one.
  func expect(pieceCount: Int, first: Result<OpenValue?, any Error>) {
    unsafe self.pieceCount = pieceCount
    _ = try? values.withValue(0, begin: { State(value: first, rest: pieceCount) }) { _ in }
  }

  /// Opens the value of a piece.
  func open(_ part: PiecePlan.Part, _ array: ZarrArray) -> Result<OpenValue?, any Error> {
    Result { try array.value(at: part.indices, part.whole.grid) }
  }

  /// The value of a piece, which is opened if no worker did so, or nil if it is not stored, or damaged and to
  /// be replaced.
  func value(_ part: PiecePlan.Part, _ array: ZarrArray) throws -> OpenValue? {
    do {
      if unsafe pieceCount > 1 {
        return try values.withValue(
          part.valueNumber, begin: { State(value: open(part, array), rest: unsafe pieceCount) }
        ) { $0.value }.get()
      }
      // The first one may have been opened to find the size of pieces.
      if part.valueNumber == 0, let known = values.remove(0) { return try known.value.get() }
      return try array.value(at: part.indices, part.whole.grid)
    } catch {
      try array.replace(error, chunk: part.indices)
      return nil
    }
  }

  /// Opens the version of a value that is there now.
  func reopen(_ part: PiecePlan.Part, _ array: ZarrArray) throws -> OpenValue? {
    let result = Result { try array.openValue(at: part.indices, part.whole.grid) }
    if unsafe pieceCount > 1 {
      try values.withValue(part.valueNumber, begin: { State(value: result, rest: unsafe pieceCount) }) {
        $0.value = result
      }
    }
    return try result.get()
  }

  /// Closes a value when its last piece is done.
  func finish(_ part: PiecePlan.Part) {
    guard unsafe pieceCount > 1 else { return }
    let isLast = try? values.withValue(
      part.valueNumber, begin: { throw ChunkError.cancelled }
    ) { state in
      state.rest -= 1
      return state.rest == 0
    }
    if isLast == true { values.remove(part.valueNumber) }
  }
}

extension ChunkDecoder {
  /// Fetches a piece.
  ///
  /// - Parameters:
  ///   - piece: The piece.
  ///   - value: The value that it is of, or nil if there is none.
  ///   - isShown: Whether the elements are shown, and not placed in a view.
  ///   - expectedPieceCount: How many pieces, this one included, this worker is going to place.
  ///   - requests: What makes room for the bytes, if many requests are on their way.
  ///   - array: The array.
  /// - Returns: The bytes that are counted until they are removed, or nil if the piece is so large that its
  ///   chunks have to be fetched one by one.
  /// - Throws: ``StoreError``, and the engine's `ChunkError`.
  @discardableResult
  fileprivate mutating func fetch(
    _ piece: Piece, of value: OpenValue?, isShown: Bool = false, expectedPieceCount: Int = 1,
    _ requests: ManyRequests? = nil, for array: ZarrArray
  ) throws -> Int? {
    let joining = array.store.rangeJoining
    let most = array.access.limits.storedByteCountPerChunk
    try find(
      piece, in: value?.places ?? .missing, isShown: isShown, expectedPieceCount: expectedPieceCount)
    let known = fetchedByteCount(joining)
    guard piece.chunkCount == 1 || known ?? 0 <= 4 * joining.maximumByteCount else { return nil }
    guard let requests else {
      try fetch(joining: joining) { range, arena in
        try value?.read(range, into: &arena, limit: most) ?? false
      }
      return 0
    }
    // The size of a whole value is not known before. One that is larger than most is fetched again.
    let share = array.access.byteCountInFlight / array.store.requestConcurrency
    var counted = known ?? min(most, max(1 << 16, share))
    while true {
      requests.begin(counted)
      do {
        try fetch(joining: joining) { [counted] range, arena in
          try value?.read(range, into: &arena, limit: range == nil ? counted : most) ?? false
        }
        return counted
      } catch StoreError.tooLarge(_, let byteCount, let limit)
        where known == nil && limit == counted && byteCount <= most
      {
        requests.end(counted)
        counted = byteCount
      } catch {
        requests.end(counted)
        throw error
      }
    }
  }
}
