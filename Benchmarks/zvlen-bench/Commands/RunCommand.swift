import ArgumentParser
import CommandLineOptions
import Foundation
import Zarr

/// Measures one setting against the floor.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Measures writing and reading with one setting, beside the floor.",
    discussion: """
      The floor is a minimal C program: it sends the same chunks, already in wire form, through the same compression \
      library, with one reused context for each thread, and plain writes and reads. For encoding and decoding \
      without compression, it is a C loop with one memcpy for each blob.

      Warm memory was used before; fresh memory is touched for the first time. Each read keeps its result, so the \
      next read needs new memory. A second floor overwrites its last result instead.
      """)

  @OptionGroup(title: "Blobs")
  var workload: WorkloadOptions

  @Option(help: "The size of a chunk in wire form, for example 64KiB.")
  var chunkBytes = ByteCount.defaultChunk

  @Option(
    help: ArgumentHelp(
      "Store chunks in shards of this size in wire form, for example 64MiB. (default: no shards)",
      valueName: "bytes"))
  var shardBytes: ByteCount?

  @Option(help: "none, zstd[:LEVEL], lz4[:ACCELERATION], gzip[:LEVEL] or blosc[:COMPRESSOR[:LEVEL]].")
  var codec = CodecChoice.zstd(level: 1)

  @Option(help: "The number of threads. (default: the active cores)")
  var workers: Int?

  @Option(
    help: ArgumentHelp(
      "The place of the chunks: memory, or a new directory inside DIR that is removed at the end.",
      discussion: "Without this flag: a new directory in memory.",
      valueName: "memory|DIR"))
  var store: StoreChoice?

  @OptionGroup(title: "Safety")
  var safety: DurabilityOptions

  @Option(help: "The layout of the blobs in memory: \(SourceKind.valueList).")
  var from = SourceKind.arena

  @Option(help: "With --from stream: the bytes of full chunks that may wait in the appender.")
  var memoryBudget = ByteCount(clamping: 64 << 20)

  @Option(
    help: ArgumentHelp(
      "With --from stream: append this much, repeating a small pool of blobs, and report the peak memory.",
      valueName: "bytes"))
  var total: ByteCount?

  @Option(name: .customLong("repeat"), help: "The number of measurements of each side, in turns.")
  var repeatCount = 5

  @Option(help: "The number of single elements to read at random places.")
  var randomReads = 1000

  @Option(help: ArgumentHelp("Write the results as JSON.", valueName: "FILE"))
  var json: String?

  func validate() throws {
    guard (1...4096).contains(workers ?? 1) else { throw ValidationError("--workers must be 1 to 4096.") }
    guard total == nil || from == .stream else { throw ValidationError("--total needs --from stream.") }
    guard (1...1000).contains(repeatCount) else { throw ValidationError("--repeat must be 1 to 1000.") }
    guard (0...1_000_000).contains(randomReads) else {
      throw ValidationError("--random-reads must be 0 to 1000000.")
    }
  }

  func run() throws {
    let machine = MachineDescription.current
    let libraries = LibraryVersions.current
    let workerCount = workers ?? machine.cores
    print("\(machine.summary)\nSwift \(libraries.swift), libzstd \(libraries.zstd), liblz4 \(libraries.lz4)")
    let shards = shardBytes.map { " in shards of \($0)" } ?? ""
    print("\(workload.summary); \(codec), chunks of \(chunkBytes)\(shards), \(workerCount) workers")
    if let total {
      return try runStream(of: total, workerCount: workerCount, machine: machine, libraries: libraries)
    }
    let corpus = try workload.corpus()
    let report = try RunMeasurement(
      corpus: corpus, settings: self, workerCount: workerCount, machine: machine, libraries: libraries
    ).report()
    print("\n" + report.rendered())
    if let json { try report.json().write(to: URL(fileURLWithPath: json)) }
  }

  private func runStream(
    of total: ByteCount, workerCount: Int, machine: MachineDescription, libraries: LibraryVersions
  ) throws {
    let pool = try workload.corpus(byteCount: min(total.value, StreamMeasurement.poolByteCount))
    let report = try StreamMeasurement(pool: pool, total: total, settings: self, workerCount: workerCount)
      .report(machine: machine, libraries: libraries)
    print("\n" + report.rendered())
    if let json { try report.json().write(to: URL(fileURLWithPath: json)) }
  }
}
