import ArgumentParser
import ChunkEngine
import CommandLineOptions
import Foundation
import Zarr

/// Finds good settings for some data.
struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Tries chunk sizes, shards, codecs and workers on a sample of the data, and says which to use.",
    discussion: """
      Measures every setting once, then the best third for each goal again, and so on until the time is over. The \
      advice for each goal comes in words, as flags of zvlen import, and in Swift. Differences below the noise, or \
      below 3 %, count as equal. Of equal settings the one with the smallest result wins, and for the goal size \
      the one that writes fastest.

      Times are those of files in memory, but no shorter than --store-speed allows.
      """)

  @OptionGroup(title: "Blobs")
  var workload: WorkloadOptions

  @Option(
    name: .customLong("for"), parsing: .upToNextOption, help: "The goals: \(TuningGoal.valueList).")
  var goals: [TuningGoal] = TuningGoal.allCases

  @Option(name: .customLong("chunk-bytes"), parsing: .upToNextOption, help: "The chunk sizes to try.")
  var chunkBytes: [ByteCount] = [16, 64, 256, 1024, 4096, 16_384].map { ByteCount(clamping: $0 << 10) }

  @Option(help: "The size of the shards to try, with chunks up to 1MiB.")
  var shardBytes = ByteCount(clamping: 64 << 20)

  @Option(name: .customLong("codec"), parsing: .upToNextOption, help: "The codecs to try.")
  var codecs: [CodecChoice] = [
    .none, .blosc(.lz4, level: 5), .zstd(level: 1), .zstd(level: 3), .zstd(level: 9),
  ]

  @Option(
    parsing: .upToNextOption,
    help: "The numbers of threads to try. (default: the active cores, and half of them)")
  var workers: [Int] = []

  @Option(help: "The amount of data to try settings on. (default: 16MiB for each active core)")
  var sampleBytes: ByteCount?

  @Option(help: "About how many seconds to try.")
  var seconds = 60.0

  @Option(
    help: ArgumentHelp(
      "The place where arrays will be stored: \(StoreSpeedChoice.valueList).",
      discussion: StoreSpeedChoice.allCases.map { "\($0.rawValue) is \($0.summary)" }.joined(separator: ", ")
        + "."))
  var storeSpeed = StoreSpeedChoice.drive

  @Option(
    help: ArgumentHelp(
      "The place to try settings: memory, or a new directory inside DIR that is removed at the end.",
      valueName: "memory|DIR"))
  var store: StoreChoice?

  @Option(help: ArgumentHelp("Write the results as JSON, which Benchmarks/Charts draws.", valueName: "FILE"))
  var json: String?

  func validate() throws {
    guard workers.allSatisfy((1...4096).contains) else {
      throw ValidationError("--workers must be 1 to 4096.")
    }
    guard seconds >= 0, seconds <= 86_400 else { throw ValidationError("--seconds must be 0 to 86400.") }
  }

  func run() throws {
    let machine = MachineDescription.current
    let corpus = try sample(workload.corpus(), cores: machine.cores)
    let settings = TuneSetting.combinations(
      chunkBytes: chunkBytes, shardBytes: shardBytes, codecs: codecs,
      workers: workers.isEmpty ? [machine.cores, max(1, machine.cores / 2)] : workers,
      sampleByteCount: corpus.byteCount)
    let stopwatch = Stopwatch()
    print("\(machine.summary)\n\(workload.summary)")
    let search = TuneSearch(
      settings: settings, goals: goals, storeSpeed: storeSpeed.speed, store: store, seconds: seconds)
    let outcome = try search.outcome(corpus)
    let tried = """
      \(settings.count) settings tried in \(Figure.duration(stopwatch.seconds)) on \
      \(Figure.count(corpus.count)) blobs, \(Figure.megabytes(corpus.byteCount)); the store is taken for \
      \(storeSpeed.rawValue), \(storeSpeed.summary).
      """
    print(tried + "\n")
    let report = TuneReport(
      outcome, of: settings, for: goals, payloadByteCount: corpus.byteCount,
      title: "Settings for \(workload.summary)", lead: [machine.summary, tried])
    print(report.rendered())
    if let json { try report.json().write(to: URL(fileURLWithPath: json)) }
  }

  /// Blobs from all over the data.
  private func sample(_ corpus: Corpus, cores: Int) throws -> Corpus {
    corpus.spread(byteCount: sampleBytes?.value ?? cores << 24)
  }
}
