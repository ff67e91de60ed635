import ArgumentParser
import CommandLineOptions
import Foundation

/// Measures how cost grows.
struct GrowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "grow",
    abstract: "Measures how time and memory grow with the blobs, the threads and the size of the chunks.",
    discussion: """
      Blobs: a stream of 1000 blobs, then 10 times as many, and so on, and a scan of each. Workers: 1 to 64 \
      threads, on any number of cores. Chunks: 1 KiB to 64 MiB, in shards of 64 MiB. The last two are measured \
      beside the floor.
      """)

  @Option(name: .customLong("axis"), parsing: .upToNextOption, help: "What grows: \(GrowthAxis.valueList).")
  var axes = GrowthAxis.allCases

  @Option(
    help:
      "The number of blobs of the longest stream. 100000000 large blobs need about 10 GB of files in memory.")
  var largest = 10_000_000

  @Option(help: "The mean size of a blob of the streams.")
  var blobBytes = ByteCount(clamping: 32)

  @Option(help: "none, zstd:LEVEL or lz4.")
  var codec = CodecChoice.zstd(level: 1)

  @Option(
    name: .customLong("repeat"), help: "The number of measurements at each place, unless they take long.")
  var repeatCount = 5

  @Option(help: ArgumentHelp("The directory for the files. (default: in memory)", valueName: "DIR"))
  var store: String?

  @Option(help: ArgumentHelp("Write the results as JSON, which Benchmarks/Charts draws.", valueName: "FILE"))
  var json: String?

  func validate() throws {
    guard (1000...1_000_000_000).contains(largest) else {
      throw ValidationError("--largest must be 1000 to 1000000000.")
    }
    guard (1...1000).contains(repeatCount) else { throw ValidationError("--repeat must be 1 to 1000.") }
    guard codec.floorCodec != nil else { throw BenchmarkError.hasNoFloor(codec) }
    guard blobBytes.value <= 1 << 20 else { throw ValidationError("--blob-bytes must be at most 1MiB.") }
  }

  func run() throws {
    let run = GrowthRun(
      codec: codec, blobBytes: blobBytes.value, largestCount: largest, repeats: repeatCount, store: store)
    var report = GrowthReport(
      command: CommandLine.words, machine: .current, versions: .current, codec: codec.description,
      rows: [])
    print(report.machine.summary)
    for axis in axes {
      report.rows += try run.rows(axis) { print($0) }
      print("\n" + report.table(axis).rendered() + "\n")
    }
    if let json { try report.json().write(to: URL(fileURLWithPath: json)) }
  }
}
