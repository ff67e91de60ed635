/// Carries out what the `run` command asks for.
struct RunMeasurement {
  let corpus: Corpus
  let settings: RunCommand
  let workerCount: Int
  let machine: MachineDescription
  let libraries: LibraryVersions

  /// Measures everything.
  func report() throws -> Report {
    guard let codec = settings.codec.floorCodec else {
      throw BenchmarkError.hasNoFloor(settings.codec)
    }
    let chunks = try WireChunks(
      corpus, blobsPerChunk: corpus.blobsPerChunk(byteCount: settings.chunkBytes.value))
    let scratch = try ScratchDirectory.make(for: settings.store)
    let floor = try FloorBenchmark(
      corpus, chunks, codec: codec, workers: workerCount, directory: try scratch?.subdirectory("floor"))
    PeakMemory.reset()

    let write = try measure(nil, floor.write)
    let writeFresh = try measure(nil, floor.writeFresh)
    try floor.verify()
    let read = try measure(nil, floor.read)
    let readFresh = try measure(nil, floor.readFresh)
    let scan = try measure(nil, floor.scan)
    let random = settings.randomReads == 0 ? nil : try randomReads(floor)
    let encodedByteCount = floor.encodedByteCount
    let peak = PeakMemory.residentByteCount
    floor.clear()

    let loops = FloorLoops(corpus, chunks)
    let chunkBuffer = try OutputBuffer(byteCount: chunks.largestByteCount, holdsAllChunks: false)
    let wireByteCount = chunks.byteCount
    return Report(
      payloadBytes: corpus.byteCount, encodedBytes: encodedByteCount,
      ratio: encodedByteCount == 0 ? 0 : Double(corpus.byteCount) / Double(encodedByteCount),
      blobs: corpus.count,
      peakResidentBytes: peak, settings: runSettings(chunks, scratch), machine: machine, libraries: libraries,
      memcpyBytesPerSecond: try memcpyRate(loops), write: write, writeFresh: writeFresh, read: read,
      readFresh: readFresh, scan: scan, encode: try measure(nil, loops.encodeWarm(into: chunkBuffer)),
      encodeFresh: try measure(nil, loops.encodeFresh(byteCount: wireByteCount)),
      decode: try measure(nil, loops.decodeWarm(into: chunkBuffer)),
      decodeFresh: try measure(nil, loops.decodeFresh(byteCount: wireByteCount)), random: random)
  }

  /// Measures ours and the floor in turns; either may be missing.
  private func measure(_ ours: Contender?, _ floor: Contender?) throws -> Measurement? {
    let contenders = [ours, floor].compactMap(\.self)
    guard !contenders.isEmpty else { return nil }
    let seconds = try Comparison.run(contenders, repeats: settings.repeatCount)
    return Measurement(
      seconds: ours == nil ? nil : seconds.first, floorSeconds: floor == nil ? nil : seconds.last,
      payloadBytes: corpus.byteCount, blobs: corpus.count)
  }

  private func randomReads(_ floor: FloorBenchmark) throws -> RandomReads {
    var random = SplitMix(seed: settings.workload.seed)
    let indices = (0..<settings.randomReads).map { _ in Int.random(in: 0..<corpus.count, using: &random) }
    _ = try floor.randomReads(Array(indices.prefix(10)))
    return RandomReads(seconds: nil, floorSeconds: try floor.randomReads(indices))
  }

  private func memcpyRate(_ loops: FloorLoops) throws -> Double {
    let output = try OutputBuffer(byteCount: corpus.byteCount, holdsAllChunks: true)
    let copy = Contender("memcpy") { try Stopwatch.measure { try loops.copy(into: output) } }
    let seconds = try Comparison.run([copy], repeats: settings.repeatCount)[0]
    return Double(corpus.byteCount) / Statistics(seconds).median
  }

  private func runSettings(_ chunks: WireChunks, _ scratch: ScratchDirectory?) -> RunSettings {
    let workload = settings.workload
    let isSynthetic = workload.data == nil
    return RunSettings(
      data: workload.data, blobBytes: isSynthetic ? workload.blobBytes.value : nil,
      distribution: isSynthetic ? workload.distribution : nil, content: isSynthetic ? workload.content : nil,
      seed: isSynthetic ? workload.seed : nil, chunkBytes: settings.chunkBytes.value,
      chunkBlobs: chunks.blobsPerChunk, chunks: chunks.count, codec: settings.codec.description,
      workers: workerCount, store: scratch?.path ?? "memory", from: settings.from,
      repeat: settings.repeatCount)
  }
}
