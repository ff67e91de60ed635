/// The most memory that data which is read can make the engine take.
///
/// Sizes in stored bytes are claims. Whatever they say, no chunk takes more than this, at any stage of its
/// codecs.
public struct DecodingLimits: Hashable, Sendable {
  /// The most bytes that a chunk may decode to, at any stage.
  public var decodedByteCountPerChunk: Int

  /// Creates limits.
  ///
  /// - Parameter decodedByteCountPerChunk: The most bytes that a chunk may decode to: 1 GiB unless said
  ///   otherwise.
  public init(decodedByteCountPerChunk: Int = 1 << 30) {
    self.decodedByteCountPerChunk = max(0, decodedByteCountPerChunk)
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
