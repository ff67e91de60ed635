/// Reads and decodes parts of shards for one worker.
///
///     store ──▶ stored arena ──▶ the codecs of inner chunks ──▶ output arena ──▶ views of the elements
///       one read for neighbours        each by itself             one behind the other
///
/// What is read of a shard is its index, once, and the inner chunks that are needed. Inner chunks share
/// memory in which they are decoded, and reads where they are neighbours.
public struct ShardReader: ~Copyable {
  let codec: ShardingCodec
  let limits: DecodingLimits
  var pipeline: DecodingPipeline
  var chunks = ShardChunks()
  var stored = ByteArena()
  var output = ByteArena()

  /// What a scan shows: where each element is, or elements of one size back to back.
  var table = BlobTable()
  var packed = ByteArena()

  /// Where in the output the bytes are that were read last, if they are decoded in place.
  var fetchedStart = 0

  /// The most bytes that inner chunks of one part decoded to, a good guess for the next part.
  var expectedByteCount = 0

  /// Decoded inner chunks of more bytes than this are placed before others are decoded.
  static let largestByteCount = 4 << 20

  /// Creates a reader.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  public init(_ codec: ShardingCodec, limits: DecodingLimits = DecodingLimits()) throws(ChunkError) {
    pipeline = try DecodingPipeline(codec.chain)
    self.codec = codec
    self.limits = limits
  }

  /// What was read of a part.
  public struct Counts: Sendable {
    /// The bytes of the elements, without their lengths.
    public var elementByteCount = 0
    /// The bytes that inner chunks are stored as.
    public var storedByteCount = 0

    /// Counts nothing.
    public init() {}
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
  ///   - countsElementBytes: Whether somebody wants to know the bytes of the elements.
  ///   - read: Appends the bytes in a range of the shard to its argument.
  /// - Returns: The bytes of the elements and of what was read.
  /// - Throws: ``ChunkError``, of type ``ChunkError/innerChunk(position:reason:)`` where it is of one inner
  ///   chunk, and what `read` throws.
  /// - Complexity: O(*n*) where *n* is the size of the inner chunks.
  public mutating func read(
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
