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

  /// Copies parts of one shard to one of just their size, for whoever keeps them for long: those that a worker
  /// encodes have room for more.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: O(*n*) where *n* is the number of bytes.
  public init(joining parts: [EncodedInnerChunks]) throws(ChunkError) {
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
