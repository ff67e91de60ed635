/// The floor in the comparison: chunks already in wire form go through the compressor to plain files.
final class FloorCompetitor: Competitor {
  static let libraryName = "floor"
  let name = libraryName
  let layout = Layout.own
  private let all: FloorBenchmark
  private let tail: FloorBenchmark

  /// Makes stores in an existing directory, or returns nil if the floor lacks the compression.
  init?(
    _ corpus: ComparedCorpus, _ setting: ComparisonSetting, _ shape: ChunkCounts, directory: ScratchDirectory
  ) throws {
    guard let codec = setting.codecChoice.floorCodec else { return nil }
    func benchmark(_ corpus: Corpus, _ name: String) throws -> FloorBenchmark {
      try FloorBenchmark(
        corpus, WireChunks(corpus, blobsPerChunk: shape.blobsPerChunk),
        chunksPerShard: shape.blobsPerShard.map { $0 / shape.blobsPerChunk }, codec: codec,
        workers: setting.workers, directory: directory.subdirectory(name))
    }
    all = try benchmark(corpus.all, "floor")
    tail = try benchmark(corpus.tail, "floor-tail")
  }

  func storedByteCount(_ directory: String) -> Int { all.encodedByteCount }

  /// Empties its own directory, and writes there.
  func write(_ part: CorpusPart, to directory: String, measuresMemory: Bool) throws -> Pass {
    all.clear()
    return try measure(all.write)
  }

  /// Writes the chunks of the last blobs as new files, and ignores existing ones.
  func append(to directory: String, measuresMemory: Bool) throws -> Pass {
    tail.clear()
    return try measure(tail.write)
  }

  func read(_ directory: String, verifies: Bool, measuresMemory: Bool) throws -> Pass {
    if verifies { try all.verify() }
    return try measure(all.read)
  }

  func readRandom(_ directory: String, _ indices: [Int]) throws -> [Double] {
    try indices.map(all.randomRead)
  }

  func take(_ directory: String, _ indices: [Int], isWarm: Bool, measuresMemory: Bool) throws -> Pass {
    throw CompetitorError.unsupported("has no lists of places")
  }

  func readEpoch(_ directory: String, batchSize: Int, order: [Int]?, measuresMemory: Bool) throws -> Pass {
    throw CompetitorError.unsupported("has no order")
  }

  /// Uses the contender's own time, without its preparation.
  ///
  /// Memory is not measured: the preparation takes it.
  private func measure(_ contender: Contender) throws -> Pass {
    let (pass, elapsed) = try Pass.measure(measuresMemory: false, contender.body)
    return Pass(elapsed: elapsed, start: pass.start, end: pass.end)
  }
}
