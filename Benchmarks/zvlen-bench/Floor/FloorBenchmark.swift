import CFloor

/// The floor in every measurement of a run.
final class FloorBenchmark {
  private let corpus: Corpus
  private let chunks: WireChunks
  private let codec: floor_codec
  private let workerCount: Int
  private let workers: FloorWorkers
  private let place: Place
  private let blocks: FloorBlocks

  /// The place of encoded chunks: files of their own, or shards.
  private enum Place {
    case chunks(FloorStore)
    case shards(FloorShards)
  }

  /// Prepares contexts, buffers and an empty store, in an existing `directory` or in memory.
  init(
    _ corpus: Corpus, _ chunks: WireChunks, chunksPerShard: Int?, codec: floor_codec,
    workers workerCount: Int, directory: String?
  ) throws {
    self.corpus = corpus
    self.chunks = chunks
    self.codec = codec
    self.workerCount = workerCount
    place =
      if let chunksPerShard {
        .shards(
          try FloorShards(
            chunks, chunksPerShard: chunksPerShard, codec: codec, workers: workerCount, directory: directory))
      } else {
        .chunks(try FloorStore(directory: directory, chunkCount: chunks.count))
      }
    workers = try Self.makeWorkers(place, chunks, codec: codec, count: workerCount)
    blocks = try Self.makeBlocks(place, chunks)
  }

  /// The bytes of all encoded chunks after a write.
  var encodedByteCount: Int {
    switch place {
    case .chunks(let store): store.byteCount
    case .shards(let shards): shards.byteCount
    }
  }

  /// Overwrites all chunks.
  var write: Contender {
    Contender("floor write") { [self] in
      try Stopwatch.measure { try write(with: workers) }
    }
  }

  /// Writes all chunks into an empty store, with contexts and buffers that are made within the measured time.
  var writeFresh: Contender {
    Contender("floor write, fresh") { [self] in
      clearPlace()
      return try Stopwatch.measure { try write(with: makeWorkers()) }
    }
  }

  /// Reads all chunks into new blocks, as a reader must that keeps earlier results.
  ///
  /// The blocks are freed after the clock has stopped.
  var read: Contender {
    Contender("floor read") { [self] in
      let blocks = try Self.makeBlocks(place, chunks)
      return try Stopwatch.measure { try read(with: workers, into: blocks) }
    }
  }

  /// Reads all chunks into the blocks of the last read.
  var readOver: Contender {
    Contender("floor read, over the last") { [self] in
      try Stopwatch.measure { try read(with: workers, into: blocks) }
    }
  }

  /// Reads all chunks into new blocks, with contexts and buffers that are made within the measured time.
  var readFresh: Contender {
    Contender("floor read, fresh") { [self] in
      blocks.clear()
      return try Stopwatch.measure { try read(with: makeWorkers(), into: blocks) }
    }
  }

  /// Reads every chunk over the last one.
  var scan: Contender {
    Contender("floor scan") { [self] in
      try Stopwatch.measure { try read(with: workers, into: nil) }
    }
  }

  /// Reads one element and returns the seconds.
  func randomRead(_ index: Int) throws -> Double {
    let (chunk, element) = index.quotientAndRemainder(dividingBy: chunks.blobsPerChunk)
    let stopwatch = Stopwatch()
    let byteCount =
      switch place {
      case .chunks(let store): try workers.readElement(element, inChunk: chunk, of: store)
      case .shards(let shards): try shards.readElement(element, inChunk: chunk, with: workers)
      }
    let seconds = stopwatch.seconds
    guard byteCount == corpus.range(of: index).count else {
      throw BenchmarkError.differs("floor random read")
    }
    return seconds
  }

  /// Checks that the stored chunks decode to the written ones, and frees the decoded ones.
  func verify() throws {
    blocks.clear()
    try read(with: workers, into: blocks)
    guard blocks.holds(chunks, Self.ranges(place, chunks)) else { throw BenchmarkError.differs("floor read") }
    blocks.clear()
  }

  /// Frees the decoded chunks and removes the stored ones.
  func clear() {
    blocks.clear()
    clearPlace()
  }

  // MARK: Either place

  private func write(with workers: FloorWorkers) throws(FloorError) {
    switch place {
    case .chunks(let store): try workers.write(chunks, to: store)
    case .shards(let shards): try shards.write(with: workers)
    }
  }

  private func read(with workers: FloorWorkers, into blocks: FloorBlocks?) throws(FloorError) {
    switch place {
    case .chunks(let store): try workers.read(store, into: blocks)
    case .shards(let shards): try shards.read(with: workers, into: blocks)
    }
  }

  private func clearPlace() {
    switch place {
    case .chunks(let store): store.clear()
    case .shards(let shards): shards.clear()
    }
  }

  private func makeWorkers() throws -> FloorWorkers {
    try Self.makeWorkers(place, chunks, codec: codec, count: workerCount)
  }

  private static func makeWorkers(
    _ place: Place, _ chunks: WireChunks, codec: floor_codec, count: Int
  ) throws(FloorError) -> FloorWorkers {
    let largest =
      switch place {
      case .chunks: chunks.largestByteCount
      case .shards(let shards): shards.largestRunByteCount
      }
    return try FloorWorkers(count: count, codec: codec, largestChunk: largest)
  }

  private static func makeBlocks(_ place: Place, _ chunks: WireChunks) throws(FloorError) -> FloorBlocks {
    try FloorBlocks(chunkCount: ranges(place, chunks).count)
  }

  /// The chunks of each decoded block.
  private static func ranges(_ place: Place, _ chunks: WireChunks) -> [Range<Int>] {
    switch place {
    case .chunks: (0..<chunks.count).map { $0..<$0 + 1 }
    case .shards(let shards): shards.runs
    }
  }
}
