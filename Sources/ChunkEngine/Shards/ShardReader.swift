/// Reads and decodes parts of shards for one worker.
///
///     store ──▶ stored arena ──▶ the codecs of inner chunks ──▶ output arena ──▶ views of the elements
///       one read for neighbours        each by itself             one after the other
///
/// What is read of a shard is its index, once, and the inner chunks that are needed. Inner chunks share
/// memory in which they are decoded, and reads where they are neighbours.
package struct ShardReader: ~Copyable {
  private let codec: ShardingCodec
  private let limits: DecodingLimits
  private var pipeline: DecodingPipeline
  private var chunks = ShardChunks()
  private var stored = ByteArena()
  private var output = ByteArena()

  /// What a scan shows: where each element is, or elements of one size back to back.
  private var table = BlobTable()
  private var packed = ByteArena()

  /// Where in the output the bytes are that were read last, if they are decoded in place.
  private var fetchedStart = 0

  /// The most bytes that inner chunks of one part decoded to, a good guess for the next part.
  private var expectedByteCount = 0

  /// Decoded inner chunks of more bytes than this are placed before others are decoded.
  private static let largestByteCount = 4 << 20

  /// Creates a reader.
  package init(_ codec: ShardingCodec, limits: DecodingLimits = DecodingLimits()) throws(ChunkError) {
    pipeline = try DecodingPipeline(codec.chain)
    self.codec = codec
    self.limits = limits
  }

  /// What was read of a part.
  package struct Counts: Sendable {
    /// The bytes of the elements, without their lengths.
    package var elementByteCount = 0
    /// The bytes that inner chunks are stored as.
    package var storedByteCount = 0

    /// Counts nothing.
    package init() {}
  }

  /// Reads a part of a shard into a view of the selection.
  ///
  /// - Parameters:
  ///   - part: The elements.
  ///   - index: Where inner chunks are, or nil if the shard is not stored.
  ///   - fillElement: What stands for elements that are not stored, as ``ElementLayout/sharedElement(_:)``
  ///     makes it. The builder has to keep it.
  ///   - builder: Where the elements go.
  ///   - expectedPartCount: How many parts, this one included, this worker is going to read. They share
  ///     allocations.
  ///   - joining: Which inner chunks are read together.
  ///   - countsElementBytes: Whether to count the bytes of the elements.
  ///   - read: Appends the bytes in a range of the shard to its argument.
  /// - Returns: The bytes of the elements and of what was read.
  /// - Throws: ``ChunkError``, of type ``ChunkError/innerChunk(position:reason:)`` where it is of one inner
  ///   chunk, and what `read` throws.
  /// - Complexity: O(*n*) where *n* is the size of the inner chunks.
  package mutating func read(
    _ part: ShardPart, _ index: ShardIndex?, fillElement: SharedBytes, into builder: BlobViewBuilder,
    expectedPartCount: Int = 1, joining: RangeJoining, countsElementBytes: Bool,
    _ read: (Range<Int>, inout ByteArena) throws -> Void
  ) throws -> Counts {
    var counts = Counts()
    try find(part, index)
    counts.storedByteCount = chunks.storedByteCount
    let isKept = codec.chain.layout == .variable
    if isKept { output.expectedChunkCount = expectedPartCount }
    output.removeAll()
    try output.reserve(reservedByteCount)
    var undone = 0
    var position = 0
    while position < chunks.order.count {
      let (range, end) = chunks.joined(from: position, joining)
      try fetch(range, read)
      while position < end {
        try decode(chunks.order[position], fetchedFrom: range.lowerBound, part.grid)
        position += 1
        guard output.count >= Self.largestByteCount || position == chunks.order.count else { continue }
        // In place the rest of what was read together is still to be decoded.
        guard !pipeline.isInPlace || position == end else { continue }
        try place(undone..<position, part.grid, isKept: isKept, into: builder, &counts, countsElementBytes)
        undone = position
      }
    }
    guard chunks.order.count < chunks.chunks.count else { return counts }
    for chunk in chunks.chunks where chunk.stored == nil {
      let runs = chunks.runs.span.extracting(chunk.runs)
      try builder.place(repeating: fillElement, runs: runs)
      if countsElementBytes { counts.elementByteCount += builder.byteCount(of: runs) }
    }
    return counts
  }

  /// Places decoded inner chunks, and gives their memory away if the view needs it.
  private mutating func place(
    _ range: Range<Int>, _ grid: InnerChunkGrid, isKept: Bool, into builder: BlobViewBuilder,
    _ counts: inout Counts, _ countsElementBytes: Bool
  ) throws(ChunkError) {
    expectedByteCount = max(expectedByteCount, output.count)
    if isKept {
      let bytes = try output.takeBytes()
      try builder.charge(bytes.byteCount)
      builder.storage.keep(bytes)
      for position in range {
        try place(
          chunks.chunks[chunks.order[position]], of: bytes.bytes, grid, into: builder, &counts,
          countsElementBytes)
      }
    } else {
      for position in range {
        try place(
          chunks.chunks[chunks.order[position]], of: output.bytes, grid, into: builder, &counts,
          countsElementBytes)
      }
    }
    output.removeAll()
  }

  private func place(
    _ chunk: ShardChunks.Chunk, of bytes: RawSpan, _ grid: InnerChunkGrid, into builder: BlobViewBuilder,
    _ counts: inout Counts, _ countsElementBytes: Bool
  ) throws(ChunkError) {
    let runs = chunks.runs.span.extracting(chunk.runs)
    let count = grid.elementCount(ofChunkAt: chunk.position)
    let payloadByteCount: Int
    do {
      payloadByteCount = try builder.place(
        bytes.extracting(chunk.decoded), count: count, runs: runs)
    } catch {
      throw .innerChunk(position: chunk.position, reason: error)
    }
    guard countsElementBytes else { return }
    counts.elementByteCount +=
      chunk.elementCount == count ? payloadByteCount : builder.byteCount(of: runs)
  }
}

extension ShardReader {
  /// Finds the inner chunks of a part.
  private mutating func find(_ part: ShardPart, _ index: ShardIndex?) throws(ChunkError) {
    try chunks.find(part, in: index, limits)
  }

  /// The bytes that the inner chunks are likely to decode to.
  private var reservedByteCount: Int {
    // A single inner chunk takes just what it needs.
    guard chunks.order.count > 1 else { return 0 }
    let guess = chunks.storedByteCount > Self.largestByteCount ? 0 : 3 * chunks.storedByteCount
    return min(Self.largestByteCount, max(expectedByteCount, guess))
  }

  /// Reads bytes of the shard: to where they are decoded, or to where they stay if decoding is nothing.
  private mutating func fetch(
    _ range: Range<Int>, _ read: (Range<Int>, inout ByteArena) throws -> Void
  ) throws {
    let found: Int
    if pipeline.isInPlace {
      fetchedStart = output.count
      try read(range, &output)
      found = output.count - fetchedStart
    } else {
      stored.removeAll()
      try read(range, &stored)
      found = stored.count
    }
    guard found == range.count else {
      throw ChunkError.truncatedHeader(codec: ShardingCodec.name, byteCount: found, expected: range.count)
    }
  }

  /// Decodes one of the inner chunks that were read together from `start` of the shard on.
  private mutating func decode(
    _ number: Int, fetchedFrom start: Int, _ grid: InnerChunkGrid
  ) throws(ChunkError) {
    let chunk = chunks.chunks[number]
    guard let range = chunk.stored else { return }
    let source = range.lowerBound - start..<range.upperBound - start
    do throws(ChunkError) {
      if pipeline.isInPlace {
        let offset = fetchedStart + source.lowerBound
        let byteCount = try pipeline.verifiedByteCount(
          of: output.bytes.extracting(offset..<offset + source.count))
        try check(byteCount)
        chunks.setDecoded(offset..<offset + byteCount, of: number)
        return
      }
      let decodedStart = output.count
      try Self.decode(
        &pipeline, stored, source, grid.shape(ofChunkAt: chunk.position), into: &output,
        limit: limits.decodedByteCount(ofStored: source.count))
      try check(output.count - decodedStart)
      chunks.setDecoded(decodedStart..<output.count, of: number)
    } catch {
      throw .innerChunk(
        position: chunk.position, reason: limits.explaining(error, ofStored: source.count))
    }
  }

  private func check(_ byteCount: Int) throws(ChunkError) {
    guard byteCount <= limits.decodedByteCountPerChunk else {
      throw .decodedByteCountExceedsLimit(
        codec: codec.chain.elementCodecName, byteCount: byteCount, limit: limits.decodedByteCountPerChunk)
    }
  }

  private static func decode(
    _ pipeline: inout DecodingPipeline, _ stored: borrowing ByteArena, _ range: Range<Int>, _ shape: [Int],
    into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try pipeline.decode(stored.bytes.extracting(range), shape: shape, into: &output, limit: limit)
  }
}

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
  package mutating func scan(
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
  package mutating func decodeChunk(
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
      let runs = chunks.runs.span.extracting(chunk.runs)
      guard chunk.stored != nil else {
        table.place(repeating: fillElement, runs: runs)
        continue
      }
      do {
        _ = try table.place(
          output.bytes.extracting(chunk.decoded),
          count: part.grid.elementCount(ofChunkAt: chunk.position), runs: runs, codec: codec)
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
          let runs = chunks.runs.span.extracting(chunk.runs)
          if chunk.stored == nil {
            unsafe target.place(repeating: fillElement.bytes, runs: runs)
          } else {
            unsafe target.place(
              output.bytes.extracting(chunk.decoded), runs: runs, elementByteCount: elementByteCount)
          }
        }
        return byteCount
      }
    }
  }
}
