/// Runs a whole chain of codecs inside of another codec, such as the inner chunks of a shard.
public final class ChainEncoder {
  private var pipeline: EncodingPipeline

  /// Creates an encoder.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, and what the codecs throw about their settings.
  public init(_ chain: CodecChain) throws(ChunkError) {
    pipeline = try EncodingPipeline(chain)
  }

  /// Appends the encoded form of a chunk to `output`, behind what it has.
  ///
  /// - Parameters:
  ///   - source: The elements, laid out as the chain's ``ElementLayout`` says.
  ///   - shape: The number of elements along each axis.
  ///   - output: Where the encoded bytes go.
  /// - Throws: ``ChunkError``
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages.
  public func encode(_ source: RawSpan, shape: [Int], into output: inout ByteArena) throws(ChunkError) {
    try pipeline.encode(source, shape: shape, into: &output)
  }
}
