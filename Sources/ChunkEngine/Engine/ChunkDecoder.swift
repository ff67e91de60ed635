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
  ///   - shape: The number of elements along each axis, needed if the chain ``CodecChain/looksAtShape``.
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
  ///   - shape: The number of elements along each axis, needed if the chain ``CodecChain/looksAtShape``.
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

  /// Reads a chunk and runs the codecs, and returns whether there is one.
  private mutating func run(
    _ shape: [Int]?, _ read: (inout ByteArena, DecodingLimits) throws -> Bool
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
        try Self.decode(&pipeline, stored, shape, into: &output, limit: limit)
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
    into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try pipeline.decode(source.bytes, shape: shape, into: &output, limit: limit)
  }
}
