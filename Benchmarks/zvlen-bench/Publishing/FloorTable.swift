import CommandLineOptions
import Foundation

/// How close each path comes to the floor, of several runs.
struct FloorTable {
  private let reports: [Report]

  /// Creates the table of some runs, in their order.
  init(_ reports: [Report]) {
    self.reports = reports
  }

  /// Reads the reports that `run` has written with `--json`.
  ///
  /// - Throws: An error if a file is no such report.
  static func read(_ paths: [String]) throws -> FloorTable {
    FloorTable(
      try paths.map { path in
        try JSONDecoder.report.decode(Report.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
      })
  }

  /// A line for each run; empty if there is none.
  var markdown: String {
    guard let first = reports.first else { return "" }
    var table = TextTable([
      ("from, chunks of", .left), ("write", .right), ("read, kept", .right),
      ("read, floor's memory reused", .right), ("scan", .right), ("one at random", .right),
    ])
    for report in reports {
      let settings = report.settings
      let shards = settings.shardBytes.map { " in shards of \(ByteCount(clamping: $0))" } ?? ""
      table.append(
        ["\(settings.from.rawValue), \(ByteCount(clamping: settings.chunkBytes))\(shards)"]
          + [report.write, report.read, report.readOver, report.scan].map(Self.cell)
          + [Self.cell(report.random)])
    }
    let payload = Figure.megabytes(first.payloadBytes)
    let title =
      "\(Figure.count(first.blobs)) blobs, \(payload), \(first.settings.codec), \(first.settings.workers) workers, "
      + "medians of \(first.settings.repeat) turns: the part of the floor's speed, and MB/s. "
      + "\(first.machine.summary); zstd \(first.libraries.zstd)."
    return title + "\n\n" + table.markdown()
  }

  private static func cell(_ measurement: Measurement?) -> String {
    guard let quotient = measurement?.floorQuotient, let rate = measurement?.payloadBytesPerSecond else {
      return "–"
    }
    return "\(Figure.fixed(quotient, places: 2)) (\(Figure.rate(rate / 1e6)))"
  }

  private static func cell(_ random: RandomReads?) -> String {
    guard let quotient = random?.floorQuotient, let latency = random?.latency else { return "–" }
    return "\(Figure.fixed(quotient, places: 2)) (\(Figure.duration(latency.p50)))"
  }
}
