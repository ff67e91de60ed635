/// Encodes pieces for one worker: chunks that are values of their own, and inner chunks of shards.
///
///     source ──▶ chunk arena ──▶ first arena ──▶ second arena … ──▶ output ──▶ store
///         the one copy     codecs, from arena to arena
///
/// The arenas and the codecs' contexts live as long as the encoder, so after the first chunks nothing is
/// allocated. An encoder stays with its worker.
public struct ChunkEncoder: ~Copyable {
  private let chain: CodecChain
  private let maximumElementByteCount: Int
  private let fillValue: [UInt8]
  private let omitsFillValue: Bool

  /// Whether the chunks are inner ones of shards, which errors then name.
  private let areInner: Bool

  /// What a reader takes, or nil if that does not matter.
  private let limits: DecodingLimits?
  private var pipeline: EncodingPipeline

  /// The chunk that is laid out.
  private var chunk = ByteArena()

  /// The encoded chunks of the piece, one after the other, and what they are.
  private var output = ByteArena()
  private var chunks: [EncodedPiece.Chunk] = []

  private var walk = InnerChunkWalk()

  /// How many threads may work on a large chunk.
  package var threadCount = 1 {
    didSet { if threadCount != oldValue { pipeline.use(threadCount: threadCount) } }
  }

  /// The most bytes that a piece was encoded to, a good guess for the next one.
  private var expectedByteCount = 0

  /// Elements of fewer bytes than this, on average, are laid out before they are stored.
  private static let leastShownByteCount = 32 << 10

  /// Creates an encoder.
  ///
  /// - Parameters:
  ///   - chain: The codecs of a chunk.
  ///   - maximumElementByteCount: The largest element that is accepted.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  public init(
    _ chain: CodecChain, maximumElementByteCount: Int = WireForm.portableElementByteCount
  ) throws(ChunkError) {
    try self.init(
      chain, fillValue: [], omitsFillValue: false, areInner: false, limits: nil,
      maximumElementByteCount: maximumElementByteCount)
  }

  /// Creates an encoder of pieces.
  ///
  /// - Parameters:
  ///   - chain: The codecs of a chunk.
  ///   - fillValue: The element that stands for all that was never written.
  ///   - omitsFillValue: Whether chunks are left out whose elements all equal it.
  ///   - areInner: Whether the chunks are inner ones of shards.
  ///   - limits: What a reader takes: chunks beyond it are an error. Nil takes all.
  ///   - maximumElementByteCount: The largest element that is accepted.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  package init(
    _ chain: CodecChain, fillValue: [UInt8], omitsFillValue: Bool, areInner: Bool, limits: DecodingLimits?,
    maximumElementByteCount: Int = WireForm.portableElementByteCount
  ) throws(ChunkError) {
    self.chain = chain
    self.maximumElementByteCount = maximumElementByteCount
    self.fillValue = fillValue
    self.omitsFillValue = omitsFillValue
    self.areInner = areInner
    self.limits = limits
    pipeline = try EncodingPipeline(chain)
  }
}

// MARK: One chunk, which is shown

extension ChunkEncoder {
  /// Encodes a chunk of elements of a source.
  ///
  /// - Parameters:
  ///   - elements: A source of the elements, in C order.
  ///   - range: Which of them are those of the chunk; all by default.
  ///   - shape: The number of elements along each dimension, needed if the chain ``CodecChain/needsShape``.
  ///   - fillValue: If every element equals it, nothing is encoded and `body` is not called.
  ///   - body: Is handed the encoded bytes, which are valid during the call.
  /// - Returns: Whether the chunk was encoded, and the bytes of its elements without their lengths.
  /// - Throws: ``ChunkError``, and what `body` throws.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages. Does not allocate once the arenas
  ///   are large enough.
  public mutating func encode(
    _ elements: any BlobSource, in range: Range<Int>? = nil, shape: [Int]? = nil,
    unlessAllEqual fillValue: [UInt8]? = nil,
    _ body: (RawSpan) throws -> Void
  ) throws -> (isEncoded: Bool, payloadByteCount: Int) {
    let range = range ?? 0..<elements.count
    let run = ElementRun(chunkIndex: 0, selectionIndex: range.lowerBound, count: range.count)
    let byteCount = try gather(CollectionOfOne(run), of: elements, others: nil, count: range.count)
    let isText = elements.elementsAreText
    let isEncoded = try showChunk(shape: shape, unlessAllEqual: fillValue, isText: isText, body)
    return (isEncoded, byteCount)
  }

  /// Encodes a chunk that is laid out already.
  ///
  /// - Parameters:
  ///   - chunk: The chunk, as long as its header at least. A checksum may be appended to it.
  ///   - shape: The number of elements along each dimension, needed if the chain ``CodecChain/needsShape``.
  ///   - fillValue: If every element equals it, nothing is encoded and `body` is not called.
  ///   - body: Is handed the encoded bytes, which are valid during the call.
  /// - Returns: Whether the chunk was encoded.
  /// - Precondition: The elements are laid out as the chain's ``ElementLayout`` says. Text is validated here.
  /// - Throws: ``ChunkError``, and what `body` throws.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages.
  public mutating func encode(
    _ chunk: inout ByteArena, shape: [Int]? = nil, unlessAllEqual fillValue: [UInt8]? = nil,
    _ body: (RawSpan) throws -> Void
  ) throws -> Bool {
    swap(&chunk, &self.chunk)
    defer { swap(&chunk, &self.chunk) }
    return try showChunk(shape: shape, unlessAllEqual: fillValue, isText: false, body)
  }

  /// Encodes the chunk that is laid out.
  private mutating func showChunk(
    shape: [Int]?, unlessAllEqual fillValue: [UInt8]?, isText: Bool, _ body: (RawSpan) throws -> Void
  ) throws -> Bool {
    guard try isStored(chunk.bytes, unlessAllEqual: fillValue, isText: isText) else { return false }
    let byteCount = chunk.count
    if pipeline.isInPlace {
      try pipeline.appendChecksums(to: &chunk, from: 0)
      try limits?.check(byteCount, isStoredIn: chunk.count)
      try body(chunk.bytes)
    } else {
      output.removeAll()
      output.expectedChunkCount = 1
      try pipeline.encode(&chunk, shape: shape, into: &output)
      try limits?.check(byteCount, isStoredIn: output.count)
      try body(output.bytes)
    }
    return true
  }

  /// Is handed the bytes of an encoded chunk, or nil if it is not stored, and what hands them over part by part, as
  /// often as it is called.
  package typealias ValueWriter = (
    _ byteCount: Int?, _ gather: ((RawSpan) throws -> Void) throws -> Void
  ) throws -> Void

  /// Encodes the only chunk of a piece, which is a value of its own.
  ///
  /// Large elements that cannot be compressed go to `body` from where they are.
  ///
  /// - Parameters:
  ///   - piece: The elements that are written.
  ///   - elements: All elements of the selection.
  ///   - existing: Returns the elements of the chunk if others are written too, or nil if it is not stored.
  ///   - body: Takes the value.
  /// - Returns: The bytes of the elements that are written.
  /// - Throws: ``ChunkError``, and what `existing` and `body` throw.
  package mutating func encodeValue(
    _ piece: Piece, of elements: any BlobSource, existing: () throws -> BlobView?, _ body: ValueWriter
  ) throws -> Int {
    walk.begin(piece, byteCountLimit: limits?.decodedByteCountPerChunk ?? Int.max)
    guard try walk.next() else { return 0 }
    let others = try others { _ in try existing() }
    if others == nil, let run = walk.runs.first, run.count == walk.chunkElementCount,
      let byteCount = try writeUncompressed(
        elements, in: run.selectionIndex..<run.selectionIndex + run.count, body)
    {
      return byteCount
    }
    let byteCount = try gather(walk.runs, of: elements, others: others, count: walk.chunkElementCount)
    let isText = elements.elementsAreText && (others?.elementsAreText ?? true)
    try writeChunk(shape: walk.chunkShape, isText: isText, body)
    return byteCount
  }

  /// Encodes a chunk that is laid out already and is a value of its own.
  ///
  /// - Parameters:
  ///   - chunk: The chunk, laid out as the ``ElementLayout`` of its codecs says. A checksum may be appended to it.
  ///   - shape: The number of elements along each dimension.
  ///   - body: Takes the value.
  /// - Throws: ``ChunkError``, and what `body` throws.
  package mutating func encodeValue(_ chunk: inout ByteArena, shape: [Int], _ body: ValueWriter) throws {
    swap(&chunk, &self.chunk)
    defer { swap(&chunk, &self.chunk) }
    try writeChunk(shape: shape, isText: false, body)
  }

  /// Encodes the chunk that is laid out, and hands it over.
  private mutating func writeChunk(shape: [Int], isText: Bool, _ body: ValueWriter) throws {
    let fillValue = omitsFillValue ? fillValue : nil
    if let raw = pipeline.raw, try raw.encoder.isIncompressible(chunk.bytes) {
      guard try isStored(chunk.bytes, unlessAllEqual: fillValue, isText: isText) else {
        return try body(nil) { _ in }
      }
      return try writeRawFrame(contentByteCount: chunk.count, of: nil, body)
    }
    let isEncoded = try showChunk(shape: shape, unlessAllEqual: fillValue, isText: isText) { encoded in
      try body(encoded.byteCount) { append in try append(encoded) }
    }
    if !isEncoded { try body(nil) { _ in } }
  }

  /// Hands over a chunk as a frame of raw blocks.
  ///
  /// - Parameters:
  ///   - contentByteCount: The bytes of the chunk.
  ///   - elements: What it consists of, or nil for the chunk that is laid out.
  ///   - body: Takes the value.
  /// - Throws: ``ChunkError``, and what `body` throws.
  private func writeRawFrame(
    contentByteCount: Int, of elements: (source: any BlobSource, range: Range<Int>)?, _ body: ValueWriter
  ) throws {
    let frame = ZstdRawFrame(contentByteCount: contentByteCount)
    let checksum = pipeline.raw?.checksum
    let byteCount = frame.storedByteCount + (checksum == nil ? 0 : CRC32CCodec.byteCount)
    try limits?.check(contentByteCount, isStoredIn: byteCount)
    try body(byteCount) { append in
      var writer = ZstdRawFrame.Writer(frame, checksum)
      if let (source, range) = elements {
        try writer.write(source, in: range, maximumElementByteCount: maximumElementByteCount, to: append)
      } else {
        try writer.write(chunk.bytes, to: append)
      }
      try writer.finish(append)
    }
  }

  /// Hands over a chunk of large elements from where they are, if they cannot be compressed.
  ///
  /// - Returns: The bytes of the elements, or nil if the chunk has to be laid out.
  private func writeUncompressed(
    _ elements: any BlobSource, in range: Range<Int>, _ body: ValueWriter
  ) throws -> Int? {
    guard let raw = pipeline.raw, chain.layout == .variable,
      !chain.elementsAreText || elements.elementsAreText
    else { return nil }
    let payloadByteCount = try elements.byteCount(of: range)
    // One element of a size that is not that of the fill value is enough for the chunk to be stored.
    guard payloadByteCount >= ZstdRawFrame.leastByteCount,
      payloadByteCount / range.count >= Self.leastShownByteCount,
      payloadByteCount != fillValue.count * range.count,
      try areIncompressible(elements, in: range, raw.encoder)
    else { return nil }
    let byteCount = try WireForm.elementsByteCount(count: range.count, payloadByteCount: payloadByteCount)
    try writeRawFrame(contentByteCount: WireForm.headerByteCount + byteCount, of: (elements, range), body)
    return payloadByteCount
  }

  /// Whether the large ones of some elements cannot be compressed, and no two of them are the same.
  private func areIncompressible(
    _ elements: any BlobSource, in range: Range<Int>, _ encoder: ZstdEncoder
  ) throws -> Bool {
    var areIncompressible = true
    var seen: Set<UInt64> = []
    var skippedByteCount = 0
    let areShown = try elements.showElements(in: range) { element in
      guard areIncompressible, element.byteCount >= Self.leastShownByteCount else { return }
      let isNew = seen.insert(element.littleEndianUInt64(at: element.byteCount / 2)).inserted
      skippedByteCount += element.byteCount
      // The usual way says what is wrong with an element that is too large.
      guard isNew, element.byteCount <= maximumElementByteCount else { return areIncompressible = false }
      guard skippedByteCount >= ZstdRawFrame.leastByteCount else { return }
      skippedByteCount = 0
      areIncompressible = try encoder.isIncompressible(element)
    }
    return areShown && areIncompressible
  }
}

// MARK: Pieces, which are kept

extension ChunkEncoder {
  /// Encodes the chunks of a piece.
  ///
  /// - Parameters:
  ///   - piece: The elements that are written.
  ///   - elements: All elements of the selection.
  ///   - expectedPieceCount: How many pieces, this one included, this worker is going to encode. They share
  ///     allocations.
  ///   - existing: Returns the elements of a chunk of which others are written too, or nil if it is not
  ///     stored.
  /// - Returns: The encoded chunks.
  /// - Throws: ``ChunkError``, and what `existing` throws.
  /// - Complexity: O(*n*) where *n* is the size of the chunks.
  package mutating func encode(
    _ piece: Piece, of elements: any BlobSource, expectedPieceCount: Int = 1,
    existing: (_ position: Int) throws -> BlobView?
  ) throws -> EncodedPiece {
    var elementByteCount = 0
    try beginPiece(expectedPieceCount: expectedPieceCount)
    chunks.reserveCapacity(piece.chunkCount)
    walk.begin(piece, byteCountLimit: limits?.decodedByteCountPerChunk ?? Int.max)
    while try walk.next() {
      let others = try others(existing)
      let position = walk.position
      let found = try append(
        walk.runs, of: elements, others: others, count: walk.chunkElementCount, walk.chunkShape, at: position)
      elementByteCount = try sum(elementByteCount, found)
    }
    return try endPiece(elementByteCount: elementByteCount)
  }

  /// Begins a piece whose chunks are handed over one by one.
  ///
  /// - Parameter expectedPieceCount: How many pieces, this one included, this worker is going to encode. They
  ///   share allocations.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  package mutating func beginPiece(expectedPieceCount: Int = 1) throws(ChunkError) {
    chunks = []
    output.removeAll()
    output.expectedChunkCount = expectedPieceCount
    // A guess, so that pieces share allocations from the first on.
    try output.reserve(expectedByteCount)
  }

  /// Encodes a chunk of elements of two sources, unless all equal the fill value.
  ///
  /// - Parameters:
  ///   - runs: Where elements of the first source go.
  ///   - elements: The first source.
  ///   - others: The elements of the whole chunk, which are taken between the runs.
  ///   - count: The number of elements of the chunk.
  ///   - shape: The number of elements along each dimension.
  ///   - position: Which of the inner chunks of the value it is, in C order.
  /// - Returns: The bytes of the elements in runs.
  /// - Precondition: The piece was begun.
  /// - Throws: ``ChunkError``, of type ``ChunkError/innerChunk(position:reason:)`` for an inner chunk.
  @discardableResult
  package mutating func append(
    _ runs: [ElementRun], of elements: any BlobSource, others: (any BlobSource)?, count: Int, _ shape: [Int],
    at position: Int
  ) throws(ChunkError) -> Int {
    do throws(ChunkError) {
      let isText = elements.elementsAreText && (others?.elementsAreText ?? true)
      guard pipeline.isInPlace else {
        let byteCount = try gather(runs, of: elements, others: others, count: count)
        try appendChunk(shape, at: position, isText: isText)
        return byteCount
      }
      let start = output.count
      let byteCount = try Self.gather(
        runs, of: elements, others: others, count: count, layout: chain.layout,
        maximumElementByteCount: maximumElementByteCount, into: &output)
      let isStored = try isStored(
        output.bytes.extracting(start..<output.count), unlessAllEqual: omitsFillValue ? fillValue : nil,
        isText: isText)
      if isStored {
        let byteCount = output.count - start
        try pipeline.appendChecksums(to: &output, from: start)
        try limits?.check(byteCount, isStoredIn: output.count - start)
      } else {
        output.truncate(to: start)
      }
      chunks.append(EncodedPiece.Chunk(position: position, byteCount: isStored ? output.count - start : nil))
      return byteCount
    } catch {
      throw areInner ? .innerChunk(position: position, reason: error) : error
    }
  }

  /// Encodes a chunk that is laid out already, unless all its elements equal the fill value.
  ///
  /// - Parameters:
  ///   - chunk: The chunk, laid out as the ``ElementLayout`` of its codecs says. A checksum may be appended to it.
  ///   - shape: The number of elements along each dimension.
  ///   - position: Which of the inner chunks of the value it is, in C order.
  /// - Precondition: The piece was begun.
  /// - Throws: ``ChunkError``, of type ``ChunkError/innerChunk(position:reason:)`` for an inner chunk.
  /// - Complexity: O(*n*) where *n* is the size of the chunk.
  package mutating func append(
    _ chunk: inout ByteArena, shape: [Int], at position: Int
  ) throws(ChunkError) {
    swap(&chunk, &self.chunk)
    defer { swap(&chunk, &self.chunk) }
    do throws(ChunkError) {
      try appendChunk(shape, at: position, isText: false)
    } catch {
      throw areInner ? .innerChunk(position: position, reason: error) : error
    }
  }

  /// Encodes the chunk that is laid out.
  private mutating func appendChunk(
    _ shape: [Int], at position: Int, isText: Bool
  ) throws(ChunkError) {
    let start = output.count
    let isStored = try isStored(
      chunk.bytes, unlessAllEqual: omitsFillValue ? fillValue : nil, isText: isText)
    if isStored {
      let byteCount = chunk.count
      try pipeline.encode(&chunk, shape: shape, into: &output)
      try limits?.check(byteCount, isStoredIn: output.count - start)
    }
    chunks.append(EncodedPiece.Chunk(position: position, byteCount: isStored ? output.count - start : nil))
  }

  /// Ends a piece.
  ///
  /// - Parameter elementByteCount: The bytes of its elements, for reports.
  /// - Returns: The encoded chunks.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  package mutating func endPiece(elementByteCount: Int = 0) throws(ChunkError) -> EncodedPiece {
    expectedByteCount = max(expectedByteCount, output.count)
    return EncodedPiece(
      bytes: try output.takeBytes(), chunks: chunks, elementByteCount: elementByteCount)
  }
}

// MARK: Gathering

extension ChunkEncoder {
  /// The elements of the chunk that is visited besides those that are written, or nil if all are.
  private func others(_ existing: (_ position: Int) throws -> BlobView?) throws -> (any BlobSource)? {
    guard walk.elementCount < walk.chunkElementCount else { return nil }
    let stored = walk.isWhole ? nil : try existing(walk.position)
    return stored ?? RepeatedBlob(fillValue, count: walk.chunkElementCount)
  }

  /// Whether a chunk has to be stored, if its elements are valid; they are known to be if they are text already.
  private func isStored(
    _ chunk: RawSpan, unlessAllEqual fillValue: [UInt8]?, isText: Bool
  ) throws(ChunkError) -> Bool {
    if let fillValue, chain.layout.elements(of: chunk, allEqual: fillValue) { return false }
    if chain.elementsAreText, chain.layout == .variable, !isText {
      try VlenUTF8Codec.validate(
        chunk.extracting(WireForm.headerByteCount..<chunk.byteCount),
        count: Int(chunk.littleEndianUInt32(at: 0)))
    }
    return true
  }

  /// Lays out the elements of a chunk, and returns the bytes of those in runs.
  private mutating func gather(
    _ runs: some Collection<ElementRun>, of elements: any BlobSource, others: (any BlobSource)?, count: Int
  ) throws(ChunkError) -> Int {
    chunk.removeAll()
    return try Self.gather(
      runs, of: elements, others: others, count: count, layout: chain.layout,
      maximumElementByteCount: maximumElementByteCount, into: &chunk)
  }

  /// Lays out the elements of a chunk after what `arena` has, and returns the bytes of those in runs.
  private static func gather(
    _ runs: some Collection<ElementRun>, of elements: any BlobSource, others: (any BlobSource)?, count: Int,
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

  /// Calls `body` with the elements of a chunk in order: those of each run, as the selection counts them, and
  /// those between runs, which are not written, as the chunk does.
  @inline(__always)
  private static func forEachSegment(
    _ runs: some Collection<ElementRun>, count: Int,
    _ body: (Range<Int>, _ isWritten: Bool) throws(ChunkError) -> Void
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

/// Chunks of a stored value that one worker has encoded.
package struct EncodedPiece: Sendable {
  /// A chunk.
  struct Chunk {
    /// Which of the inner chunks of the value it is, in C order.
    let position: Int
    /// The bytes that it has, or nothing if it is not stored since all its elements equal the fill value.
    let byteCount: Int?
  }

  /// The chunks one after the other.
  package let bytes: SharedBytes

  /// What the bytes are.
  let chunks: [Chunk]

  /// The bytes of the elements that were written, without their lengths.
  package let elementByteCount: Int

  /// The bytes of the encoded chunks.
  package var byteCount: Int { bytes.byteCount }

  /// Whether any chunk is stored.
  package var isStored: Bool { chunks.contains { $0.byteCount != nil } }

  /// Copies pieces of one value to one of just their size, to be kept for long: those that a worker
  /// encodes have room for more.
  package init(joining pieces: [EncodedPiece]) throws(ChunkError) {
    var arena = ByteArena()
    try arena.reserve(pieces.reduce(0) { $0 + $1.byteCount })
    for piece in pieces { try arena.append(copying: piece.bytes.bytes) }
    bytes = try arena.takeBytes()
    chunks = pieces.flatMap(\.chunks)
    elementByteCount = pieces.reduce(0) { $0 + $1.elementByteCount }
  }

  init(bytes: SharedBytes, chunks: [Chunk], elementByteCount: Int) {
    self.bytes = bytes
    self.chunks = chunks
    self.elementByteCount = elementByteCount
  }
}
