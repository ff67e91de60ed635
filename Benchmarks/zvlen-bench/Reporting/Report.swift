import CommandLineOptions
import Foundation
import Zarr

/// The results of a run; its JSON has these names in snake case.
struct Report: Encodable, Sendable {
  let payloadBytes: Int
  let encodedBytes: Int
  /// The payload divided by the stored bytes.
  let ratio: Double
  let blobs: Int
  /// The peak memory of the process: the blobs, and the copies of the floor and of the engine.
  let peakResidentBytes: Int?
  /// The memory that each kind of the engine's work takes.
  let memoryGrowth: MemoryGrowth
  let settings: RunSettings
  let machine: MachineDescription
  let libraries: LibraryVersions
  /// Bytes of payload per second through one `memcpy`, into warm memory.
  let memcpyBytesPerSecond: Double
  let write: Measurement?
  /// Into an empty store, with new contexts and buffers.
  let writeFresh: Measurement?
  /// Decoded chunks are kept until the end, in memory that was allocated for them.
  let read: Measurement?
  /// Like ``read``, beside a floor that overwrites its last result: no new memory, and nothing kept.
  let readOver: Measurement?
  /// Like ``read``, into untouched memory.
  let readFresh: Measurement?
  /// Each decoded chunk overwrites the last one.
  let scan: Measurement?
  /// Blobs to wire form without compression, on one thread.
  let encode: Measurement?
  let encodeFresh: Measurement?
  /// Wire form to bytes and offsets without compression, on one thread.
  let decode: Measurement?
  let decodeFresh: Measurement?
  let random: RandomReads?

  /// The report as JSON with sorted keys.
  func json() throws -> Data {
    try JSONEncoder.report.encode(self) + Data("\n".utf8)
  }
}

extension Report {
  /// The measurements as a table, with further lines around it.
  func rendered() -> String {
    var table = TextTable([
      ("work", .left), ("memory", .left), ("median", .right), ("min - max", .right), ("MB/s", .right),
      ("Mblobs/s", .right), ("floor", .right), ("min - max", .right), ("MB/s", .right), ("of floor", .right),
      ("of best", .right), ("in CPU time", .right),
    ])
    let rows: [(String, String, Measurement?)] = [
      ("write", "warm", write), ("write", "fresh", writeFresh), ("read, kept", "warm", read),
      ("read, kept", "floor's reused", readOver), ("read, kept", "fresh", readFresh), ("scan", "warm", scan),
      ("encode, 1 thread", "warm", encode),
      ("encode, 1 thread", "fresh", encodeFresh), ("decode, 1 thread", "warm", decode),
      ("decode, 1 thread", "fresh", decodeFresh),
    ]
    for (work, memory, measurement) in rows {
      guard let measurement else { continue }
      table.append([work, memory] + cells(measurement))
    }
    var lines = [
      "\(Figure.count(blobs)) blobs, \(Figure.megabytes(payloadBytes)); stored in"
        + " \(Figure.count(settings.chunks)) chunks of \(Figure.count(settings.chunkBlobs)) blobs,"
        + " \(Figure.megabytes(encodedBytes)), ratio \(Figure.fixed(ratio, places: 2))",
      "", table.rendered(), "",
      "one memcpy of all bytes, warm: \(Figure.count(Int(memcpyBytesPerSecond / 1e6))) MB/s",
    ]
    if let latency = random?.latency { lines.append("random reads:        \(latency.summary)") }
    if let latency = random?.floorLatency { lines.append("random reads, floor: \(latency.summary)") }
    if let quotient = random?.floorQuotient {
      lines.append("random reads, median of floor: \(Figure.fixed(quotient, places: 3))")
    }
    lines.append("memory on top of the blobs: \(memoryGrowth.summary)")
    if let peakResidentBytes {
      lines.append("peak of the process, the floor's copies included: \(Figure.megabytes(peakResidentBytes))")
    }
    return lines.joined(separator: "\n")
  }

  private func cells(_ measurement: Measurement) -> [String] {
    let ours = timeCells(measurement.seconds, rate: measurement.payloadBytesPerSecond)
    let blobs = measurement.blobsPerSecond.map { Figure.fixed($0 / 1e6, places: 2) } ?? "-"
    let floor = timeCells(measurement.floorSeconds, rate: measurement.floorPayloadBytesPerSecond)
    let quotients = [
      measurement.floorQuotient, measurement.floorBestQuotient, measurement.floorProcessorQuotient,
    ]
    .map { $0.map { Figure.fixed($0, places: 3) } ?? "-" }
    return ours + [blobs] + floor + quotients
  }

  private func timeCells(_ seconds: [Double]?, rate: Double?) -> [String] {
    guard let seconds, let rate else { return ["-", "-", "-"] }
    let statistics = Statistics(seconds)
    let spread = [statistics.minimum, statistics.maximum].map { Figure.fixed($0, places: 3) }
      .joined(separator: " - ")
    return ["\(Figure.fixed(statistics.median, places: 3)) s", spread, Figure.count(Int(rate / 1e6))]
  }
}

/// The flags of a run, with the names of the JSON output.
struct RunSettings: Encodable, Sendable {
  /// `null` for synthetic blobs.
  let data: String?
  /// The requested mean size of synthetic blobs.
  let blobBytes: Int?
  let distribution: Distribution?
  let content: Content?
  let seed: UInt64?
  /// The requested chunk size.
  let chunkBytes: Int
  /// The resulting number of elements in a chunk.
  let chunkBlobs: Int
  let chunks: Int
  /// The requested shard size, or `null` without shards.
  let shardBytes: Int?
  let codec: String
  let workers: Int
  let store: String
  /// The durability of the files.
  let durability: String
  let from: SourceKind
  /// The bytes that may wait in an appender, or `null` without one.
  let memoryBudget: Int?
  let `repeat`: Int
}

extension RunSettings {
  /// The flags of a command, and the numbers that follow from them.
  init(_ command: RunCommand, chunkBlobs: Int, chunks: Int, workers: Int, store: String) {
    let workload = command.workload
    let isSynthetic = workload.data == nil
    self.init(
      data: workload.data, blobBytes: isSynthetic ? workload.blobBytes.value : nil,
      distribution: isSynthetic ? workload.distribution : nil, content: isSynthetic ? workload.content : nil,
      seed: isSynthetic ? workload.seed : nil, chunkBytes: command.chunkBytes.value, chunkBlobs: chunkBlobs,
      chunks: chunks, shardBytes: command.shardBytes?.value, codec: command.codec.description,
      workers: workers, store: store, durability: command.safety.durability.rawValue, from: command.from,
      memoryBudget: command.from == .stream ? command.memoryBudget.value : nil, repeat: command.repeatCount)
  }
}

/// The results of a long stream.
struct StreamReport: Encodable, Sendable {
  let payloadBytes: Int
  let encodedBytes: Int
  /// The payload divided by the stored bytes.
  let ratio: Double
  let blobs: Int
  /// The peak memory while writing: the program, the pool of blobs, and the appender.
  let peakResidentBytes: Int?
  /// The part of it before the first blob.
  let residentBytesBefore: Int?
  let settings: RunSettings
  let machine: MachineDescription
  let libraries: LibraryVersions
  let write: Measurement
  /// A scan that hashes every blob.
  let scan: Measurement

  /// The results in lines.
  func rendered() -> String {
    func rate(_ measurement: Measurement) -> String {
      let megabytes = measurement.payloadBytesPerSecond.map { Figure.count(Int($0 / 1e6)) } ?? "-"
      let blobs = measurement.blobsPerSecond.map { Figure.fixed($0 / 1e6, places: 2) } ?? "-"
      let seconds = measurement.medianSeconds.map { Figure.fixed($0, places: 2) } ?? "-"
      return "\(seconds) s, \(megabytes) MB/s, \(blobs) Mblobs/s"
    }
    func size(_ byteCount: Int?) -> String {
      byteCount.map { Figure.fixed(Double($0) / Double(1 << 20), places: 1) + " MiB" } ?? "unknown"
    }
    return """
      \(Figure.count(blobs)) blobs, \(Figure.megabytes(payloadBytes)); stored in \(Figure.count(settings.chunks)) \
      chunks, \(Figure.megabytes(encodedBytes)), ratio \(Figure.fixed(ratio, places: 2))
      write: \(rate(write))
      scan with a hash of every blob, which agrees: \(rate(scan))
      peak resident memory while writing: \(size(peakResidentBytes)), \(size(residentBytesBefore)) of it before
      """
  }

  /// The report as JSON with sorted keys.
  func json() throws -> Data {
    try JSONEncoder.report.encode(self) + Data("\n".utf8)
  }
}

extension JSONEncoder {
  /// Writes sorted names in snake case.
  static var report: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return encoder
  }
}
