/// Decodes pieces for one worker: chunks that are values of their own, and inner chunks of shards.
///
///     find ──▶ fetch ──▶ stored bytes ──▶ codecs, from arena to arena ──▶ output ──▶ place or show
///
/// The arenas and the codecs' contexts live as long as the decoder. The memory that holds the elements is
/// either given away with the views into it, or used again for the next piece. Inner chunks of one piece share
/// that memory, and reads where they are neighbours.
public struct ChunkDecoder: ~Copyable {
  private let chain: CodecChain

  /// The most memory that data can make the decoder take.
  package internal(set) var limits: DecodingLimits
  private var pipeline: DecodingPipeline
  private var chunks = PieceChunks()
  private var output = ByteArena()

  /// What finds the elements of a single chunk.
  private let follower: WireFormFollower

  /// Where the elements of several chunks are that are shown.
  private var table = BlobTable()

  /// Elements of fixed size that are shown and do not stand back to back in their chunk.
  private var packed = ByteArena()

  /// Copies of listed elements, each after its length.
  private var gathered = ByteArena()

  /// The piece that was found last.
  private var piece: Piece?

  /// Where decoded chunks of the piece are kept, or nil.
  private var shelf: (any ChunkShelf)?

  /// The shape of a chunk that was found without a piece.
  private var shape: [Int]?

  /// Whether the chunks are inner ones of a shard, which errors then name.
  private var areInner = false

  /// The frame whose content was fetched apart from what is around it, and whether the last chunk was such a frame.
  private var rawFrame: ZstdRawFrame?
  private var expectsRawFrame = false

  /// How many pieces, this one included, this worker is going to give away.
  private var expectedPieceCount = 1

  /// The most bytes that the inner chunks of one piece decoded to, a good guess for the next piece.
  private var expectedByteCount = 0

  /// Decoded inner chunks of more bytes than this are placed before others are decoded.
  private static let largestByteCount = 4 << 20

  /// Creates a decoder.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  public init(_ chain: CodecChain, limits: DecodingLimits = DecodingLimits()) throws(ChunkError) {
    self.chain = chain
    self.limits = limits
    pipeline = try DecodingPipeline(chain)
    follower = WireFormFollower(codec: chain.elementCodecName)
  }

  /// What was read of a piece.
  package struct Counts: Sendable {
    /// The bytes of the elements, without their lengths.
    package var elementByteCount = 0
    /// The bytes that chunks are stored as.
    package var storedByteCount = 0

    /// Counts nothing.
    package init() {}

    /// Adds what was read of another piece.
    package mutating func add(_ other: Counts) {
      elementByteCount += other.elementByteCount
      storedByteCount += other.storedByteCount
    }
  }
}

// MARK: Finding and fetching

extension ChunkDecoder {
  /// Begins with a piece, and finds where its chunks are stored.
  ///
  /// - Parameters:
  ///   - piece: The elements.
  ///   - places: Where the chunks are.
  ///   - shelf: Where decoded chunks are kept. Those that are there are neither fetched nor decoded, and the others are
  ///     put there.
  ///   - isShown: Whether the elements are going to be shown, and not placed.
  ///   - expectedPieceCount: How many pieces, this one included, this worker is going to place. They share
  ///     allocations.
  /// - Throws: ``ChunkError``, of type ``ChunkError/innerChunk(position:reason:)`` where it is of one inner
  ///   chunk.
  /// - Complexity: O(*n*) in the number of chunks and of runs of elements. Does not allocate for a chunk.
  package mutating func find(
    _ piece: Piece, in places: ChunkPlaces, shelf: (any ChunkShelf)? = nil, isShown: Bool = false,
    expectedPieceCount: Int = 1
  ) throws(ChunkError) {
    rawFrame = nil
    areInner = if case .index = places { true } else { false }
    let piece = isShown && (piece.chunkCount > 1 || shelf != nil) ? piece.alone : piece
    self.piece = piece
    self.expectedPieceCount = expectedPieceCount
    self.shelf = shelf
    try chunks.find(piece, in: places, limits, shelf: shelf)
  }

  /// The bytes that ``fetch(joining:_:)`` asks for, or nil if the piece is a whole value.
  package func fetchedByteCount(_ joining: RangeJoining) -> Int? { chunks.fetchedByteCount(joining) }

  /// Fetches the stored bytes of the piece.
  ///
  /// - Parameters:
  ///   - joining: Which chunks are read together.
  ///   - read: Appends the bytes in a range of the value, or all of them if that is nil, to its argument. Returns
  ///     whether there is such a value.
  /// - Throws: ``ChunkError``, and what `read` throws.
  /// - Complexity: O(*n*) in the bytes that are read.
  package mutating func fetch(
    joining: RangeJoining, _ read: (Range<Int>?, inout ByteArena) throws -> Bool
  ) throws {
    // What decodes in place is given away where it was fetched.
    chunks.bytes.expectedChunkCount =
      (isInPlace || expectsRawFrame) && givesAway ? expectedPieceCount : 1
    try chunks.fetch(joining: joining, limit: limits.storedByteCountPerChunk, read)
  }

  /// The bytes that follow a frame of Zstandard in each chunk, or nil if chunks have other codecs.
  package var rawFrameTrailerByteCount: Int? { pipeline.zstdFrames?.trailerByteCount }

  /// Takes note that the content of a value was fetched before what is around it.
  package mutating func didFetch(_ frame: ZstdRawFrame?) {
    rawFrame = frame
    expectsRawFrame = frame != nil
  }

  /// Whether chunks are decoded where they were fetched.
  private var isInPlace: Bool { pipeline.isInPlace || rawFrame != nil }

  /// Whether the memory that elements are decoded to is given away, as that of elements of any size is.
  private var givesAway: Bool { chain.layout == .variable || piece == nil }

  /// Whether the piece that was fetched has a chunk that is stored.
  package var hasStoredChunk: Bool { !chunks.order.isEmpty }

  /// Releases memory that views have a part of, which would otherwise outlive them.
  package mutating func releaseSharedMemory() {
    chunks.bytes.removeShared()
    output.removeShared()
    gathered.removeShared()
  }

  /// Gives back the memory for bytes and elements.
  package mutating func releaseMemory() {
    chunks.bytes = ByteArena()
    output = ByteArena()
    packed = ByteArena()
    gathered = ByteArena()
  }
}

// MARK: Decoding

extension ChunkDecoder {
  /// Reads and decodes a chunk, and gives away its memory.
  ///
  /// - Parameters:
  ///   - shape: The number of elements along each dimension, needed if the chain ``CodecChain/needsShape``.
  ///   - expectedChunkCount: How many chunks, this one included, this worker is going to give away. They
  ///     share allocations.
  ///   - read: Appends the stored bytes to its argument, or returns `false` if the chunk is not stored.
  /// - Returns: The elements, laid out as the chain's ``ElementLayout`` says, or `nil` if the chunk is not
  ///   stored. They are not checked yet.
  /// - Throws: ``ChunkError``, and what `read` throws.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages.
  public mutating func decode(
    shape: [Int]? = nil, expectedChunkCount: Int = 1,
    _ read: (inout ByteArena, DecodingLimits) throws -> Bool
  ) throws -> SharedBytes? {
    try fetch(count: 0, shape: shape, runs: [], expectedChunkCount: expectedChunkCount, read)
    return try takeChunk()
  }

  /// Reads a chunk that is a value of its own.
  mutating func fetch(
    count: Int, shape: [Int]?, runs: [ElementRun], expectedChunkCount: Int = 1,
    _ read: (inout ByteArena, DecodingLimits) throws -> Bool
  ) throws {
    (piece, self.shape, areInner, expectedPieceCount, shelf) = (nil, shape, false, expectedChunkCount, nil)
    rawFrame = nil
    chunks.set(elementCount: count, runs: runs)
    let limits = limits
    try fetch(joining: .local) { _, arena in try read(&arena, limits) }
  }

  /// Decodes all elements of the single chunk that was fetched, and gives away its memory.
  ///
  /// - Returns: The elements, or nil if the chunk is not stored.
  /// - Throws: ``ChunkError``, of type ``ChunkError/innerChunk(position:reason:)`` for an inner chunk.
  package mutating func takeElements() throws(ChunkError) -> BlobView? {
    if let held = chunks.held.first, let held { return held }
    guard let bytes = try takeChunk() else { return nil }
    let chunk = chunks.chunks[0]
    do throws(ChunkError) {
      return try BlobView(bytes, count: chunk.elementCount, chain: chain)
    } catch {
      throw naming(chunk, error)
    }
  }

  private mutating func takeChunk() throws(ChunkError) -> SharedBytes? {
    guard let number = chunks.order.first else { return nil }
    beginOutput()
    try decode(number)
    return try takeBytes(of: chunks.chunks[number])
  }

  private mutating func beginOutput() {
    output.removeAll()
    output.expectedChunkCount = givesAway ? expectedPieceCount : 1
  }

  /// Takes out the memory of the single chunk that was decoded.
  private mutating func takeBytes(of chunk: PieceChunks.Chunk) throws(ChunkError) -> SharedBytes {
    guard isInPlace else { return try output.takeBytes() }
    chunks.bytes.truncate(to: chunk.decoded.upperBound)
    return try chunks.bytes.takeBytes()
  }

  /// Decodes one of the chunks that were fetched, after those that the output has.
  private mutating func decode(_ number: Int, for follower: WireFormFollower? = nil) throws(ChunkError) {
    let chunk = chunks.chunks[number]
    let limit = limits.decodedByteCount(ofStored: chunk.fetched.count)
    do throws(ChunkError) {
      if let frame = rawFrame, !frame.isIntact(chunks.bytes.bytes, pipeline.zstdFrames?.checksum) {
        // libzstd knows what else there is, and what is wrong.
        chunks.bytes = try frame.restored(chunks.bytes.bytes)
        rawFrame = nil
      }
      let decoded: Range<Int>
      if let rawFrame {
        decoded = 0..<rawFrame.contentByteCount
      } else if isInPlace {
        let byteCount = try pipeline.verifiedByteCount(of: chunks.bytes.bytes.extracting(chunk.fetched))
        decoded = chunk.fetched.lowerBound..<chunk.fetched.lowerBound + byteCount
      } else {
        let start = output.count
        let shape =
          chain.needsShape ? piece?.grid.shape(ofChunkAt: chunk.position) ?? self.shape : nil
        try Self.decode(
          &pipeline, chunks.bytes, chunk.fetched, shape, into: &output, limit: limit, follower)
        decoded = start..<output.count
      }
      guard decoded.count <= limit else {
        throw .decodedByteCountExceedsLimit(
          codec: chain.elementCodecName, byteCount: decoded.count, limit: limit)
      }
      chunks.setDecoded(decoded, of: number)
    } catch {
      throw naming(chunk, limits.explaining(error, ofStored: chunk.fetched.count))
    }
  }

  private static func decode(
    _ pipeline: inout DecodingPipeline, _ stored: borrowing ByteArena, _ range: Range<Int>, _ shape: [Int]?,
    into output: inout ByteArena, limit: Int, _ follower: WireFormFollower?
  ) throws(ChunkError) {
    try pipeline.decode(
      stored.bytes.extracting(range), shape: shape, into: &output, limit: limit, follower: follower)
  }

  /// Decodes a chunk while elements of it are looked for.
  private mutating func decode(_ number: Int, following follower: WireFormFollower) throws(ChunkError) {
    try decode(number, for: follower)
    guard !follower.isDone else { return }
    let chunk = chunks.chunks[number]
    do throws(ChunkError) {
      if isInPlace {
        _ = try follower.take(chunks.bytes.bytes.extracting(chunk.decoded), of: chunk.decoded.count)
      } else {
        _ = try follower.take(output.bytes.extracting(chunk.decoded), of: chunk.decoded.count)
      }
    } catch {
      throw naming(chunk, error)
    }
  }

  /// The runs of a chunk.
  private func runs(of chunk: PieceChunks.Chunk) -> [ElementRun] {
    // Those of a single chunk are not copied.
    chunk.runs.count == chunks.runs.count ? chunks.runs : Array(chunks.runs[chunk.runs])
  }

  /// Says of which inner chunk an error is.
  private func naming(_ chunk: PieceChunks.Chunk, _ error: ChunkError) -> ChunkError {
    areInner ? .innerChunk(position: chunk.position, reason: error) : error
  }

  /// Calls `body` with the memory that chunks are decoded to.
  private func withDecoded<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    isInPlace ? try body(chunks.bytes.bytes) : try body(output.bytes)
  }

  /// The bytes that the chunks are likely to decode to.
  private var reservedByteCount: Int {
    // A single chunk takes just what it needs.
    guard chunks.order.count > 1, !isInPlace else { return 0 }
    let guess = chunks.storedByteCount > Self.largestByteCount ? 0 : 3 * chunks.storedByteCount
    return min(Self.largestByteCount, max(expectedByteCount, guess))
  }
}

// MARK: Placing

extension ChunkDecoder {
  /// Decodes the piece that was fetched, and puts its elements in their places in a view.
  ///
  /// Every element of the chunks is checked, also those that are not selected; but listed elements are copied, and what
  /// comes after the last of them in their chunk need not be decoded.
  ///
  /// - Parameters:
  ///   - builder: The view.
  ///   - fillElement: What stands for elements that are not stored, as ``ElementLayout/sharedElement(_:)``
  ///     makes it. The builder has to keep it.
  ///   - countsElementBytes: Whether to count the bytes of the elements.
  /// - Returns: The bytes of the elements and of what was read.
  /// - Throws: ``ChunkError``, of type ``ChunkError/innerChunk(position:reason:)`` where it is of one inner
  ///   chunk.
  /// - Complexity: O(*n*) where *n* is the size of the chunks at all stages.
  package mutating func place(
    in builder: BlobViewBuilder, fillElement: SharedBytes, countsElementBytes: Bool
  ) throws(ChunkError) -> Counts {
    var counts = Counts()
    counts.storedByteCount = chunks.storedByteCount
    beginOutput()
    if let shelf { try shelve(on: shelf) }
    if piece?.listed != nil || shelf != nil, chain.layout == .variable {
      try gather(in: builder, countsElementBytes, &counts)
    } else if shelf != nil {
      try placeHeld(in: builder, &counts)
    } else if chunks.order.count == 1 {
      let number = chunks.order[0]
      let found = try place(number, in: builder)
      if countsElementBytes {
        counts.elementByteCount += elementByteCount(of: chunks.chunks[number], found, in: builder)
      }
    } else {
      try output.reserve(reservedByteCount)
      try placeEach(in: builder, countsElementBytes, &counts)
    }
    guard chunks.order.count < chunks.chunks.count || shelf != nil else { return counts }
    for chunk in chunks.chunks where chunk.stored == nil {
      let runs = chunks.runs.span.extracting(chunk.runs)
      try builder.place(repeating: fillElement, runs: runs)
      if countsElementBytes { counts.elementByteCount += builder.byteCount(of: runs) }
    }
    return counts
  }

  /// The bytes of the selected elements of a chunk, all of which have `found` bytes.
  private func elementByteCount(
    of chunk: PieceChunks.Chunk, _ found: Int, in builder: BlobViewBuilder
  ) -> Int {
    chunk.selectedCount == chunk.elementCount
      ? found : builder.byteCount(of: chunks.runs.span.extracting(chunk.runs))
  }

  /// Decodes and places the only chunk that is stored, and returns the bytes of all its elements.
  private mutating func place(_ number: Int, in builder: BlobViewBuilder) throws(ChunkError) -> Int {
    let chunk = chunks.chunks[number]
    if chain.layout == .variable {
      follower.begin(count: chunk.elementCount, runs: runs(of: chunk), storage: builder.storage)
      defer { follower.end() }
      try decode(number, following: follower)
      let bytes = try takeBytes(of: chunks.chunks[number])
      try builder.charge(bytes.byteCount)
      builder.keep(bytes)
      return follower.payloadByteCount
    }
    try decode(number)
    let decoded = chunks.chunks[number]
    do throws(ChunkError) {
      if chunk.runs.count == 1, chunk.selectedCount == builder.storage.count {
        let bytes = try takeBytes(of: decoded)
        return try builder.place(bytes, count: chunk.elementCount, runs: runs(of: chunk))
      }
      let runs = chunks.runs.span.extracting(chunk.runs)
      return try withDecoded { bytes throws(ChunkError) in
        try builder.place(bytes.extracting(decoded.decoded), count: chunk.elementCount, runs: runs)
      }
    } catch {
      throw naming(chunk, error)
    }
  }

  /// Decodes inner chunks one after the other, and places them when they are many bytes.
  private mutating func placeEach(
    in builder: BlobViewBuilder, _ countsElementBytes: Bool, _ counts: inout Counts
  ) throws(ChunkError) {
    var first = 0
    for position in chunks.order.indices {
      try decode(chunks.order[position])
      let isLast = position + 1 == chunks.order.count
      guard isLast || !isInPlace && output.count >= Self.largestByteCount else { continue }
      expectedByteCount = max(expectedByteCount, output.count)
      if chain.layout == .variable {
        let bytes = isInPlace ? try chunks.bytes.takeBytes() : try output.takeBytes()
        try builder.charge(bytes.byteCount)
        builder.keep(bytes)
        try place(first...position, of: bytes.bytes, in: builder, countsElementBytes, &counts)
      } else {
        let numbers = first...position
        var found = Counts()
        try withDecoded { bytes throws(ChunkError) in
          try place(numbers, of: bytes, in: builder, countsElementBytes, &found)
        }
        counts.elementByteCount += found.elementByteCount
      }
      first = position + 1
      output.removeAll()
    }
  }

  private func place(
    _ numbers: ClosedRange<Int>, of bytes: RawSpan, in builder: BlobViewBuilder, _ countsElementBytes: Bool,
    _ counts: inout Counts
  ) throws(ChunkError) {
    for position in numbers {
      let chunk = chunks.chunks[chunks.order[position]]
      do throws(ChunkError) {
        let found = try builder.place(
          bytes.extracting(chunk.decoded), count: chunk.elementCount,
          runs: chunks.runs.span.extracting(chunk.runs))
        if countsElementBytes { counts.elementByteCount += elementByteCount(of: chunk, found, in: builder) }
      } catch {
        throw naming(chunk, error)
      }
    }
  }
}

// MARK: Gathering

extension ChunkDecoder {
  /// Decodes chunks one after the other, and copies the listed elements of each while it is at hand.
  ///
  ///     output     [count|byteCount|bytes|byteCount|bytes|…]     of one chunk after the other
  ///                                       └───────┬──────┘
  ///     gathered   [byteCount|bytes|byteCount|bytes|…]           of all chunks, given away
  ///
  /// Where few elements of each chunk are wanted, the view has no more memory than they need.
  private mutating func gather(
    in builder: BlobViewBuilder, _ countsElementBytes: Bool, _ counts: inout Counts
  ) throws(ChunkError) {
    guard !chunks.order.isEmpty || !chunks.held.isEmpty else { return }
    var gathered = ByteArena()
    swap(&gathered, &self.gathered)
    defer { swap(&gathered, &self.gathered) }
    gathered.removeAll()
    gathered.expectedChunkCount = expectedPieceCount
    // What chunks are decoded to is not given away.
    expectedPieceCount = 1
    if shelf != nil {
      for number in chunks.chunks.indices {
        guard let held = chunks.held[number] else { continue }
        try gathered.append(
          withLengths: held.blobs, runs: chunks.runs.span.extracting(chunks.chunks[number].runs))
      }
    } else {
      for number in chunks.order {
        do {
          try show(number, stopsAfterRuns: true) { elements in
            let all = [ElementRun(chunkIndex: 0, selectionIndex: 0, count: elements.count)]
            try gathered.append(withLengths: elements, runs: all.span)
          }
        } catch let error as ChunkError {
          throw error
        } catch {
          // Nothing else is thrown by what is called here.
          throw .decompressionFailed(codec: chain.elementCodecName, reason: "\(error)")
        }
      }
    }
    let bytes = try gathered.takeBytes()
    try builder.charge(bytes.byteCount)
    builder.keep(bytes)
    var offset = 0
    for number in shelf == nil ? chunks.order : Array(chunks.chunks.indices) {
      if shelf != nil, chunks.held[number] == nil { continue }
      let chunk = chunks.chunks[number]
      let end = unsafe builder.storage.table.place(
        gathered: bytes, from: offset, runs: chunks.runs.span.extracting(chunk.runs))
      if countsElementBytes {
        counts.elementByteCount += end - offset - chunk.selectedCount * WireForm.lengthByteCount
      }
      offset = end
    }
  }

  /// Decodes the chunks that were fetched, each into memory of its own, and puts them on the shelf.
  private mutating func shelve(on shelf: any ChunkShelf) throws(ChunkError) {
    expectedPieceCount = 1
    for number in chunks.order {
      output = ByteArena()
      try decode(number)
      let chunk = chunks.chunks[number]
      let bytes: SharedBytes
      if isInPlace {
        var copy = ByteArena()
        try copy.append(copying: chunks.bytes.bytes.extracting(chunk.decoded))
        bytes = try copy.takeBytes()
      } else {
        bytes = try output.takeBytes()
      }
      do throws(ChunkError) {
        let elements = try BlobView(bytes, count: chunk.elementCount, chain: chain)
        chunks.held[number] = elements
        shelf.keep(elements, at: chunk.position)
      } catch {
        throw naming(chunk, error)
      }
    }
  }

  /// Places the elements of chunks that are on the shelf, all of one size.
  private func placeHeld(in builder: BlobViewBuilder, _ counts: inout Counts) throws(ChunkError) {
    for (chunk, held) in zip(chunks.chunks, chunks.held) {
      guard let held, let bytes = held.packedBytes else { continue }
      let runs = chunks.runs.span.extracting(chunk.runs)
      try builder.place(bytes, count: chunk.elementCount, runs: runs)
      counts.elementByteCount += builder.byteCount(of: runs)
    }
  }

  /// Shows elements of chunks that are on the shelf, and of those that are not stored.
  private mutating func showHeld(
    _ piece: Piece, fillElement: SharedBytes, _ body: (Piece, BlobSpan) throws -> Void
  ) throws {
    switch chain.layout {
    case .variable:
      try table.reset(count: piece.elementCount)
      for (chunk, held) in zip(chunks.chunks, chunks.held) {
        let runs = chunks.runs.span.extracting(chunk.runs)
        if let held {
          table.place(held.blobs, runs: runs)
        } else {
          table.place(repeating: fillElement, runs: runs)
        }
      }
      try Self.show(table) { try body(piece, $0) }
    case .fixed(let byteCount):
      try fillPacked(piece, elementByteCount: byteCount, fillElement: fillElement)
      try Self.show(packed.bytes, byteCount, count: piece.elementCount) { try body(piece, $0) }
    }
  }
}

// MARK: Showing

extension ChunkDecoder {
  /// Reads and decodes a chunk, and hands the elements of `runs` to `body`.
  ///
  /// - Parameters:
  ///   - count: The number of elements that the chunk must have.
  ///   - shape: The number of elements along each dimension, needed if the chain ``CodecChain/needsShape``.
  ///   - runs: The elements to show, in the order of the chunk.
  ///   - stopsAfterRuns: Whether what is after them need not be decoded. Damage there may not be found.
  ///   - read: Appends the stored bytes to its argument, or returns `false` if the chunk is not stored.
  ///   - body: Is handed the elements, which are valid during the call.
  /// - Returns: Whether the chunk is stored.
  /// - Precondition: Runs do not overlap and follow each other in the chunk.
  /// - Throws: ``ChunkError``, and what `read` and `body` throw.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages. Does not allocate once the arenas
  ///   are large enough.
  public mutating func scan(
    count: Int, shape: [Int]? = nil, runs: [ElementRun], stopsAfterRuns: Bool = false,
    _ read: (inout ByteArena, DecodingLimits) throws -> Bool, _ body: (BlobSpan) throws -> Void
  ) throws -> Bool {
    try fetch(count: count, shape: shape, runs: runs, read)
    guard let number = chunks.order.first else { return false }
    try show(number, stopsAfterRuns: stopsAfterRuns, body)
    return true
  }

  /// Decodes the piece that was fetched, and shows its elements in memory that is used again for the next
  /// piece.
  ///
  /// - Parameters:
  ///   - fillElement: What stands for elements that are not stored, as ``ElementLayout/sharedElement(_:)``
  ///     makes it.
  ///   - stopsAfterRuns: Whether what comes after the elements in their chunk need not be decoded. Damage there
  ///     may not be found.
  ///   - body: Is handed the elements in C order, which are valid during the call. It is called once.
  /// - Returns: The bytes that chunks are stored as, or nil if the piece takes much memory and has to be shown chunk
  ///   by chunk; then `body` is not called.
  /// - Precondition: The piece was found to be shown.
  /// - Throws: As ``place(in:fillElement:countsElementBytes:)``, and what `body` throws.
  /// - Complexity: O(*n*) where *n* is the size of the chunks. Does not allocate for a chunk.
  package mutating func show(
    fillElement: SharedBytes, stopsAfterRuns: Bool = false, _ body: (Piece, BlobSpan) throws -> Void
  ) throws -> Int? {
    guard let piece else { return nil }
    if let shelf {
      try shelve(on: shelf)
      try showHeld(piece, fillElement: fillElement, body)
      return chunks.storedByteCount
    }
    guard !chunks.order.isEmpty else {
      try show(repeating: fillElement, count: piece.elementCount) { try body(piece, $0) }
      return 0
    }
    guard chunks.chunks.count > 1 else {
      try show(0, stopsAfterRuns: stopsAfterRuns) { try body(piece, $0) }
      return chunks.storedByteCount
    }
    beginOutput()
    try output.reserve(reservedByteCount)
    for position in chunks.order.indices {
      try decode(chunks.order[position])
      guard output.count <= 4 * Self.largestByteCount else {
        return nil
      }
    }
    expectedByteCount = max(expectedByteCount, output.count)
    switch chain.layout {
    case .variable:
      try fillTable(piece, fillElement: fillElement)
      try Self.show(table) { try body(piece, $0) }
    case .fixed(let byteCount):
      try fillPacked(piece, elementByteCount: byteCount, fillElement: fillElement)
      try Self.show(packed.bytes, byteCount, count: piece.elementCount) { try body(piece, $0) }
    }
    return chunks.storedByteCount
  }

  /// Decodes and shows one chunk.
  private mutating func show(
    _ number: Int, stopsAfterRuns: Bool = false, _ body: (BlobSpan) throws -> Void
  ) throws {
    beginOutput()
    let chunk = chunks.chunks[number]
    guard case .fixed(let elementByteCount) = chain.layout else {
      follower.begin(count: chunk.elementCount, runs: runs(of: chunk), stopsAfterRuns: stopsAfterRuns)
      defer { follower.end() }
      try decode(number, following: follower)
      return try follower.show(body)
    }
    try decode(number)
    let decoded = chunks.chunks[number].decoded
    try check(chunk, decoded, elementByteCount)
    func bytes(_ run: ElementRun) -> Range<Int> {
      let start = decoded.lowerBound + run.chunkIndex * elementByteCount
      return start..<start + run.count * elementByteCount
    }
    if chunk.runs.count == 1 {
      let range = bytes(chunks.runs[chunk.runs.lowerBound])
      return try withDecoded { decoded in
        try Self.show(decoded.extracting(range), elementByteCount, count: chunk.selectedCount, body)
      }
    }
    var packed = ByteArena()
    swap(&packed, &self.packed)
    defer { swap(&packed, &self.packed) }
    packed.removeAll()
    for run in chunk.runs {
      try withDecoded { decoded throws(ChunkError) in
        try packed.append(copying: decoded.extracting(bytes(chunks.runs[run])))
      }
    }
    try Self.show(packed.bytes, elementByteCount, count: chunk.selectedCount, body)
  }

  private func check(
    _ chunk: PieceChunks.Chunk, _ decoded: Range<Int>, _ elementByteCount: Int
  ) throws(ChunkError) {
    do throws(ChunkError) {
      try ElementLayout.fixed(byteCount: elementByteCount).checkByteCount(
        decoded.count, count: chunk.elementCount, codec: chain.elementCodecName)
    } catch {
      throw naming(chunk, error)
    }
  }

  /// Shows one element again and again, in place of chunks that are not stored.
  ///
  /// - Precondition: `element` is well-formed, as ``ElementLayout/sharedElement(_:)`` makes it.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, and what `body` throws.
  /// - Complexity: O(1), without what `body` does.
  package mutating func show(
    repeating element: SharedBytes, count: Int, _ body: (BlobSpan) throws -> Void
  ) throws {
    if case .fixed(let byteCount) = chain.layout {
      return try body(
        unsafe BlobSpan(
          packed: element.baseAddress, elementByteCount: byteCount, count: count, isRepeated: true))
    }
    try follower.show(repeating: element, count: count, body)
  }

  private static func show(_ table: borrowing BlobTable, _ body: (BlobSpan) throws -> Void) rethrows {
    try body(table.blobs)
  }

  /// Shows elements of fixed size that stand back to back.
  private static func show(
    _ elements: RawSpan, _ elementByteCount: Int, count: Int, _ body: (BlobSpan) throws -> Void
  ) throws {
    try unsafe elements.withUnsafeBytes { elements in
      guard let start = elements.baseAddress else { return try body(unsafe BlobSpan(slots: nil, count: 0)) }
      try body(unsafe BlobSpan(packed: start, elementByteCount: elementByteCount, count: count))
    }
  }

  /// Finds the elements of several inner chunks, which are of any size.
  private mutating func fillTable(_ piece: Piece, fillElement: SharedBytes) throws(ChunkError) {
    // Inner chunks have as many elements as they say or this throws: the table is bounded by their bytes.
    for chunk in chunks.chunks where chunk.stored != nil {
      do throws(ChunkError) {
        try withDecoded { bytes throws(ChunkError) in
          _ = try WireForm.payloadByteCount(
            of: bytes.extracting(chunk.decoded), expectedCount: chunk.elementCount,
            codec: chain.elementCodecName)
        }
      } catch {
        throw naming(chunk, error)
      }
    }
    try table.reset(count: piece.elementCount)
    for chunk in chunks.chunks {
      let runs = chunks.runs.span.extracting(chunk.runs)
      guard chunk.stored != nil else {
        table.place(repeating: fillElement, runs: runs)
        continue
      }
      do throws(ChunkError) {
        try withDecoded { bytes throws(ChunkError) in
          _ = try table.place(
            bytes.extracting(chunk.decoded), count: chunk.elementCount, runs: runs,
            codec: chain.elementCodecName)
        }
      } catch {
        throw naming(chunk, error)
      }
    }
  }

  /// Copies the elements of several inner chunks together, which are of one size.
  private mutating func fillPacked(
    _ piece: Piece, elementByteCount: Int, fillElement: SharedBytes
  ) throws(ChunkError) {
    for chunk in chunks.chunks where chunk.stored != nil && shelf == nil {
      try check(chunk, chunk.decoded, elementByteCount)
    }
    let (byteCount, overflow) = piece.elementCount.multipliedReportingOverflow(by: elementByteCount)
    guard !overflow else { throw .outOfMemory(byteCount: Int.max) }
    var packed = ByteArena()
    swap(&packed, &self.packed)
    defer { swap(&packed, &self.packed) }
    packed.removeAll()
    try packed.append(addingCapacity: byteCount) { target throws(ChunkError) in
      try unsafe target.appendUnsafe { target throws(ChunkError) in
        try withDecoded { bytes throws(ChunkError) in
          for (number, chunk) in chunks.chunks.enumerated() {
            let runs = chunks.runs.span.extracting(chunk.runs)
            if chunk.stored == nil {
              unsafe target.place(repeating: fillElement.bytes, runs: runs)
            } else if shelf != nil {
              guard let held = chunks.held[number], let bytes = held.packedBytes else { continue }
              unsafe target.place(bytes, runs: runs, elementByteCount: elementByteCount)
            } else {
              unsafe target.place(
                bytes.extracting(chunk.decoded), runs: runs, elementByteCount: elementByteCount)
            }
          }
        }
        return byteCount
      }
    }
  }
}
