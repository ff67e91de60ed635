/// The most memory that data which is read can make the engine take.
///
/// Sizes in stored bytes are claims. Whatever they say, no chunk takes more than this, at any stage of its
/// codecs.
public struct DecodingLimits: Hashable, Sendable {
  /// The most bytes that a chunk may decode to, at any stage.
  public var decodedByteCountPerChunk: Int

  /// The most bytes that the index of a shard may have.
  public var shardIndexByteCount: Int

  /// Creates limits.
  ///
  /// - Parameters:
  ///   - decodedByteCountPerChunk: The most bytes that a chunk may decode to: 1 GiB unless said otherwise.
  ///   - shardIndexByteCount: The most bytes that the index of a shard may have, 16 for each inner chunk: 128
  ///     MiB unless said otherwise.
  public init(decodedByteCountPerChunk: Int = 1 << 30, shardIndexByteCount: Int = 128 << 20) {
    self.decodedByteCountPerChunk = max(0, decodedByteCountPerChunk)
    self.shardIndexByteCount = max(0, shardIndexByteCount)
  }

  /// The most bytes that a chunk within the limits is stored as.
  ///
  /// Compressors add little to what they cannot compress: under a sixteenth, and some bytes for headers.
  public var storedByteCountPerChunk: Int {
    let (sum, overflow) = decodedByteCountPerChunk.addingReportingOverflow(
      decodedByteCountPerChunk / 16 + 4096)
    return overflow ? Int.max : sum
  }
}
