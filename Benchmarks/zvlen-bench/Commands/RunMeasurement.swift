import CommandLineOptions

/// Runs the command `run`.
struct RunMeasurement {
  let corpus: Corpus
  let settings: RunCommand
  let workerCount: Int
  let machine: MachineDescription
  let libraries: LibraryVersions

  /// Measures everything.
  func report() throws -> Report {
    let chunks = try WireChunks(
      corpus, blobsPerChunk: corpus.blobsPerChunk(byteCount: settings.chunkBytes.value))
    let chunksPerShard = settings.shardBytes.map { shardBytes in
      max(1, Int((Double(shardBytes.value) * Double(chunks.count) / Double(chunks.byteCount)).rounded()))
    }
    let scratch = try ScratchDirectory.make(for: settings.store)
    defer { scratch?.remove() }
    let floor = try settings.codec.floorCodec.map {
      try FloorBenchmark(
        corpus, chunks, chunksPerShard: chunksPerShard, codec: $0, workers: workerCount,
        directory: try scratch?.subdirectory("floor"))
    }
    let ours = try EngineBenchmark(
      corpus,
      from: EngineSource(corpus, settings.from, memoryBudget: settings.memoryBudget.value),
      blobsPerChunk: chunks.blobsPerChunk, chunksPerShard: chunksPerShard, codec: settings.codec,
      workers: workerCount,
      directory: scratch.map { $0.path + "/ours.zarr" }, durability: settings.safety.durability)
    PeakMemory.reset()

    let writeFresh = try measure(ours.writeFresh, floor?.writeFresh)
    try ours.verify()
    let write = try measure(ours.write, floor?.write)
    try ours.verify()
    try floor?.verify()
    let read = try measure(ours.read, floor?.read)
    let readOver = try measure(ours.read, floor?.readOver)
    let readFresh = try measure(ours.readFresh, floor?.readFresh)
    let scan = try measure(ours.scan, floor?.scan)
    let random = settings.randomReads == 0 ? nil : try randomReads(ours, floor)
    let encodedByteCount = try ours.encodedByteCount()
    let peak = PeakMemory.residentByteCount
    floor?.clear()
    let growth = try ours.memoryGrowth()

    let loops = FloorLoops(corpus, chunks)
    let ourLoops = try EngineLoops(corpus, blobsPerChunk: chunks.blobsPerChunk)
    try ourLoops.verify()
    let chunkBuffer = try OutputBuffer(byteCount: chunks.largestByteCount, holdsAllChunks: false)
    let wireByteCount = chunks.byteCount
    return Report(
      payloadBytes: corpus.byteCount, encodedBytes: encodedByteCount,
      ratio: encodedByteCount == 0 ? 0 : Double(corpus.byteCount) / Double(encodedByteCount),
      blobs: corpus.count, peakResidentBytes: peak, memoryGrowth: growth,
      settings: runSettings(chunks, scratch), machine: machine, libraries: libraries,
      memcpyBytesPerSecond: try memcpyRate(loops), write: write, writeFresh: writeFresh, read: read,
      readOver: readOver,
      readFresh: readFresh, scan: scan,
      encode: try measure(ourLoops.encodeWarm, loops.encodeWarm(into: chunkBuffer)),
      encodeFresh: try measure(nil, loops.encodeFresh(byteCount: wireByteCount)),
      decode: try measure(ourLoops.decodeWarm, loops.decodeWarm(into: chunkBuffer)),
      decodeFresh: try measure(ourLoops.decodeFreshMemory, loops.decodeFresh(byteCount: wireByteCount)),
      random: random)
  }

  /// Measures ours and the floor in turns; either may be missing.
  private func measure(_ ours: Contender?, _ floor: Contender?) throws -> Measurement? {
    let contenders = [ours, floor].compactMap(\.self)
    guard !contenders.isEmpty else { return nil }
    let times = try Comparison.run(contenders, repeats: settings.repeatCount)
    return Measurement(
      ours == nil ? nil : times.first, floor: floor == nil ? nil : times.last,
      payloadBytes: corpus.byteCount, blobs: corpus.count)
  }

  private func randomReads(_ ours: EngineBenchmark, _ floor: FloorBenchmark?) throws -> RandomReads {
    var random = SplitMix(seed: settings.workload.seed)
    var seconds: [Double] = []
    var floorSeconds: [Double] = []
    // The first reads only warm up.
    for position in -10..<settings.randomReads {
      let index = Int.random(in: 0..<corpus.count, using: &random)
      let isOursFirst = position.isMultiple(of: 2)
      let before = isOursFirst ? nil : try floor?.randomRead(index)
      let ourSeconds = try ours.randomRead(index)
      let after = isOursFirst ? try floor?.randomRead(index) : nil
      guard position >= 0 else { continue }
      seconds.append(ourSeconds)
      if let floorRead = before ?? after { floorSeconds.append(floorRead) }
    }
    return RandomReads(seconds: seconds, floorSeconds: floorSeconds.isEmpty ? nil : floorSeconds)
  }

  private func memcpyRate(_ loops: FloorLoops) throws -> Double {
    let output = try OutputBuffer(byteCount: corpus.byteCount, holdsAllChunks: true)
    let copy = Contender("memcpy") { try Stopwatch.measure { try loops.copy(into: output) } }
    let times = try Comparison.run([copy], repeats: settings.repeatCount)[0]
    return Double(corpus.byteCount) / Statistics(times.map(\.seconds)).median
  }

  private func runSettings(_ chunks: WireChunks, _ scratch: ScratchDirectory?) -> RunSettings {
    RunSettings(
      settings, chunkBlobs: chunks.blobsPerChunk, chunks: chunks.count, workers: workerCount,
      store: scratch?.path ?? "memory")
  }
}
