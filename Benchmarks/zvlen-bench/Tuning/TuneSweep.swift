/// Measures every combination of settings.
struct TuneSweep {
  let chunkBytes: [ByteCount]
  let codecs: [Compression]
  let workers: [Int]

  /// The combinations, each once.
  var settings: [TuneSetting] {
    var seen: Set<TuneSetting> = []
    return codecs.flatMap { codec in
      workers.flatMap { workers in
        chunkBytes.map { TuneSetting(chunkBytes: $0, codec: codec, workers: workers) }
      }
    }
    .filter { seen.insert($0).inserted }
  }

  /// Measures all combinations on `corpus`.
  func rows(_ corpus: Corpus, store: StoreChoice?, repeats: Int) throws -> [TuneRow] {
    try settings.map { try row(corpus, $0, store: store, repeats: repeats) }
  }

  private func row(
    _ corpus: Corpus, _ setting: TuneSetting, store: StoreChoice?, repeats: Int
  ) throws -> TuneRow {
    guard let codec = setting.codec.floorCodec else {
      throw BenchmarkError.hasNoFloor(setting.codec)
    }
    let chunks = try WireChunks(
      corpus, blobsPerChunk: corpus.blobsPerChunk(byteCount: setting.chunkBytes.value))
    let scratch = try ScratchDirectory.make(for: store)
    let bench = try FloorBenchmark(
      corpus, chunks, codec: codec, workers: setting.workers, directory: try scratch?.subdirectory("array"))
    let write = try Comparison.run([bench.write], repeats: repeats)[0]
    try bench.verify()
    let read = try Comparison.run([bench.scan], repeats: repeats)[0]
    var random = SplitMix(seed: 1)
    let indices = (0..<200).map { _ in Int.random(in: 0..<corpus.count, using: &random) }
    let latencies = try indices.map(bench.randomRead)
    return TuneRow(
      chunkBytes: setting.chunkBytes.value, codec: setting.codec.description, workers: setting.workers,
      importFlags: setting.importFlags,
      writeBytesPerSecond: Double(corpus.byteCount) / Statistics(write).median,
      readBytesPerSecond: Double(corpus.byteCount) / Statistics(read).median,
      randomReadSeconds: Statistics(latencies).median, payloadBytes: corpus.byteCount,
      encodedBytes: bench.encodedByteCount)
  }
}
