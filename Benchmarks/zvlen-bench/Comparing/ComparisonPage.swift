/// A comparison as a page.
struct ComparisonPage {
  private let report: ComparisonReport
  private let charts: ComparisonCharts

  /// Creates a page.
  init(_ report: ComparisonReport) {
    self.report = report
    charts = ComparisonCharts(report: report)
  }

  /// The page.
  var page: HTMLPage {
    HTMLPage(title: "zarr-vlen beside other libraries", lead: lead, sections: sections)
  }

  /// What was measured, in a few sentences.
  var lead: [String] {
    [
      "The same blobs through zarr-vlen and through what one would use instead, in turns on one machine: medians of "
        + "\(report.repeats) repeats. What each library stored was read back and compared before its time counted. "
        + "Files were \(report.storage); nobody synchronized.",
      "The floor is what no encoder can beat: chunks that are in wire form already, through the same compressor with "
        + "one reused context a thread, and plain writes and reads.",
      report.machine.summary + ". Swift \(report.versions.swift), libzstd \(report.versions.zstd).",
    ]
  }

  /// The parts of the page, of which those without figures are left out.
  var sections: [HTMLPage.Section] {
    [
      overview, chunkSizes, ratio, latency, memory,
      HTMLPage.Section(title: "Every row in one line", blocks: [.table("", report.summary)]),
      allRows,
      HTMLPage.Section(
        title: "The libraries",
        blocks: [.table("", report.libraryTable), .text("Repeat it with"), .code(report.command)]),
    ].compactMap(\.self)
  }

  private var middleTitle: String { charts.middle?.title ?? "" }

  private var overview: HTMLPage.Section? {
    let figures = charts.overview.map { work, chart in
      ChartFigure(work == .random ? "Read one at random, the less the better" : capitalized(work), chart)
    }
    guard !figures.isEmpty else { return nil }
    return HTMLPage.Section(
      title: "At a glance",
      blocks: [
        .text(
          "\(middleTitle). Blobs come from and go to the memory layout that suits each library best; libraries that "
            + "have only objects are measured with those."), .charts(figures),
      ])
  }

  private var chunkSizes: HTMLPage.Section? {
    let figures = [Work.write, .read].compactMap { work in
      charts.byChunkSize(work).map { ChartFigure(capitalized(work), $0) }
    }
    guard !figures.isEmpty else { return nil }
    return HTMLPage.Section(
      title: "Throughput by size of the chunks",
      blocks: [
        .text(
          "Chunks below 64 KiB lie in shards. Parquet and Arrow IPC have groups of 1 MiB there; Lance and Vortex choose "
            + "the size of their blocks themselves, so theirs does not change with that of the chunks."),
        .charts(figures),
      ])
  }

  private var ratio: HTMLPage.Section? {
    let figures = [Work.write, .read].compactMap { work in
      charts.ratioAgainstSpeed(work).map { ChartFigure(capitalized(work), $0) }
    }
    guard !figures.isEmpty else { return nil }
    return HTMLPage.Section(
      title: "Ratio against speed",
      blocks: [
        .text(
          "Further right is faster, further up is smaller. The points of a library are its compressions, in the order "
            + "in which those of zarr-vlen are named."), .charts(figures),
      ])
  }

  private var latency: HTMLPage.Section? {
    let figures = report.settings.filter { $0.codec == charts.middle?.codec && $0.workers > 1 }
      .filter { $0.blobs == charts.middle?.blobs }
      .sorted { $0.chunkBytes < $1.chunkBytes }
      .compactMap { setting in charts.latencies(setting).map { ChartFigure(setting.title, $0) } }
    guard !figures.isEmpty else { return nil }
    return HTMLPage.Section(
      title: "How long one blob takes",
      blocks: [
        .text(
          "Of reads of single blobs at random places, the part that is done within a time; further left is faster. "
            + "Chunked formats decode a chunk for each."), .charts(figures),
      ])
  }

  private var memory: HTMLPage.Section? {
    let works = [Work.write, .read].map { ($0, charts.memory($0)) }.filter { !$0.1.isEmpty }
    guard !works.isEmpty else { return nil }
    let blocks: [HTMLPage.Block] = works.flatMap { work, charts -> [HTMLPage.Block] in
      let figures = charts.map { ChartFigure(caption: $0.name, note: $0.note, svg: $0.chart.svg()) }
      return [.text("\(capitalized(work)), MB over ms."), .smallCharts(figures)]
    }
    return HTMLPage.Section(
      title: "Memory over time",
      blocks: [
        .text(
          "How far the process grew above what it had before, \(middleTitle). The blobs that are written are there "
            + "before; what a read returns is part of what grows. All charts of a work have one height.")
      ] + blocks)
  }

  private var allRows: HTMLPage.Section {
    HTMLPage.Section(
      title: "All figures",
      blocks: report.settings.map { setting in
        let rows = report.rows.filter { $0.setting == setting }
        return .details(setting.title, [.table("", ComparisonReport.table(rows))])
      })
  }

  private func capitalized(_ work: Work) -> String {
    work.title.prefix(1).uppercased() + work.title.dropFirst()
  }
}

extension ComparisonReport {
  /// The tables as Markdown.
  func markdown() -> String {
    var parts = [
      "# zarr-vlen beside other libraries", machine.summary, summary.markdown(), libraryTable.markdown(),
    ]
    for setting in settings {
      parts.append("## \(setting.title)")
      parts.append(Self.table(rows.filter { $0.setting == setting }).markdown())
    }
    parts.append("```\n\(command)\n```")
    return parts.joined(separator: "\n\n") + "\n"
  }
}
