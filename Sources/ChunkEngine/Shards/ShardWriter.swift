/// Encodes parts of shards for one worker.
///
///     source ──▶ inner chunk ──▶ its codecs ──▶ encoded inner chunks of the part, one after the other
///       the one copy
package struct ShardWriter: ~Copyable {
  private let codec: ShardingCodec
  private let maximumElementByteCount: Int
  private let writesEmptyChunks: Bool
  private var pipeline: EncodingPipeline
  private var chunk = ByteArena()
  private var output = ByteArena()

  /// The inner chunks of the part that is being encoded.
  private var chunks: [EncodedInnerChunks.Chunk] = []

  /// The most bytes that a part was encoded to, a good guess for the next one.
  private var expectedByteCount = 0

  /// Creates a writer.
  ///
  /// - Parameters:
  ///   - codec: The codec of the shards.
  ///   - maximumElementByteCount: The largest element that is accepted.
  ///   - writesEmptyChunks: Whether inner chunks are stored whose elements all equal the fill value.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  package init(
    _ codec: ShardingCodec, maximumElementByteCount: Int = WireForm.portableElementByteCount,
    writesEmptyChunks: Bool = false
  ) throws(ChunkError) {
    pipeline = try EncodingPipeline(codec.chain)
    self.codec = codec
    self.maximumElementByteCount = maximumElementByteCount
    self.writesEmptyChunks = writesEmptyChunks
  }

  /// Encodes the inner chunks of a part.
  ///
  /// - Parameters:
  ///   - part: The elements that are written.
  ///   - elements: All elements of the selection.
  ///   - expectedPartCount: How many parts, this one included, this worker is going to encode. They share
  ///     allocations.
  ///   - existing: Returns the elements of an inner chunk of which others are written too, or nil if it is
  ///     not stored.
  /// - Returns: The encoded inner chunks.
  /// - Throws: ``ChunkError``, and what `existing` throws.
  /// - Complexity: O(*n*) where *n* is the size of the inner chunks.
  package mutating func encode(
    _ part: ShardPart, of elements: any BlobSource, expectedPartCount: Int = 1,
    existing: (_ position: Int) throws -> BlobView?
  ) throws -> EncodedInnerChunks {
    var payloadByteCount = 0
    try beginPart(expectedPartCount: expectedPartCount)
    chunks.reserveCapacity(part.chunkCount)
    var walk = InnerChunkWalk(part)
    while walk.next() {
      var others: (any BlobSource)?
      if walk.elementCount < walk.chunkElementCount {
        others = walk.isWhole ? nil : try existing(walk.position)
        others = others ?? RepeatedBlob(codec.fillValue, count: walk.chunkElementCount)
      }
      let start = output.count
      let isStored: Bool
      do throws(ChunkError) {
        let (found, isEncoded) = try encode(
          walk.runs, of: elements, others: others, count: walk.chunkElementCount, walk.chunkShape)
        payloadByteCount = try sum(payloadByteCount, found)
        isStored = isEncoded
      } catch {
        throw ChunkError.innerChunk(position: walk.position, reason: error)
      }
      chunks.append(
        EncodedInnerChunks.Chunk(
          position: walk.position, byteCount: isStored ? output.count - start : nil))
    }
    return try endPart(elementByteCount: payloadByteCount)
  }

  /// Begins a part whose inner chunks are handed over one by one.
  ///
  /// - Parameter expectedPartCount: How many parts, this one included, this worker is going to encode. They
  ///   share allocations.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  package mutating func beginPart(expectedPartCount: Int = 1) throws(ChunkError) {
    chunks = []
    output.removeAll()
    output.expectedChunkCount = expectedPartCount
    // A guess, so that parts share allocations from the first on.
    try output.reserve(expectedByteCount)
  }

  /// Encodes an inner chunk that is laid out already.
  ///
  /// - Parameters:
  ///   - chunk: The inner chunk, laid out as the ``ElementLayout`` of its codecs says.
  ///   - position: Which of the shard it is, in C order.
  ///   - grid: The inner chunks of the shard.
  /// - Returns: The bytes that the inner chunk is encoded to, or nil if it is not stored.
  /// - Precondition: The part was begun.
  /// - Throws: ``ChunkError``, of type ``ChunkError/innerChunk(position:reason:)``.
  /// - Complexity: O(*n*) where *n* is the size of the inner chunk.
  @discardableResult
  package mutating func append(
    _ chunk: borrowing ByteArena, at position: Int, of grid: InnerChunkGrid
  ) throws(ChunkError) -> Int? {
    let start = output.count
    do throws(ChunkError) {
      let isStored = try isStored(chunk.bytes, isText: false)
      if isStored { try pipeline.encode(chunk.bytes, shape: grid.shape(ofChunkAt: position), into: &output) }
      let byteCount = isStored ? output.count - start : nil
      chunks.append(EncodedInnerChunks.Chunk(position: position, byteCount: byteCount))
      return byteCount
    } catch {
      throw .innerChunk(position: position, reason: error)
    }
  }

  /// Ends a part.
  ///
  /// - Parameter elementByteCount: The bytes of its elements, for reports.
  /// - Returns: The encoded inner chunks.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  package mutating func endPart(elementByteCount: Int) throws(ChunkError) -> EncodedInnerChunks {
    expectedByteCount = max(expectedByteCount, output.count)
    return EncodedInnerChunks(
      bytes: try output.takeBytes(), chunks: chunks, elementByteCount: elementByteCount)
  }

  /// Encodes one inner chunk, unless all its elements equal the fill value.
  ///
  /// - Returns: The bytes of the elements that are written, and whether the inner chunk is stored.
  private mutating func encode(
    _ runs: [ElementRun], of elements: any BlobSource, others: (any BlobSource)?, count: Int, _ shape: [Int]
  ) throws(ChunkError) -> (payloadByteCount: Int, isEncoded: Bool) {
    if pipeline.isInPlace {
      let start = output.count
      let payloadByteCount = try Self.gather(
        runs, of: elements, others: others, count: count, layout: codec.chain.layout,
        maximumElementByteCount: maximumElementByteCount, into: &output)
      let isText = elements.elementsAreText && (others?.elementsAreText ?? true)
      guard try isStored(output.bytes.extracting(start..<output.count), isText: isText) else {
        output.truncate(to: start)
        return (payloadByteCount, false)
      }
      try pipeline.appendChecksums(to: &output, from: start)
      return (payloadByteCount, true)
    }
    chunk.removeAll()
    let payloadByteCount = try Self.gather(
      runs, of: elements, others: others, count: count, layout: codec.chain.layout,
      maximumElementByteCount: maximumElementByteCount, into: &chunk)
    let isText = elements.elementsAreText && (others?.elementsAreText ?? true)
    guard try isStored(chunk.bytes, isText: isText) else { return (payloadByteCount, false) }
    try Self.encode(&pipeline, chunk, shape, into: &output)
    return (payloadByteCount, true)
  }

  private static func encode(
    _ pipeline: inout EncodingPipeline, _ chunk: borrowing ByteArena, _ shape: [Int],
    into output: inout ByteArena
  ) throws(ChunkError) {
    try pipeline.encode(chunk.bytes, shape: shape, into: &output)
  }

  /// Whether an inner chunk has to be stored, if its elements are valid; they are known to be if they are
  /// text already.
  private func isStored(_ chunk: RawSpan, isText: Bool) throws(ChunkError) -> Bool {
    let chain = codec.chain
    guard writesEmptyChunks || !chain.layout.elements(of: chunk, allEqual: codec.fillValue) else {
      return false
    }
    if chain.elementsAreText, chain.layout == .variable, !isText {
      try VlenUTF8Codec.validate(
        chunk.extracting(WireForm.headerByteCount..<chunk.byteCount),
        count: Int(chunk.littleEndianUInt32(at: 0)))
    }
    return true
  }

  /// Lays out the elements of an inner chunk after what `arena` has, and returns the bytes of those in runs.
  private static func gather(
    _ runs: [ElementRun], of elements: any BlobSource, others: (any BlobSource)?, count: Int,
    layout: ElementLayout, maximumElementByteCount: Int, into arena: inout ByteArena
  ) throws(ChunkError) -> Int {
    var payloadByteCount = 0
    var othersByteCount = 0
    try forEachSegment(runs, count: count) { range, isWritten throws(ChunkError) in
      if isWritten {
        payloadByteCount = try sum(payloadByteCount, elements.byteCount(of: range))
      } else if let others {
        othersByteCount = try sum(othersByteCount, others.byteCount(of: range))
      }
    }
    try arena.appendChunk(
      count: count, payloadByteCount: try sum(payloadByteCount, othersByteCount), layout: layout,
      maximumElementByteCount: maximumElementByteCount
    ) { writer throws(ChunkError) in
      try forEachSegment(runs, count: count) { range, isWritten throws(ChunkError) in
        if isWritten {
          try elements.write(range, to: &writer)
        } else {
          try others?.write(range, to: &writer)
        }
      }
    }
    return payloadByteCount
  }

  /// Calls `body` with the elements of an inner chunk in order: those of each run, as the selection counts
  /// them, and those between runs, which are not written, as the inner chunk does.
  @inline(__always)
  private static func forEachSegment(
    _ runs: [ElementRun], count: Int, _ body: (Range<Int>, _ isWritten: Bool) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    var position = 0
    for run in runs {
      if run.chunkIndex > position { try body(position..<run.chunkIndex, false) }
      try body(run.selectionIndex..<run.selectionIndex + run.count, true)
      position = run.chunkIndex + run.count
    }
    if position < count { try body(position..<count, false) }
  }
}

/// Inner chunks of a shard that one worker has encoded.
package struct EncodedInnerChunks: Sendable {
  /// An inner chunk.
  struct Chunk {
    /// Which of the shard it is, in C order.
    let position: Int
    /// The bytes that it has, or nothing if it is not stored since all its elements equal the fill value.
    let byteCount: Int?
  }

  /// The inner chunks one after the other.
  let bytes: SharedBytes

  /// What the bytes are.
  let chunks: [Chunk]

  /// The bytes of the elements that were written, without their lengths.
  package let elementByteCount: Int

  /// The bytes of the encoded inner chunks.
  package var byteCount: Int { bytes.byteCount }

  /// Copies parts of one shard to one of just their size, to be kept for long: those that a worker
  /// encodes have room for more.
  package init(joining parts: [EncodedInnerChunks]) throws(ChunkError) {
    var arena = ByteArena()
    try arena.reserve(parts.reduce(0) { $0 + $1.byteCount })
    for part in parts { try arena.append(copying: part.bytes.bytes) }
    bytes = try arena.takeBytes()
    chunks = parts.flatMap(\.chunks)
    elementByteCount = parts.reduce(0) { $0 + $1.elementByteCount }
  }

  init(bytes: SharedBytes, chunks: [Chunk], elementByteCount: Int) {
    self.bytes = bytes
    self.chunks = chunks
    self.elementByteCount = elementByteCount
  }
}
