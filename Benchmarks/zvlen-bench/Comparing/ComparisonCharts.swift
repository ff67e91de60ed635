import CommandLineOptions

/// The charts of a comparison.
struct ComparisonCharts {
  let report: ComparisonReport

  /// The setting in the middle, or the only one that there is.
  var middle: ComparisonSetting? {
    let middle = ComparisonPlan.middle(cores: report.machine.cores)
    return report.settings.contains(middle) ? middle : report.settings.first
  }

  /// The speed of each library, one chart for each work.
  var overview: [(work: Work, chart: BarChart)] {
    guard let middle else { return [] }
    return report.rows.filter { $0.setting == middle }.map { ($0.work, bars($0)) }
  }

  private func bars(_ row: ComparedRow) -> BarChart {
    let results = LibraryStyle.names
      .filter { $0 != FloorCompetitor.libraryName }
      .compactMap { row.best($0) }
    let isTime = row.work == .random
    let bars =
      results
      .map { result in
        let value = isTime ? (result.medianSeconds ?? 0) * 1e6 : (result.bytesPerSecond ?? 0) / 1e6
        return BarChart.Bar(
          name: result.name, style: LibraryStyle.of(result.name), value: value,
          label: ComparisonReport.speed(result, row.work))
      }
      .sorted { isTime ? $0.value < $1.value : $0.value > $1.value }
    var chart = BarChart(
      title: "\(row.work.title): "
        + bars.map { "\($0.name) \($0.label)" }.joined(separator: ", "),
      bars: bars)
    if !isTime, let floor = row.best(FloorCompetitor.libraryName)?.bytesPerSecond {
      chart.limit = (floor / 1e6, "floor \(Figure.rate(floor / 1e6))")
    }
    return chart
  }

  /// Throughput against the size of the chunks, for writing and reading, with the floor as a line.
  func byChunkSize(_ work: Work) -> LineChart? {
    guard let middle else { return nil }
    let rows = report.rows
      .filter { row in
        var setting = row.setting
        setting.chunkBytes = middle.chunkBytes
        return row.work == work && setting == middle
      }
      .sorted { $0.setting.chunkBytes < $1.setting.chunkBytes }
    guard rows.count > 1 else { return nil }
    let series = series { name in
      rows.compactMap { row in
        row.best(name)?.bytesPerSecond.map {
          ChartSeries.Point(x: Double(row.setting.chunkBytes), y: $0 / 1e6)
        }
      }
    }
    return LineChart(
      title: "\(work.title): throughput by size of the chunks", xLabel: "size of a chunk",
      yLabel: "MB/s (logarithmic)", xKind: .bytes, yKind: .logarithmic, series: series)
  }

  /// The ratio of compression against speed: a point for each compression.
  func ratioAgainstSpeed(_ work: Work) -> LineChart? {
    guard let middle else { return nil }
    let order = ["none", "lz4", "zstd:1", "zstd:3"]
    let rows = report.rows
      .filter { row in
        var setting = row.setting
        setting.codec = middle.codec
        return row.work == work && setting == middle
      }
      .sorted {
        (order.firstIndex(of: $0.setting.codec) ?? 9) < (order.firstIndex(of: $1.setting.codec) ?? 9)
      }
    guard rows.count > 1 else { return nil }
    let series = series { name in
      rows.compactMap { row in
        guard let result = row.best(name), let speed = result.bytesPerSecond,
          let stored = result.storedBytes, stored > 0
        else { return nil }
        return ChartSeries.Point(
          x: speed / 1e6, y: Double(row.payloadBytes) / Double(stored),
          label: name == EngineCompetitor.libraryName ? row.setting.codec : "")
      }
    }
    return LineChart(
      title: "\(work.title): ratio of compression against speed", xLabel: "MB/s (logarithmic)",
      yLabel: "bytes in / bytes stored", xKind: .logarithmic, yKind: .linear, series: series)
  }

  /// Which part of the reads at random is done within a time.
  func latencies(_ setting: ComparisonSetting) -> LineChart? {
    guard let row = report.rows.first(where: { $0.setting == setting && $0.work == .random })
    else { return nil }
    let series = series { name in
      guard let latencies = row.best(name)?.latencies else { return [] }
      return zip(latencies, LatencyCurve.percents).map { ChartSeries.Point(x: $0 * 1e6, y: $1) }
    }
    guard !series.isEmpty else { return nil }
    return LineChart(
      title: "read one at random: distribution of the times", xLabel: "µs (logarithmic)",
      yLabel: "% of the reads done within", xKind: .logarithmic, yKind: .linear, series: series,
      alsoFitting: [100], markStride: 10)
  }

  /// Memory while a work is done, one small chart for each library, all of one height.
  func memory(_ work: Work) -> [(name: String, note: String, chart: LineChart)] {
    guard let row = report.rows.first(where: { $0.work == work && $0.results.contains { $0.memory != nil } })
    else { return [] }
    // The floor's buffers were made before.
    let results = LibraryStyle.names.filter { $0 != FloorCompetitor.libraryName }
      .compactMap { row.best($0) }.filter { ($0.memory?.count ?? 0) > 1 }
    let highest = results.flatMap { $0.memory ?? [] }.map { $0[1] / 1e6 }.max() ?? 1
    return results.map { result in
      let points = (result.memory ?? []).map { ChartSeries.Point(x: $0[0] * 1e3, y: $0[1] / 1e6) }
      let style = LibraryStyle.of(result.name)
      return (
        result.name,
        result.peakBytes.map { "peak \(Figure.megabytes($0))" } ?? "",
        LineChart(
          title: "\(work.title): memory of \(result.name) over time", xLabel: "ms", yLabel: "MB",
          xKind: .linear, yKind: .linear,
          series: [
            ChartSeries(
              name: result.name, style: ChartStyle(colour: style.colour, mark: .none), points: points)
          ],
          alsoFitting: [highest], markStride: 0, isSmall: true)
      )
    }
  }

  /// One series for each library of the charts that has points.
  private func series(_ points: (String) -> [ChartSeries.Point]) -> [ChartSeries] {
    LibraryStyle.names.compactMap { name in
      let points = points(name)
      return points.isEmpty ? nil : ChartSeries(name: name, style: LibraryStyle.of(name), points: points)
    }
  }
}
