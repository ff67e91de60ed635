import ArgumentParser
import CommandLineOptions
import Foundation

/// Finds good settings for some data.
struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Tries chunk sizes, codecs and workers on a sample of the data, and recommends one setting.",
    discussion: """
      Rows marked with * are optimal: no other row writes faster, reads faster and stores smaller at once. The last \
      line has the flags for zvlen import.
      """)

  @OptionGroup(title: "Blobs")
  var workload: WorkloadOptions

  @Option(name: .customLong("for"), help: "What matters most: \(Goal.valueList).")
  var goal = Goal.write

  @Option(name: .customLong("chunk-bytes"), parsing: .upToNextOption, help: "The chunk sizes to try.")
  var chunkBytes: [ByteCount] = [16, 64, 256, 1024, 4096, 16_384].map { ByteCount(clamping: $0 << 10) }

  @Option(name: .customLong("codec"), parsing: .upToNextOption, help: "The codecs to try.")
  var codecs: [CodecChoice] = [
    .none, .lz4(acceleration: 1), .zstd(level: 1), .zstd(level: 3), .zstd(level: 9),
  ]

  @Option(parsing: .upToNextOption, help: "The numbers of threads to try. (default: the active cores)")
  var workers: [Int] = []

  @Option(help: "How much of the data to try it on.")
  var sampleBytes = ByteCount(clamping: 32 << 20)

  @Option(
    help: ArgumentHelp(
      "Where to try it. A directory gets a new one inside it that is removed at the end.",
      valueName: "memory|DIR"))
  var store: StoreChoice?

  @Option(name: .customLong("repeat"), help: "How often each setting is measured.")
  var repeatCount = 3

  @Option(
    help: ArgumentHelp(
      "Write a page that draws throughput and ratio against the chunk size.", valueName: "FILE"))
  var html: String?

  @Option(help: ArgumentHelp("Write the results as JSON.", valueName: "FILE"))
  var json: String?

  func validate() throws {
    guard workers.allSatisfy((1...4096).contains) else {
      throw ValidationError("--workers must be 1 to 4096.")
    }
    guard (1...1000).contains(repeatCount) else { throw ValidationError("--repeat must be 1 to 1000.") }
  }

  func run() throws {
    let machine = MachineDescription.current
    let corpus = try workload.corpus().prefix(byteCount: sampleBytes.value)
    print("\(machine.summary)\n\(workload.summary)")
    print("sample: \(Figure.count(corpus.count)) blobs, \(Figure.megabytes(corpus.byteCount))\n")
    let sweep = TuneSweep(
      chunkBytes: chunkBytes, codecs: codecs, workers: workers.isEmpty ? [machine.cores] : workers)
    let rows = try sweep.rows(corpus, store: store, repeats: repeatCount)
    let outcome = TuneOutcome(rows: rows, goal: goal)
    print(outcome.rendered())
    if let html {
      try Data(outcome.page(of: workload.summary).rendered().utf8).write(to: URL(fileURLWithPath: html))
    }
    if let json { try outcome.json().write(to: URL(fileURLWithPath: json)) }
  }
}
