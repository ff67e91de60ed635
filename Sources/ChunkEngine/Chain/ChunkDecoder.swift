/// Decodes chunk after chunk for one worker.
///
///     store ──▶ stored arena ──▶ codecs, from arena to arena ──▶ output arena ──▶ views of the elements
///
/// The arenas and the codecs' contexts live as long as the decoder. The arena that holds the elements is
/// either given away with the views into it, or used again for the next chunk.
public struct ChunkDecoder: ~Copyable {
  private let chain: CodecChain
  private let limits: DecodingLimits
  private var pipeline: DecodingPipeline
  private var stored = ByteArena()
  private var output = ByteArena()

  /// What finds the elements that are placed, once there are some.
  private var follower: WireFormFollower?

  /// Creates a decoder.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  public init(_ chain: CodecChain, limits: DecodingLimits = DecodingLimits()) throws(ChunkError) {
    self.chain = chain
    self.limits = limits
    pipeline = try DecodingPipeline(chain)
  }

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
    if pipeline.isInPlace {
      stored.expectedChunkCount = expectedChunkCount
      return try run(shape, read) ? try stored.takeBytes() : nil
    }
    output.expectedChunkCount = expectedChunkCount
    return try run(shape, read) ? try output.takeBytes() : nil
  }

  /// Reads and decodes a chunk, and hands its elements to `body`, during whose call they are valid.
  ///
  /// - Parameters:
  ///   - shape: The number of elements along each dimension, needed if the chain ``CodecChain/needsShape``.
  ///   - read: Appends the stored bytes to its argument, or returns `false` if the chunk is not stored.
  ///   - body: Is handed the elements, laid out as the chain's ``ElementLayout`` says.
  /// - Returns: Whether the chunk is stored.
  /// - Throws: ``ChunkError``, and what `read` and `body` throw.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages. Does not allocate once the arenas
  ///   are large enough.
  public mutating func withDecoded(
    shape: [Int]? = nil, _ read: (inout ByteArena, DecodingLimits) throws -> Bool,
    _ body: (RawSpan) throws -> Void
  ) throws -> Bool {
    guard try run(shape, read) else { return false }
    if pipeline.isInPlace {
      try body(stored.bytes)
    } else {
      try body(output.bytes)
    }
    return true
  }

  /// Reads and decodes a chunk as far as a follower wants it.
  ///
  /// - Parameters:
  ///   - follower: Has begun with the chunk. What it finds is valid until the decoder is used again.
  ///   - shape: The number of elements along each dimension, needed if the chain ``CodecChain/needsShape``.
  ///   - read: Appends the stored bytes to its argument, or returns `false` if the chunk is not stored.
  /// - Returns: Whether the chunk is stored. If it is, the follower is done.
  /// - Throws: ``ChunkError``, and what `read` throws.
  mutating func decode(
    for follower: WireFormFollower, shape: [Int]? = nil,
    _ read: (inout ByteArena, DecodingLimits) throws -> Bool
  ) throws -> Bool {
    guard try run(shape, read, follower: follower) else { return false }
    guard !follower.isDone else { return true }
    if pipeline.isInPlace {
      _ = try follower.take(stored.bytes, of: stored.count)
    } else {
      _ = try follower.take(output.bytes, of: output.count)
    }
    return true
  }

  /// Reads and decodes a chunk, and puts elements of it in their places in a view, which keeps its memory.
  ///
  /// Every element of the chunk is checked, also those that are not in a run.
  ///
  /// - Parameters:
  ///   - count: The number of elements that the chunk must have.
  ///   - runs: The elements that belong to the selection, in the order of the chunk. No two workers place the
  ///     same.
  ///   - builder: The view.
  ///   - shape: The number of elements along each dimension, needed if the chain ``CodecChain/needsShape``.
  ///   - expectedChunkCount: How many chunks, this one included, this worker is going to place. They share
  ///     allocations.
  ///   - read: Appends the stored bytes to its argument, or returns `false` if the chunk is not stored.
  /// - Returns: The bytes of all elements of the chunk together, without their lengths, or `nil` if the chunk
  ///   is not stored.
  /// - Precondition: Runs do not overlap, follow each other in the chunk, and lie inside the selection.
  /// - Throws: ``ChunkError``, and what `read` throws.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages.
  package mutating func place(
    count: Int, runs: [ElementRun], in builder: BlobViewBuilder, shape: [Int]? = nil,
    expectedChunkCount: Int = 1, _ read: (inout ByteArena, DecodingLimits) throws -> Bool
  ) throws -> Int? {
    guard chain.layout == .variable else {
      let chunk = try decode(shape: shape, expectedChunkCount: expectedChunkCount, read)
      return try chunk.map { try builder.place($0, count: count, runs: runs) }
    }
    let follower = follower ?? WireFormFollower(codec: chain.elementCodecName)
    self.follower = follower
    follower.begin(count: count, runs: runs, storage: builder.storage)
    defer { follower.end() }
    if pipeline.isInPlace {
      stored.expectedChunkCount = expectedChunkCount
    } else {
      output.expectedChunkCount = expectedChunkCount
    }
    guard try decode(for: follower, shape: shape, read) else { return nil }
    let chunk = pipeline.isInPlace ? try stored.takeBytes() : try output.takeBytes()
    try builder.charge(chunk.byteCount)
    builder.keep(chunk)
    return follower.payloadByteCount
  }

  /// Reads a chunk and runs the codecs, and returns whether there is one.
  private mutating func run(
    _ shape: [Int]?, _ read: (inout ByteArena, DecodingLimits) throws -> Bool,
    follower: WireFormFollower? = nil
  ) throws -> Bool {
    stored.removeAll()
    output.removeAll()
    guard try read(&stored, limits) else { return false }
    guard stored.count <= limits.storedByteCountPerChunk else {
      throw ChunkError.storedByteCountExceedsLimit(
        byteCount: stored.count, limit: limits.storedByteCountPerChunk)
    }
    let limit = limits.decodedByteCount(ofStored: stored.count)
    let byteCount: Int
    if pipeline.isInPlace {
      byteCount = try pipeline.verifiedByteCount(of: stored.bytes)
      stored.truncate(to: byteCount)
    } else {
      do throws(ChunkError) {
        try Self.decode(&pipeline, stored, shape, into: &output, limit: limit, follower)
      } catch {
        throw limits.explaining(error, ofStored: stored.count)
      }
      byteCount = output.count
    }
    guard byteCount <= limit else {
      throw limits.explaining(
        .decodedByteCountExceedsLimit(codec: chain.elementCodecName, byteCount: byteCount, limit: limit),
        ofStored: stored.count)
    }
    return true
  }

  private static func decode(
    _ pipeline: inout DecodingPipeline, _ source: borrowing ByteArena, _ shape: [Int]?,
    into output: inout ByteArena, limit: Int, _ follower: WireFormFollower?
  ) throws(ChunkError) {
    try pipeline.decode(source.bytes, shape: shape, into: &output, limit: limit, follower: follower)
  }
}
