import ChunkEngine

/// Encodes blobs to uncompressed chunks and back with the engine, on one thread.
final class EngineLoops {
  private let corpus: Corpus
  private let blobsPerChunk: Int
  private var encoder: ChunkEncoder
  private var decoder: ChunkDecoder
  private var batch: BlobBatchBuilder
  private var chunks: [SharedBytes] = []

  /// Prepares to encode `corpus` in chunks of `blobsPerChunk`, and to decode them.
  init(_ corpus: Corpus, blobsPerChunk: Int) throws {
    self.corpus = corpus
    self.blobsPerChunk = blobsPerChunk
    let chain = CodecChain(VlenBytesCodec())
    encoder = try ChunkEncoder(chain)
    decoder = try ChunkDecoder(chain)
    batch = try BlobBatchBuilder()
    var chunks: [SharedBytes] = []
    try encode { chunk in
      var arena = ByteArena()
      try arena.append(copying: chunk)
      chunks.append(try arena.takeBytes())
    }
    self.chunks = chunks
  }

  /// The number of blobs.
  var corpusCount: Int { corpus.count }

  /// The bytes of all chunks.
  var byteCount: Int { chunks.reduce(0) { $0 + $1.byteCount } }

  /// Encodes every chunk over the last one, and passes it to `body`.
  func encode(_ body: (RawSpan) throws -> Void) throws {
    let corpus = corpus
    // SAFETY: Bytes have no padding.
    try withContiguousBlobs(unsafe corpus.bytes.span.bytes, offsets: corpus.offsets.span) { blobs in
      for first in stride(from: 0, to: corpus.count, by: blobsPerChunk) {
        let range = first..<min(first + blobsPerChunk, corpus.count)
        let padding = blobsPerChunk - range.count
        if padding > 0 {
          let padded = JoinedBlobs([blobs, RepeatedBlob([], count: padding)])
          _ = try encoder.encode(padded, in: first..<first + blobsPerChunk, body)
        } else {
          _ = try encoder.encode(blobs, in: range, body)
        }
      }
    }
  }

  /// Decodes every chunk to bytes and offsets, over the last one.
  func decode() throws {
    for chunk in chunks {
      try batch.removeAll()
      try batch.append(wireForm: chunk, expectedCount: blobsPerChunk)
    }
  }

  /// Decodes all chunks to bytes and offsets in new memory.
  func decodeFresh() throws -> BlobBatch {
    var batch = try BlobBatchBuilder(
      count: chunks.count * blobsPerChunk, byteCount: byteCount - chunks.count * (4 + 4 * blobsPerChunk))
    for chunk in chunks {
      try batch.append(wireForm: chunk, expectedCount: blobsPerChunk)
    }
    return try batch.finish()
  }

  /// Scans every chunk after copying it to the decoder's memory, as a store would.
  func scan() throws {
    let runs = [ElementRun(chunkIndex: 0, selectionIndex: 0, count: blobsPerChunk)]
    for chunk in chunks {
      var count = 0
      _ = try decoder.scan(count: blobsPerChunk, runs: runs) { arena, _ in
        try arena.append(copying: chunk.bytes)
        return true
      } _: {
        count = $0.count
      }
      guard count == blobsPerChunk else { throw BenchmarkError.differs("views") }
    }
  }

  /// Checks that the chunks decode to their blobs.
  func verify() throws {
    let corpus = corpus
    let batch = try decodeFresh()
    guard batch.count >= corpus.count, batch.bytes.byteCount == corpus.byteCount else {
      throw BenchmarkError.differs("decode")
    }
    for index in 0..<corpus.count where !batch[index].isEqual(to: corpus[index]) {
      throw BenchmarkError.differs("decode")
    }
  }
}

extension EngineLoops {
  /// Encodes every chunk over the last one.
  var encodeWarm: Contender {
    Contender("encode") { [self] in try Stopwatch.measure { try encode { _ in } } }
  }

  /// Decodes every chunk over the last one.
  var decodeWarm: Contender {
    Contender("decode") { [self] in try Stopwatch.measure { try decode() } }
  }

  /// Decodes all chunks into memory that is allocated within the measured time.
  var decodeFreshMemory: Contender {
    Contender("decode, fresh") { [self] in
      let stopwatch = Stopwatch()
      let batch = try decodeFresh()
      let elapsed = stopwatch.elapsed
      // This use keeps the batch until the clock has stopped.
      guard batch.count >= corpusCount else { throw BenchmarkError.differs("decode") }
      return elapsed
    }
  }

  /// Scans the elements of every chunk.
  var scanWarm: Contender {
    Contender("views") { [self] in try Stopwatch.measure { try scan() } }
  }
}
