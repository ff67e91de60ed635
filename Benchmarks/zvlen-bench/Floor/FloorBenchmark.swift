import CFloor

/// The floor's side of every measurement of a run.
final class FloorBenchmark {
  private let corpus: Corpus
  private let chunks: WireChunks
  private let codec: floor_codec
  private let workerCount: Int
  private let workers: FloorWorkers
  private let store: FloorStore
  private let blocks: FloorBlocks

  /// Prepares contexts, buffers and an empty store in an existing `directory` of its own, or in memory.
  init(
    _ corpus: Corpus, _ chunks: WireChunks, codec: floor_codec, workers workerCount: Int, directory: String?
  ) throws {
    self.corpus = corpus
    self.chunks = chunks
    self.codec = codec
    self.workerCount = workerCount
    workers = try FloorWorkers(count: workerCount, codec: codec, largestChunk: chunks.largestByteCount)
    store = try FloorStore(directory: directory, chunkCount: chunks.count)
    blocks = try FloorBlocks(chunkCount: chunks.count)
  }

  /// The bytes of all encoded chunks after a write.
  var encodedByteCount: Int { store.byteCount }

  /// Writes all chunks over those that are there.
  var write: Contender {
    Contender("floor write") { [self] in
      try Stopwatch.measure { try workers.write(chunks, to: store) }
    }
  }

  /// Writes all chunks into an empty store, with contexts and buffers that are made within the measured time.
  var writeFresh: Contender {
    Contender("floor write, fresh") { [self] in
      store.clear()
      return try Stopwatch.measure { try makeWorkers().write(chunks, to: store) }
    }
  }

  /// Reads all chunks into new blocks, which are freed when the clock has stopped: what whoever keeps what
  /// was read before has to do.
  var read: Contender {
    Contender("floor read") { [self] in
      let blocks = try FloorBlocks(chunkCount: chunks.count)
      return try Stopwatch.measure { try workers.read(store, into: blocks) }
    }
  }

  /// Reads all chunks over those of the last read, in the same blocks.
  var readOver: Contender {
    Contender("floor read, over the last") { [self] in
      try Stopwatch.measure { try workers.read(store, into: blocks) }
    }
  }

  /// Reads all chunks into new blocks, with contexts and buffers that are made within the measured time.
  var readFresh: Contender {
    Contender("floor read, fresh") { [self] in
      blocks.clear()
      return try Stopwatch.measure { try makeWorkers().read(store, into: blocks) }
    }
  }

  /// Reads all chunks, each over the one before.
  var scan: Contender {
    Contender("floor scan") { [self] in
      try Stopwatch.measure { try workers.read(store) }
    }
  }

  /// Reads one element and returns the seconds.
  func randomRead(_ index: Int) throws -> Double {
    let (chunk, element) = index.quotientAndRemainder(dividingBy: chunks.blobsPerChunk)
    let stopwatch = Stopwatch()
    let byteCount = try workers.readElement(element, inChunk: chunk, of: store)
    let seconds = stopwatch.seconds
    guard byteCount == corpus.range(of: index).count else {
      throw BenchmarkError.differs("floor random read")
    }
    return seconds
  }

  /// Checks that the store's chunks decode to what was written, and gives the decoded ones back.
  func verify() throws {
    blocks.clear()
    try workers.read(store, into: blocks)
    guard blocks.holds(chunks) else { throw BenchmarkError.differs("floor read") }
    blocks.clear()
  }

  /// Frees the decoded chunks and removes the stored ones.
  func clear() {
    blocks.clear()
    store.clear()
  }

  private func makeWorkers() throws -> FloorWorkers {
    try FloorWorkers(count: workerCount, codec: codec, largestChunk: chunks.largestByteCount)
  }
}
