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
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The elements, and whether they are text if they have to be.
  /// - Throws: As ``read(_:monitor:)``.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the region touches.
  package func readBatch(
    _ region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> BatchBlock {
    try zarrErrors(at: location, following: monitor) {
      try observed(.read, monitor) { monitor in
        let plan = try plan(of: region)
        let checksText = dataType.elementsAreText
        guard plan.region.ranges.count == 1, chain.layout == .variable else {
          let elements = try view(of: plan, monitor).compacted()
          return BatchBlock(elements: elements, areText: checksText && elements.areText)
        }
        let first = plan.region.ranges[0].lowerBound
        let batch = try BlobBatchAssembly(
          count: plan.elementCount, checksText: checksText, limits: access.limits)
        try show(plan, monitor) { region, elements in
          try batch.add(elements, at: region.ranges[0].lowerBound - first)
        }
        let (elements, areText) = try batch.finish()
        return BatchBlock(elements: elements, areText: areText)
      }
    }
  }

  /// Reads the elements of several regions in one call, those of one after those of the one before.
  func read(_ regions: [ArrayRegion], _ monitor: ProgressMonitor?) throws -> BlobView {
    try zarrErrors(at: location, following: monitor) {
      try observed(.read, monitor) { monitor in
        try view(of: PiecePlan(joining: regions.map { try plan(of: $0) }), monitor)
      }
    }
  }

  /// The elements of a plan, where they were decoded, or copies of those that are listed.
  func view(of plan: PiecePlan, _ monitor: ProgressMonitor?) throws -> BlobView {
    let builder = try BlobViewBuilder(
      count: plan.elementCount, chain: layout.chain, limits: access.limits)
    builder.keep(fillElement)
    try forEachFetched(of: plan, isShown: false, monitor: monitor) { _, decoder in
      try decoder.place(in: builder, fillElement: fillElement, countsElementBytes: monitor != nil)
    }
    if let list = plan.list { try builder.place(repeating: list.repeats) }
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
      try observed(.read, nil) { monitor in
        if let cache = layout.cache, let element = keptElement(at: indices, cache) {
          monitor?.add(elementCount: 1, elementByteCount: element.count, storedByteCount: 0)
          return element
        }
        return try element(of: plan(of: ArrayRegion(elementAt: indices)), monitor)
      }
    }
  }

  /// Finds an element in a chunk that is kept, without a plan.
  ///
  /// - Returns: nil if that is not possible, for whatever reason.
  private func keptElement(at indices: [Int], _ cache: ChunkCache) -> [UInt8]? {
    guard let store = openingStore as? FileStore else { return nil }
    let (shape, grid) = shapeAndGrid
    guard indices.count == shape.count else { return nil }
    let innerShape = layout.innerChunkShape
    // The value, which of its chunks it is, and which of the elements of that.
    var place = ValuePlace()
    var (position, number) = (0, 0)
    for (dimension, index) in indices.enumerated() {
      guard index >= 0, index < shape[dimension], case .repeated(let length) = grid.dimensions[dimension]
      else { return nil }
      place.append(index / length)
      let side = innerShape?[dimension] ?? length
      let (chunk, element) = (index % length).quotientAndRemainder(dividingBy: side)
      position = position * (length / side) + chunk
      number = number * side + element
    }
    let chunk = cache.chunk(at: position, ofValueAt: place) {
      key(ofChunkAt: zip(indices, grid.dimensions).map { $1.chunkIndex(of: $0) })
    } _: { key, version in
      store.hasVersion(version, at: key)
    }
    // A chunk that is kept has as many elements as its shape says.
    guard let chunk, number < chunk.count else { return nil }
    return chunk.bytes(at: number)
  }

  private func element(of plan: PiecePlan, _ monitor: ProgressMonitor?) throws -> [UInt8] {
    do {
      let part = try plan.part(0)
      return try withValue(at: part.indices, part.whole.grid) { value in
        try layout.decoders.withState { worker in
          var element: [UInt8] = []
          try worker.value.fetch(part.whole, of: value, isShown: true)
          let byteCount = try worker.value.show(fillElement: fillElement, stopsAfterRuns: true) {
            _, elements in
            element = [UInt8](copying: elements[0])
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
        try layout.readChunk(at: place.position, place.grid, of: value)
      }
    } catch {
      throw self.error(error, chunk: place.valueIndices)
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
      try worker.value.fetch(piece, of: value, isShown: true)
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
      var value: OpenValue?
      do {
        value = try values.value(part.valueNumber, of: part.pieceCount) {
          try self.value(at: part.indices, part.whole.grid)
        }
      } catch {
        try replace(error, chunk: part.indices)
      }
      defer { values.endPiece(part.valueNumber, of: part.pieceCount) }
      guard let piece = part.piece else { return }
      // With many requests in flight each piece has memory of its own, which is released after it.
      let expected =
        requests == nil ? plan.expectedPieceCount(from: part.number, workerCount: access.workerCount) : 1
      /// Decodes a piece, or returns nil if it has to be decoded chunk by chunk.
      func decode(_ piece: Piece, of value: OpenValue?) throws -> ChunkDecoder.Counts? {
        let byteCount = try worker.value.fetch(
          piece, of: value, isShown: isShown, expectedPieceCount: expected, requests)
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
            value = try openValue(at: part.indices, part.whole.grid)
            values.set(value, part.valueNumber, of: part.pieceCount)
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
    let part = try plan.part(0)
    let first = values.open(0) { try value(at: part.indices, part.whole.grid) }
    // The first value says how large chunks are.
    let byteCount = (try? first.get())?.chunkByteCount ?? 0
    let size = layout.chunksPerPiece(
      of: plan.chunkCount, elementCount: chunkShape.reduce(1, *), byteCount: byteCount,
      most: PieceSize.decoded(store.rangeJoining))
    // Chunks that are far from each other are requests of their own, which need not wait for each other.
    let gapCount =
      store.requestConcurrency > 1 ? store.rangeJoining.gapByteCount / max(1, byteCount) : Int.max
    try plan.divide(intoPiecesOf: size, gapsOf: gapCount, location)
    return (plan, values)
  }
}
