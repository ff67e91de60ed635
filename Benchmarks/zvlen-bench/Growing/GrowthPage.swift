/// How cost grows, as a page.
struct GrowthPage {
  private let report: GrowthReport

  /// Creates a page.
  init(_ report: GrowthReport) {
    self.report = report
  }

  /// The page.
  var page: HTMLPage {
    HTMLPage(
      title: "How the cost of zarr-vlen grows",
      lead: [
        "Writing and scanning while one thing grows; \(report.codec).", report.machine.summary + ".",
      ],
      sections: sections)
  }

  /// The parts of the page, of which those without figures are left out.
  var sections: [HTMLPage.Section] {
    [blobs, workers, chunks].compactMap(\.self)
  }

  private func rows(_ axis: GrowthAxis) -> [GrowthRow] { report.rows.filter { $0.axis == axis } }

  private var blobs: HTMLPage.Section? {
    let rows = rows(.blobs)
    guard !rows.isEmpty else { return nil }
    func x(_ row: GrowthRow) -> Double { Double(row.blobs) }
    let time = chart(
      "Time of a blob", "blobs (logarithmic)", "ns a blob", .logarithmic, .linear,
      [
        (
          "write as a stream", .at(0),
          rows.compactMap { row in row.nanoseconds(row.write).map { (x(row), $0) } }
        ),
        ("scan", .at(1), rows.compactMap { row in row.nanoseconds(row.scan).map { (x(row), $0) } }),
      ])
    let memory = chart(
      "Peak of memory", "blobs (logarithmic)", "MB above the start", .logarithmic, .linear,
      [
        ("write as a stream", .at(0), memory(rows, x) { $0.writeBytes }),
        ("scan", .at(1), memory(rows, x) { $0.scanBytes }),
      ])
    return HTMLPage.Section(
      title: "More blobs",
      blocks: [
        .text(
          "Text of \(mean(rows)) B in the mean through an appender, in chunks of 1 MiB, and a scan over all of "
            + "it. With few blobs a file and the start of threads are what costs."),
        .charts([ChartFigure("Time of a blob", time), ChartFigure("Peak of memory", memory)]),
        .table("", report.table(.blobs)),
      ])
  }

  private var workers: HTMLPage.Section? {
    let rows = rows(.workers)
    guard !rows.isEmpty else { return nil }
    return HTMLPage.Section(
      title: "More workers",
      blocks: [
        .text(
          "Text of \(mean(rows)) B in the mean, in chunks of 1 MiB, on \(report.machine.cores) cores: more "
            + "workers than cores should cost nothing but memory."),
        .charts(throughput(rows, "workers (logarithmic)", .logarithmic) { Double($0.workers) }),
        .table("", report.table(.workers)),
      ])
  }

  private var chunks: HTMLPage.Section? {
    let rows = rows(.chunks)
    guard !rows.isEmpty else { return nil }
    return HTMLPage.Section(
      title: "Larger chunks",
      blocks: [
        .text("Text of \(mean(rows)) B in the mean, in inner chunks of shards of 64 MiB."),
        .charts(throughput(rows, "size of a chunk", .bytes) { Double($0.chunkBytes) }),
        .table("", report.table(.chunks)),
      ])
  }

  private func mean(_ rows: [GrowthRow]) -> Int {
    guard let row = rows.last, row.blobs > 0 else { return 0 }
    return Int((Double(row.payloadBytes) / Double(row.blobs)).rounded())
  }

  private func throughput(
    _ rows: [GrowthRow], _ xLabel: String, _ xKind: ChartScale.Kind, _ x: (GrowthRow) -> Double
  ) -> [ChartFigure] {
    let works: [(String, KeyPath<GrowthRow, Measurement>)] = [("Write", \.write), ("Scan", \.scan)]
    let speeds = works.map { title, path in
      ChartFigure(
        title,
        chart(
          "\(title): throughput", xLabel, "MB/s", xKind, .linear,
          [
            (
              "zarr-vlen", LibraryStyle.of(EngineCompetitor.libraryName),
              rows.compactMap { row in row[keyPath: path].payloadBytesPerSecond.map { (x(row), $0 / 1e6) } }
            ),
            (
              "floor", .limit,
              rows.compactMap { row in
                row[keyPath: path].floorPayloadBytesPerSecond.map { (x(row), $0 / 1e6) }
              }
            ),
          ]))
    }
    let memory = chart(
      "Peak of memory", xLabel, "MB above the start", xKind, .linear,
      [
        ("write", .at(0), memory(rows, x) { $0.writeBytes }),
        ("scan", .at(1), memory(rows, x) { $0.scanBytes }),
      ])
    return speeds + [ChartFigure("Peak of memory", memory)]
  }

  private func memory(
    _ rows: [GrowthRow], _ x: (GrowthRow) -> Double, _ bytes: (MemoryGrowth) -> Int?
  ) -> [(Double, Double)] {
    rows.compactMap { row in bytes(row.memory).map { (x(row), Double($0) / 1e6) } }
  }

  private func chart(
    _ title: String, _ xLabel: String, _ yLabel: String, _ xKind: ChartScale.Kind, _ yKind: ChartScale.Kind,
    _ series: [(name: String, style: ChartStyle, points: [(Double, Double)])]
  ) -> LineChart {
    LineChart(
      title: title, xLabel: xLabel, yLabel: yLabel, xKind: xKind, yKind: yKind,
      series: series.map { series in
        ChartSeries(
          name: series.name, style: series.style,
          points: series.points.map { ChartSeries.Point(x: $0.0, y: $0.1) })
      })
  }
}
