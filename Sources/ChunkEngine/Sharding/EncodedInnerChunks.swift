/// Inner chunks of a shard that one worker has encoded.
public struct EncodedInnerChunks: Sendable {
  /// An inner chunk.
  struct Chunk {
    /// Which of the shard it is, in C order.
    let position: Int
    /// The bytes that it has, or nothing if it is not stored since all its elements equal the fill value.
    let byteCount: Int?
  }

  /// The inner chunks one behind the other.
  let bytes: SharedBytes

  /// What the bytes are.
  let chunks: [Chunk]

  /// The bytes of the elements that were written, without their lengths.
  public let elementByteCount: Int

  /// The bytes of the encoded inner chunks.
  public var byteCount: Int { bytes.byteCount }
}
