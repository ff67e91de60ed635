import Foundation

/// The committed results, and what is made from them.
struct ResultsDirectory {
  let path: String
  let comparison: ComparisonReport
  let growth: GrowthReport?
  let floor: FloorTable

  /// Reads all results of a directory, in the order of their names.
  ///
  /// - Throws: ``BenchmarkError`` where there is no comparison.
  init(_ path: String) throws {
    self.path = path
    let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
      .filter { $0.hasSuffix(".json") }
    func paths(_ prefix: String) -> [String] {
      names.filter { $0.hasPrefix(prefix) }.map { "\(path)/\($0)" }
    }
    guard let comparison = try ComparisonReport.read(paths("compare")) else {
      throw BenchmarkError.noData(path: path, reason: "There is no compare*.json.")
    }
    self.comparison = comparison
    growth = try GrowthReport.read(paths("grow"))
    floor = try FloorTable.read(paths("run"))
  }

  /// Writes the page and the drawings.
  func writeFiles() throws {
    let comparisonPage = ComparisonPage(comparison)
    let page = HTMLPage(
      title: "zarr-vlen, measured", lead: comparisonPage.lead,
      sections: comparisonPage.sections + (growth.map { GrowthPage($0).sections } ?? []))
    try write(page.rendered(), to: "index.html")
    for (name, svg) in drawings { try write(svg + "\n", to: name) }
  }

  /// The drawings that the README shows, with their file names.
  private var drawings: [(name: String, svg: String)] {
    let charts = ComparisonCharts(report: comparison)
    return [Work.write, .read].compactMap { work in
      charts.byChunkSize(work).map { ("\(work.rawValue)-by-chunk-size.svg", $0.svg(isFile: true)) }
    }
  }

  /// The part of the README that the results make.
  func summary(linkingTo directory: String) -> String {
    let charts = ComparisonCharts(report: comparison)
    let images = [Work.write, .read]
      .filter { charts.byChunkSize($0) != nil }
      .map { work in
        #"<img src="\#(directory)/\#(work.rawValue)-by-chunk-size.svg" width="48%" "#
          + #"alt="\#(work.title): throughput of the libraries by size of the chunks">"#
      }
    let parts = [
      ResultsTable(comparison).summary, images.joined(separator: "\n"), ResultsTable(comparison).conditions,
      "\(Shortfalls(comparison).summary): [which, and all other rows](\(directory)/README.md).",
    ]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  /// All rows in tables, and where others are ahead: the part of the directory's own README.
  var tables: String {
    [
      floor.markdown, ResultsTable(comparison).markdown, LeadTable(comparison, beside: "zarrs").markdown,
      Shortfalls(comparison).markdown,
    ]
    .filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  private func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }
}
