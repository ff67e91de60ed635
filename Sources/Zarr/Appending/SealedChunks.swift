/// Chunks that are full, for a worker to encode at a time.
struct SealedChunks {
  /// The chunks: one, or several that go to the same shard.
  let chunks: [OpenChunk]

  /// The shard, or nil if chunks are stored one by one.
  var shard: AppendedShard?

  /// Whether the shard gets no more chunks.
  var endsShard = false

  /// The bytes that the shard is encoded to, once it has got all its chunks and only has to be stored.
  var shardByteCount: Int?

  /// The bytes of the chunks.
  var byteCount: Int { chunks.reduce(0) { $0 + $1.byteCount } }
}
