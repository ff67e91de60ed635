package import ChunkEngine

/// Settings that are tried out.
package struct TuningCandidate: Sendable {
  /// The bytes of a chunk in wire form.
  package let chunkByteCount: Int
  /// The bytes of a shard before compression, or nil for chunks that are stored one by one.
  package let shardByteCount: Int?
  /// The codecs behind the one that lays out the elements.
  package let codecs: [CodecChain.Stage]

  /// Creates a candidate.
  package init(chunkByteCount: Int, shardByteCount: Int?, codecs: [CodecChain.Stage]) {
    self.chunkByteCount = chunkByteCount
    self.shardByteCount = shardByteCount
    self.codecs = codecs
  }

  /// The options of an array with these settings.
  package var options: ArrayOptions {
    ArrayOptions(
      chunkSize: .bytes(chunkByteCount), shardSize: shardByteCount.map { .bytes($0) }, codecs: codecs)
  }
}
