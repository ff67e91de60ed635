import ArgumentParser
import CommandLineOptions
import Foundation

/// Measures uncompressed encoding and decoding against a loop in C.
struct KernelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels",
    abstract: "Measures encoding and decoding without compression beside a loop in C, on one thread.",
    discussion: """
      All blobs have the same size and lie in one buffer. The C loop writes a length and calls memcpy for each \
      blob. Both sides process the same chunks, and reuse their memory from chunk to chunk.
      """)

  @Option(name: .customLong("blob-bytes"), parsing: .upToNextOption, help: "The sizes of a blob to try.")
  var blobBytes: [ByteCount] = [16, 100, 1000, 10_000].map { ByteCount(clamping: $0) }

  @Option(help: "The size of a chunk in wire form.")
  var chunkBytes = ByteCount(clamping: 256 << 10)

  @Option(help: "The total size of the blobs of a pass.")
  var payloadBytes = ByteCount(clamping: 32 << 20)

  @Option(name: .customLong("repeat"), help: "The number of measurements of each side, in turns.")
  var repeatCount = 21

  @Option(help: ArgumentHelp("Write the results as JSON.", valueName: "FILE"))
  var json: String?

  func validate() throws {
    guard (1...10_000).contains(repeatCount) else { throw ValidationError("--repeat must be 1 to 10000.") }
    guard payloadBytes.value <= 1 << 36 else {
      throw ValidationError("--payload-bytes must be at most 64 GiB.")
    }
  }

  func run() throws {
    let machine = MachineDescription.current
    print("\(machine.summary)\nchunks of \(chunkBytes), \(payloadBytes) a pass, one thread, warm memory\n")
    let rows = try blobBytes.flatMap { try measurements(blobBytes: $0.value) }
    print(KernelRow.table(rows).rendered())
    if let json {
      try JSONEncoder.report.encode(rows).write(to: URL(fileURLWithPath: json))
    }
  }

  private func measurements(blobBytes: Int) throws -> [KernelRow] {
    let corpus = Corpus(
      count: max(1, payloadBytes.value / blobBytes), meanByteCount: blobBytes, distribution: .fixed,
      content: .random, seed: 7)
    let chunks = try WireChunks(corpus, blobsPerChunk: corpus.blobsPerChunk(byteCount: chunkBytes.value))
    let buffer = try OutputBuffer(byteCount: chunks.largestByteCount, holdsAllChunks: false)
    let floor = FloorLoops(corpus, chunks)
    let ours = try EngineLoops(corpus, blobsPerChunk: chunks.blobsPerChunk)
    try ours.verify()
    let pairs = [
      ("encode", ours.encodeWarm, floor.encodeWarm(into: buffer)),
      ("decode", ours.decodeWarm, floor.decodeWarm(into: buffer)),
    ]
    var rows = try pairs.map { work, ours, floor in
      let times = try Comparison.run([ours, floor], repeats: repeatCount)
      return KernelRow(
        work: work, blobBytes: blobBytes,
        measurement: Measurement(
          times[0], floor: times[1], payloadBytes: corpus.byteCount, blobs: corpus.count))
    }
    let views = try Comparison.run([ours.scanWarm], repeats: repeatCount)[0]
    rows.append(
      KernelRow(
        work: "copy, views", blobBytes: blobBytes,
        measurement: Measurement(views, floor: nil, payloadBytes: corpus.byteCount, blobs: corpus.count)))
    return rows
  }
}

/// One loop on blobs of one size.
struct KernelRow: Encodable, Sendable {
  /// What the loop does.
  let work: String
  let blobBytes: Int
  let measurement: Measurement

  /// The rows as a table.
  static func table(_ rows: [KernelRow]) -> TextTable {
    var table = TextTable([
      ("loop", .left), ("blob", .right), ("Mblobs/s", .right), ("GB/s", .right), ("C Mblobs/s", .right),
      ("C GB/s", .right), ("of C", .right), ("of best", .right), ("in CPU time", .right),
    ])
    for row in rows {
      let measurement = row.measurement
      let ours = measurement.medianSeconds.map { row.rates($0, measurement) } ?? ["-", "-"]
      let floor = measurement.floorMedianSeconds.map { row.rates($0, measurement) } ?? ["-", "-"]
      let quotients = [
        measurement.floorQuotient, measurement.floorBestQuotient, measurement.floorProcessorQuotient,
      ]
      .map { $0.map { Figure.fixed($0, places: 3) } ?? "-" }
      table.append([row.work, "\(row.blobBytes) B"] + ours + floor + quotients)
    }
    return table
  }

  private func rates(_ seconds: Double, _ measurement: Measurement) -> [String] {
    guard let rate = measurement.blobsPerSecond, let median = measurement.medianSeconds else {
      return ["-", "-"]
    }
    let blobsPerSecond = rate * median / seconds
    return [
      Figure.fixed(blobsPerSecond / 1e6, places: blobsPerSecond < 1e7 ? 2 : 1),
      Figure.fixed(blobsPerSecond * Double(blobBytes) / 1e9, places: 2),
    ]
  }
}
