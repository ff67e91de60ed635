extension ShardReader {
  /// Reads a part of a shard, and shows its elements in memory that is used again for the next part.
  ///
  /// - Parameters:
  ///   - part: The elements.
  ///   - index: Where inner chunks are, or nil if the shard is not stored.
  ///   - fillElement: What stands for elements that are not stored, as ``ElementLayout/sharedElement(_:)``
  ///     makes it.
  ///   - joining: Which inner chunks are read together.
  ///   - read: Appends the bytes in a range of the shard to its argument.
  ///   - body: Is handed the elements in C order, which are valid during the call. It is called once with the
  ///     whole part or, if that takes much memory, with each inner chunk of it.
  /// - Returns: The bytes that inner chunks are stored as.
  /// - Throws: As ``read(_:_:fillElement:into:expectedPartCount:joining:countsElementBytes:_:)``, and what
  ///   `body` throws.
  /// - Complexity: O(*n*) where *n* is the size of the inner chunks. Does not allocate for an inner chunk.
  public mutating func scan(
    _ part: ShardPart, _ index: ShardIndex?, fillElement: SharedBytes, joining: RangeJoining,
    _ read: (Range<Int>, inout ByteArena) throws -> Void, _ body: (ShardPart, BlobSpan) throws -> Void
  ) throws -> Int {
    let part = part.alone
    try find(part, index)
    let storedByteCount = chunks.storedByteCount
    guard !chunks.order.isEmpty else {
      try show(repeating: fillElement, part, body)
      return 0
    }
    output.removeAll()
    try output.reserve(reservedByteCount)
    var position = 0
    while position < chunks.order.count {
      let (range, end) = chunks.joined(from: position, joining)
      try fetch(range, read)
      while position < end {
        try decode(chunks.order[position], fetchedFrom: range.lowerBound, part.grid)
        position += 1
        guard output.count <= 4 * Self.largestByteCount || chunks.chunks.count == 1 else {
          try scanEachChunk(part, index, fillElement: fillElement, joining: joining, read, body)
          return storedByteCount
        }
      }
    }
    expectedByteCount = max(expectedByteCount, output.count)
    switch codec.chain.layout {
    case .variable: try showTable(part, fillElement: fillElement, body)
    case .fixed(let byteCount):
      try showPacked(part, elementByteCount: byteCount, fillElement: fillElement, body)
    }
    return storedByteCount
  }

  /// Scans the inner chunks of a part one after the other.
  private mutating func scanEachChunk(
    _ part: ShardPart, _ index: ShardIndex?, fillElement: SharedBytes, joining: RangeJoining,
    _ read: (Range<Int>, inout ByteArena) throws -> Void, _ body: (ShardPart, BlobSpan) throws -> Void
  ) throws {
    try part.forEachChunk { part in
      _ = try scan(part, index, fillElement: fillElement, joining: joining, read, body)
    }
  }

  /// Reads and decodes all elements of one inner chunk.
  ///
  /// - Parameters:
  ///   - position: Which of the inner chunks, in C order.
  ///   - grid: The inner chunks of the shard.
  ///   - index: Where inner chunks are.
  ///   - read: Appends the bytes in a range of the shard to its argument.
  /// - Returns: The elements, or nil if the inner chunk is not stored.
  /// - Throws: As ``read(_:_:fillElement:into:expectedPartCount:joining:countsElementBytes:_:)``.
  /// - Complexity: O(*n*) where *n* is the size of the inner chunk.
  public mutating func decodeChunk(
    at position: Int, _ grid: InnerChunkGrid, _ index: ShardIndex,
    _ read: (Range<Int>, inout ByteArena) throws -> Void
  ) throws -> BlobView? {
    let indices = grid.indices(ofChunkAt: position)
    try find(ShardPart(allOf: grid).restricted(to: indices.map { $0..<$0 + 1 }), index)
    guard let range = chunks.order.first.flatMap({ chunks.chunks[$0].stored }) else { return nil }
    output.expectedChunkCount = 1
    output.removeAll()
    try fetch(range, read)
    try decode(chunks.order[0], fetchedFrom: range.lowerBound, grid)
    output.truncate(to: chunks.chunks[chunks.order[0]].decoded.upperBound)
    do throws(ChunkError) {
      return try BlobView(
        try output.takeBytes(), count: grid.elementCount(ofChunkAt: position), chain: codec.chain)
    } catch {
      throw ChunkError.innerChunk(position: position, reason: error)
    }
  }

  // MARK: Showing

  /// Shows the fill value in place of all elements of a part.
  private mutating func show(
    repeating element: SharedBytes, _ part: ShardPart, _ body: (ShardPart, BlobSpan) throws -> Void
  ) throws {
    if case .fixed(let byteCount) = codec.chain.layout {
      return try body(
        part,
        unsafe BlobSpan(
          packed: element.baseAddress, elementByteCount: byteCount, count: part.elementCount,
          isRepeated: true))
    }
    // One slot serves all: metadata may claim billions of elements of which none is stored.
    try table.reset(count: 1)
    unsafe table.slots(0..<1).update(repeating: element.baseAddress + WireForm.lengthByteCount)
    try body(part, table.repeatingFirst(count: part.elementCount))
  }

  /// Finds and shows elements of any size.
  private mutating func showTable(
    _ part: ShardPart, fillElement: SharedBytes, _ body: (ShardPart, BlobSpan) throws -> Void
  ) throws {
    try Self.fill(
      &table, chunks, output, part, fillElement: fillElement, codec: codec.chain.elementCodecName)
    try body(part, table.blobs)
  }

  private static func fill(
    _ table: inout BlobTable, _ chunks: borrowing ShardChunks, _ output: borrowing ByteArena,
    _ part: ShardPart, fillElement: SharedBytes, codec: String
  ) throws(ChunkError) {
    // Inner chunks have as many elements as they say or this throws: the table is bounded by their bytes.
    for chunk in chunks.chunks where chunk.stored != nil {
      do {
        _ = try WireForm.payloadByteCount(
          of: output.bytes.extracting(chunk.decoded),
          expectedCount: part.grid.elementCount(ofChunkAt: chunk.position), codec: codec)
      } catch {
        throw .innerChunk(position: chunk.position, reason: error)
      }
    }
    try table.reset(count: part.elementCount)
    for chunk in chunks.chunks {
      guard chunk.stored != nil else {
        for run in chunks.runs[chunk.runs] {
          let slots = unsafe table.slots(run.selectionIndex..<run.selectionIndex + run.count)
          unsafe slots.update(repeating: fillElement.baseAddress + WireForm.lengthByteCount)
        }
        continue
      }
      do {
        var cursor = try WireFormCursor(
          output.bytes.extracting(chunk.decoded),
          expectedCount: part.grid.elementCount(ofChunkAt: chunk.position), codec: codec)
        for run in chunks.runs[chunk.runs] {
          try cursor.skip(run.chunkIndex - cursor.index)
          try unsafe cursor.next(into: table.slots(run.selectionIndex..<run.selectionIndex + run.count))
        }
        try cursor.finish()
      } catch {
        throw .innerChunk(position: chunk.position, reason: error)
      }
    }
  }

  /// Copies together and shows elements of one size.
  private mutating func showPacked(
    _ part: ShardPart, elementByteCount: Int, fillElement: SharedBytes,
    _ body: (ShardPart, BlobSpan) throws -> Void
  ) throws {
    try Self.fill(
      &packed, chunks, output, part, elementByteCount: elementByteCount, fillElement: fillElement,
      codec: codec.chain.elementCodecName)
    try unsafe packed.bytes.withUnsafeBytes { elements in
      guard let start = elements.baseAddress else {
        return try body(part, unsafe BlobSpan(slots: nil, count: 0))
      }
      try body(
        part,
        unsafe BlobSpan(packed: start, elementByteCount: elementByteCount, count: part.elementCount))
    }
  }

  private static func fill(
    _ packed: inout ByteArena, _ chunks: borrowing ShardChunks, _ output: borrowing ByteArena,
    _ part: ShardPart, elementByteCount: Int, fillElement: SharedBytes, codec: String
  ) throws(ChunkError) {
    for chunk in chunks.chunks where chunk.stored != nil {
      do {
        try ElementLayout.fixed(byteCount: elementByteCount).checkByteCount(
          chunk.decoded.count, count: part.grid.elementCount(ofChunkAt: chunk.position), codec: codec)
      } catch {
        throw .innerChunk(position: chunk.position, reason: error)
      }
    }
    let (byteCount, overflow) = part.elementCount.multipliedReportingOverflow(by: elementByteCount)
    guard !overflow else { throw .outOfMemory(byteCount: Int.max) }
    packed.removeAll()
    try packed.append(addingCapacity: byteCount) { target throws(ChunkError) in
      try unsafe target.appendUnsafe { target throws(ChunkError) in
        for chunk in chunks.chunks {
          for run in chunks.runs[chunk.runs] {
            let places = unsafe UnsafeMutableRawBufferPointer(
              rebasing: target[
                run.selectionIndex * elementByteCount..<(run.selectionIndex + run.count) * elementByteCount])
            let start = chunk.decoded.lowerBound + run.chunkIndex * elementByteCount
            if chunk.stored == nil {
              unsafe places.fill(repeating: fillElement.bytes)
            } else {
              let elements = output.bytes.extracting(start..<start + places.count)
              // SAFETY: The slices are bounds-checked and have the same size.
              unsafe elements.withUnsafeBytes { unsafe places.copyMemory(from: $0) }
            }
          }
        }
        return byteCount
      }
    }
  }
}
