import CommandLineOptions

/// A search as a page: the advice, and charts by the size of the chunks.
struct TunePage {
  private let report: TuneReport

  /// Draws a report.
  init(_ report: TuneReport) {
    self.report = report
  }

  /// The page.
  func page(title: String) -> HTMLPage {
    var sections = report.advice.map { advice in
      HTMLPage.Section(
        title: "For \(advice.goal.title)",
        blocks: [
          .text(advice.words + "."), .text(advice.noiseWords),
          .code("zvlen import SOURCE -o DEST \(advice.importFlags)"),
          .code(advice.swift),
        ])
    }
    let (sharded, single) = (
      report.rows.filter { $0.shardBytes != nil }, report.rows.filter { $0.shardBytes == nil }
    )
    for (title, rows) in [("Inner chunks in shards", sharded), ("Chunks in files of their own", single)]
    where !rows.isEmpty {
      sections.append(HTMLPage.Section(title: title, blocks: [.charts(charts(rows))]))
    }
    sections.append(HTMLPage.Section(title: "All settings", blocks: [.table("", report.table)]))
    return HTMLPage(title: title, lead: report.lead, sections: sections)
  }

  /// The figures with the most workers, by the size of the chunks.
  private func charts(_ rows: [TuneRow]) -> [ChartFigure] {
    let most = rows.map(\.workers).max() ?? 1
    let rows = rows.filter { $0.workers == most }
    return [
      figure("Write", "MB/s (logarithmic)", .logarithmic, rows) { $0.writeBytesPerSecond / 1e6 },
      figure("Read", "MB/s (logarithmic)", .logarithmic, rows) { $0.readBytesPerSecond / 1e6 },
      figure("One blob at random", "µs (logarithmic)", .logarithmic, rows) { $0.randomReadSeconds * 1e6 },
      figure("Ratio", "bytes in / bytes stored", .linear, rows, value: \.ratio),
    ]
  }

  private func figure(
    _ title: String, _ unit: String, _ kind: ChartScale.Kind, _ rows: [TuneRow], value: (TuneRow) -> Double
  ) -> ChartFigure {
    var series: [ChartSeries] = []
    for row in rows {
      let point = ChartSeries.Point(x: Double(row.chunkBytes), y: value(row))
      if let index = series.firstIndex(where: { $0.name == row.codec }) {
        series[index].points.append(point)
      } else {
        series.append(ChartSeries(name: row.codec, style: .at(series.count), points: [point]))
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
