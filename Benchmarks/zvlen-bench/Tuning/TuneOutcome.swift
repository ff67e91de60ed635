import CommandLineOptions
import Foundation

/// All rows of a sweep, and what follows from them.
struct TuneOutcome {
  private let rows: [TuneRow]
  private let goal: Goal

  /// Creates an outcome.
  init(rows: [TuneRow], goal: Goal) {
    self.rows = rows
    self.goal = goal
  }

  /// The table, with the optimal rows marked, and the recommendation.
  func rendered() -> String {
    let advice = recommended.map { "\n\nrecommended for \(goal.rawValue): \($0.importFlags)" } ?? ""
    return table.rendered() + advice
  }

  private var table: TextTable {
    var table = TextTable([
      ("", .left), ("codec", .left), ("chunk", .right), ("workers", .right), ("write MB/s", .right),
      ("read MB/s", .right), ("random read", .right), ("ratio", .right),
    ])
    for row in rows {
      table.append([
        isOptimal(row) ? "*" : "", row.codec, "\(ByteCount(clamping: row.chunkBytes))", "\(row.workers)",
        Figure.count(Int(row.writeBytesPerSecond / 1e6)), Figure.count(Int(row.readBytesPerSecond / 1e6)),
        Figure.duration(row.randomReadSeconds), Figure.fixed(row.ratio, places: 2),
      ])
    }
    return table
  }

  /// The best row for the goal.
  ///
  /// Rows within 3 % of the best in the goal are taken for equal, because timings differ by that much; among
  /// them the smallest result wins, and for `size` the fastest write.
  var recommended: TuneRow? {
    guard let best = rows.map(merit).max() else { return nil }
    let equals = rows.filter { merit($0) >= 0.97 * best }
    return goal == .size
      ? equals.max { $0.writeBytesPerSecond < $1.writeBytesPerSecond } : equals.max { $0.ratio < $1.ratio }
  }

  private func merit(_ row: TuneRow) -> Double {
    switch goal {
    case .write: row.writeBytesPerSecond
    case .read: row.readBytesPerSecond
    case .size: row.ratio
    case .random: 1 / row.randomReadSeconds
    }
  }

  private func isOptimal(_ row: TuneRow) -> Bool { !rows.contains { $0.dominates(row) } }

  /// The rows as JSON.
  func json() throws -> Data {
    try JSONEncoder.report.encode(rows) + Data("\n".utf8)
  }

  /// Throughput and ratio against the chunk size, as a page.
  func page(of data: String) -> HTMLPage {
    HTMLPage(
      title: "Settings for \(data)",
      lead: recommended.map { ["For \(goal.rawValue): \($0.importFlags)"] } ?? [],
      sections: [
        HTMLPage.Section(
          title: "By size of the chunks",
          blocks: [
            .charts([
              figure("Write", "MB/s (logarithmic)", .logarithmic) { $0.writeBytesPerSecond / 1e6 },
              figure("Read", "MB/s (logarithmic)", .logarithmic) { $0.readBytesPerSecond / 1e6 },
              figure("Ratio", "bytes in / bytes stored", .linear, value: \.ratio),
            ])
          ]),
        HTMLPage.Section(title: "All settings", blocks: [.table("", table)]),
      ])
  }

  private func figure(
    _ title: String, _ unit: String, _ kind: ChartScale.Kind, value: (TuneRow) -> Double
  ) -> ChartFigure {
    let hasManyWorkers = Set(rows.map(\.workers)).count > 1
    var series: [ChartSeries] = []
    for row in rows {
      let name = hasManyWorkers ? "\(row.codec), \(row.workers) workers" : row.codec
      let point = ChartSeries.Point(x: Double(row.chunkBytes), y: value(row))
      if let index = series.firstIndex(where: { $0.name == name }) {
        series[index].points.append(point)
      } else {
        series.append(ChartSeries(name: name, style: .at(series.count), points: [point]))
      }
    }
    for index in series.indices { series[index].points.sort { $0.x < $1.x } }
    return ChartFigure(
      title,
      LineChart(
        title: "\(title) by size of the chunks", xLabel: "size of a chunk", yLabel: unit, xKind: .bytes,
        yKind: kind, series: series))
  }
}
