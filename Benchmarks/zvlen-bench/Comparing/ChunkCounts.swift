/// How many blobs each chunk and each shard has, which is the same for all libraries.
struct ChunkCounts {
  let blobsPerChunk: Int
  /// A multiple of the chunk's, or nil if there are no shards.
  let blobsPerShard: Int?

  /// Finds the numbers that come nearest to the bytes that a setting asks for.
  init(_ corpus: Corpus, _ setting: ComparisonSetting) {
    let blobsPerChunk = corpus.blobsPerChunk(byteCount: setting.chunkBytes)
    self.blobsPerChunk = blobsPerChunk
    blobsPerShard = setting.shardBytes.map { shardBytes in
      max(1, corpus.blobsPerChunk(byteCount: shardBytes) / blobsPerChunk) * blobsPerChunk
    }
  }
}
