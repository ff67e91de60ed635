/// The floor in the comparison: chunks that are in wire form already, through the compressor and to plain files.
final class FloorCompetitor: Competitor {
  static let libraryName = "floor"
  let name = libraryName
  let layout = Layout.own
  private let all: FloorBenchmark
  private let tail: FloorBenchmark

  /// Makes stores in an existing directory of its own; nil if the floor does not have the compression.
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

  /// Writes to its own directory, which it empties before; there is nothing to append to.
  func write(_ part: CorpusPart, to directory: String, measuresMemory: Bool) throws -> Pass {
    all.clear()
    return try measure(all.write)
  }

  /// Writes the chunks of the last blobs as files of their own, without those that are there.
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

  /// The contender's own time counts, which leaves out what it prepares; that has the memory, so none is
  /// measured.
  private func measure(_ contender: Contender) throws -> Pass {
    let (pass, elapsed) = try Pass.measure(measuresMemory: false, contender.body)
    return Pass(elapsed: elapsed, start: pass.start, end: pass.end)
  }
}
