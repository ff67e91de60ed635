import CommandLineOptions

/// The comparison in tables: all of it, and what the README shows.
struct ResultsTable {
  private let report: ComparisonReport

  /// The columns beside zarr-vlen's.
  private static let rivals = ["zarrs", "zarr-python fused", "Parquet", "Arrow IPC", "Lance", "Vortex"]

  /// Creates the table of a comparison.
  init(_ report: ComparisonReport) {
    self.report = report
  }

  /// The settings that `compare` has without flags, as far as they were measured; there are too many others.
  private var settings: [ComparisonSetting] {
    let measured = Set(report.settings)
    return ComparisonPlan.usual(works: [], cores: report.machine.cores).settings.filter(measured.contains)
  }

  /// A line for each setting with the rates of writing and reading, and one with the times of reads at random.
  var markdown: String {
    var rates = TextTable(
      [("MB/s, write / read", .left), ("zarr-vlen", .right), ("of the floor", .right)]
        + Self.rivals.map { ($0, .right) })
    var times = TextTable(
      [("read one at random", .left), ("zarr-vlen", .right), ("of the floor", .right)]
        + Self.rivals.map { ($0, .right) })
    for setting in settings {
      let write = row(setting, .write)
      let read = row(setting, .read)
      rates.append(
        [setting.title, pair(write, read, EngineCompetitor.libraryName), floor(write, read)]
          + Self.rivals.map { pair(write, read, $0) })
      guard let random = row(setting, .random), isBySize(setting) else { continue }
      times.append(
        [setting.title, time(random, EngineCompetitor.libraryName), floor(random)]
          + Self.rivals.map { time(random, $0) })
    }
    return rates.markdown() + "\n\n" + times.markdown()
  }

  /// A line for each work and size of the chunks, for the blobs and the compression that stand for all.
  var summary: String {
    let middle = ComparisonPlan.middle(cores: report.machine.cores)
    var table = TextTable(
      [("\(middle.blobs.title), \(middle.codec), \(middle.workersTitle)", .left), ("zarr-vlen", .right)]
        + [("of the floor", .right)] + Self.rivals.map { ($0, .right) })
    let settings = report.settings.filter(isBySize).sorted { $0.chunkBytes < $1.chunkBytes }
    for work in [Work.write, .read, .random] {
      for setting in settings {
        guard let row = row(setting, work) else { continue }
        let names = [EngineCompetitor.libraryName] + Self.rivals
        var cells = names.map { work == .random ? time(row, $0) : rate(row, $0) }
        cells.insert(floor(row), at: 1)
        table.append(["\(work.title)\(work == .random ? "" : ", MB/s"), \(setting.chunkTitle)"] + cells)
      }
    }
    return table.markdown()
  }

  private func row(_ setting: ComparisonSetting, _ work: Work) -> ComparedRow? {
    report.rows.first { $0.setting == setting && $0.work == work }
  }

  /// Whether a setting is the middle but for the size of its chunks.
  private func isBySize(_ setting: ComparisonSetting) -> Bool {
    var middle = ComparisonPlan.middle(cores: report.machine.cores)
    middle.chunkBytes = setting.chunkBytes
    return setting == middle
  }

  private func pair(_ write: ComparedRow?, _ read: ComparedRow?, _ name: String) -> String {
    let rates = [write, read].map { rate($0, name) }
    return rates == ["–", "–"] ? "–" : rates.joined(separator: " / ")
  }

  private func rate(_ row: ComparedRow?, _ name: String) -> String {
    row?.best(name)?.bytesPerSecond.map { Figure.rate($0 / 1e6) } ?? "–"
  }

  private func floor(_ rows: ComparedRow?...) -> String {
    rows.map { row in
      row?.best(EngineCompetitor.libraryName)?.ofFloor.map { Figure.fixed($0, places: 2) } ?? "–"
    }
    .joined(separator: " / ")
  }

  private func time(_ row: ComparedRow, _ name: String) -> String {
    row.best(name)?.medianSeconds.map(Figure.duration) ?? "–"
  }

  /// How it was measured, in a paragraph.
  var conditions: String {
    var seen: Set<String> = []
    let versions = report.libraries.filter { seen.insert($0.version).inserted }
    let names = versions.map(\.version).joined(separator: ", ")
    return """
      Medians of at least \(report.repeats) turns; each library in the memory layout that suits it best (zarr-python has only \
      objects); files \(report.storage); nobody synchronizes; what was stored is read back and compared before a time \
      counts. The floor of a read keeps what it decodes. \(report.machine.summary); \(names).
      """
  }
}
