/// Runs a whole chain of codecs backwards inside of another codec, such as the inner chunks of a shard.
public final class ChainDecoder {
  private let layout: ElementLayout
  private let codec: String
  private var pipeline: DecodingPipeline

  /// Creates a decoder.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  public init(_ chain: CodecChain) throws(ChunkError) {
    layout = chain.layout
    codec = chain.elementCodecName
    pipeline = try DecodingPipeline(chain)
  }

  /// Appends the elements of a chunk to `output`, behind what it has.
  ///
  /// - Parameters:
  ///   - source: The encoded bytes.
  ///   - shape: The number of elements along each axis.
  ///   - output: Where the elements go, laid out as the chain's ``ElementLayout`` says. Elements of fixed
  ///     size
  ///     are as many as the chunk has; those of variable size are not checked yet.
  ///   - limit: The most bytes that the chunk may have, at any stage.
  /// - Throws: ``ChunkError`` for what is wrong with `source`.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages.
  public func decode(
    _ source: RawSpan, shape: [Int], into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let start = output.count
    try pipeline.decode(source, shape: shape, into: &output, limit: limit)
    let byteCount = output.count - start
    guard byteCount <= limit else {
      throw .decodedByteCountExceedsLimit(codec: codec, byteCount: byteCount, limit: limit)
    }
    let chunk = try ChunkRepresentation(shape: shape, layout: layout)
    if let expected = chunk.byteCount, expected != byteCount {
      throw .byteCountMismatch(codec: codec, found: byteCount, expected: expected)
    }
  }
}
