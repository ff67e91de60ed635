import ArgumentParser
import CommandLineOptions
import Foundation

/// Compares zarr-vlen with other libraries.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Stores the same blobs with zarr-vlen and with other libraries, in turns, and compares them.",
    discussion: """
      `make compare` installs the other libraries from PyPI. Each runs in a process of its own that is already \
      started, with as many threads and cores as the row has workers. Each writes to a new directory without \
      synchronizing. Its blobs are read back and compared before its times count.

      Without flags, compares a middle setting and those that differ from it in one respect. With --blob, \
      --chunk-bytes, --codec or --workers, compares all combinations of their values; the rest is as in the middle.
      """)

  @Flag(help: "Compare every combination of blobs, chunks, compressions and workers. This takes hours.")
  var full = false

  @Option(
    name: .customLong("work"), parsing: .upToNextOption, help: "The work to measure: \(Work.valueList).")
  var works: [Work] = Work.allCases

  @Option(
    name: .customLong("blob"), parsing: .upToNextOption,
    help: "The blobs: \(BlobKind.synthetic.map(\.rawValue).joined(separator: ", ")).")
  var blobs: [BlobKind] = []

  @Option(
    help: ArgumentHelp(
      "Use real data: each regular file below DIR, or each line of FILE.", valueName: "DIR|FILE.jsonl"))
  var data: String?

  @Option(parsing: .upToNextOption, help: "The sizes of a chunk. Chunks below 64KiB are stored in shards.")
  var chunkBytes: [ByteCount] = []

  @Option(name: .customLong("codec"), parsing: .upToNextOption, help: "none, zstd:LEVEL or lz4.")
  var codecs: [CodecChoice] = []

  @Option(parsing: .upToNextOption, help: "The numbers of threads. (default: the active cores)")
  var workers: [Int] = []

  @Option(
    name: .customLong("library"), parsing: .upToNextOption,
    help: "The other libraries: \(PeerEnvironment.names.joined(separator: ", ")).")
  var libraries: [String] = PeerEnvironment.names

  @Option(help: "A factor for the amount of data in each row.")
  var scale = 1.0

  @Option(name: .customLong("repeat"), help: "The number of measurements of each library, in turns.")
  var repeatCount = 5

  @Option(
    help: ArgumentHelp(
      "The time limit for one pass of another library. If a pass takes longer, the table says so.",
      valueName: "seconds"))
  var mostSeconds = 5.0

  @Option(
    help: ArgumentHelp(
      "The directory for the files. (default: in memory)", valueName: "DIR"))
  var store: String?

  @Flag(help: "Skip the passes in new processes that measure memory.")
  var withoutMemory = false

  @Option(help: ArgumentHelp("Write the results as JSON, which Benchmarks/Charts draws.", valueName: "FILE"))
  var json: String?

  func validate() throws {
    guard workers.allSatisfy((1...4096).contains) else {
      throw ValidationError("--workers must be 1 to 4096.")
    }
    guard (5...1000).contains(repeatCount) else { throw ValidationError("--repeat must be 5 to 1000.") }
    guard mostSeconds > 0 else { throw ValidationError("--most-seconds must be above 0.") }
    guard scale > 0, scale <= 100 else { throw ValidationError("--scale must be above 0 and at most 100.") }
    guard data == nil || blobs.isEmpty else { throw ValidationError("--data and --blob exclude each other.") }
    for name in libraries where !PeerEnvironment.names.contains(name) {
      throw ValidationError("--library \(name): there is no library of this name.")
    }
    for codec in codecs where codec.floorCodec == nil { throw BenchmarkError.hasNoFloor(codec) }
  }

  func run() throws {
    let environment = PeerEnvironment()
    let names = environment.exists ? libraries : []
    if !environment.exists {
      print("The other libraries are not installed. Run make compare to install them.\n")
    }
    let real = try data.map { try Corpus(loading: $0) }
    let report = try ComparisonRun(
      plan: plan, team: PeerTeam(environment, names: names, mostSeconds: mostSeconds), data: real,
      scale: scale, repeats: repeatCount, store: store, memory: withoutMemory ? .none : .curve
    ).report { print($0) }
    print("\n" + report.libraryTable.rendered() + "\n\n" + report.summary.rendered())
    if let json { try report.json().write(to: URL(fileURLWithPath: json)) }
  }

  private var plan: ComparisonPlan {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    if full {
      return .product(
        blobs: data == nil ? BlobKind.synthetic : [.data], chunkBytes: ComparisonPlan.chunkByteCounts,
        codecs: ComparisonPlan.codecs, workers: cores == 1 ? [1] : [cores, 1], works: works)
    }
    guard !blobs.isEmpty || data != nil || !chunkBytes.isEmpty || !codecs.isEmpty || !workers.isEmpty else {
      return .usual(works: works, cores: cores)
    }
    let middle = ComparisonPlan.middle(cores: cores)
    return .product(
      blobs: data != nil ? [.data] : blobs.isEmpty ? [middle.blobs] : blobs,
      chunkBytes: chunkBytes.isEmpty ? [middle.chunkBytes] : chunkBytes.map(\.value),
      codecs: codecs.isEmpty ? [middle.codec] : codecs.map(\.description),
      workers: workers.isEmpty ? [middle.workers] : workers, works: works)
  }
}
