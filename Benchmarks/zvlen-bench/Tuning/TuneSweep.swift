import CommandLineOptions

/// Measures every combination of settings.
struct TuneSweep {
  let chunkBytes: [ByteCount]
  let codecs: [CodecChoice]
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
    let scratch = try ScratchDirectory.make(for: store)
    defer { scratch?.remove() }
    let bench = try EngineBenchmark(
      corpus, from: .arena(corpus), blobsPerChunk: corpus.blobsPerChunk(byteCount: setting.chunkBytes.value),
      chunksPerShard: nil, codec: setting.codec, workers: setting.workers,
      directory: scratch.map { $0.path + "/tune.zarr" })
    // The check is the warm-up of writing and of scanning.
    _ = try bench.write.body()
    try bench.verify()
    let write = try Comparison.run([bench.write], repeats: repeats, hasWarmUp: false)[0]
    let read = try Comparison.run([bench.scan], repeats: repeats, hasWarmUp: false)[0]
    var random = SplitMix(seed: 1)
    let latencies = try (0..<Self.randomReadCount).map { _ in
      try bench.randomRead(Int.random(in: 0..<corpus.count, using: &random))
    }
    return TuneRow(
      chunkBytes: setting.chunkBytes.value, codec: setting.codec.description, workers: setting.workers,
      importFlags: setting.importFlags,
      writeBytesPerSecond: Double(corpus.byteCount) / Statistics(write.map(\.seconds)).median,
      readBytesPerSecond: Double(corpus.byteCount) / Statistics(read.map(\.seconds)).median,
      randomReadSeconds: Statistics(latencies).median, payloadBytes: corpus.byteCount,
      encodedBytes: try bench.encodedByteCount())
  }

  /// Enough for a median.
  private static let randomReadCount = 50
}
