import CommandLineOptions

/// How many times as fast as another library zarr-vlen is: from the least to the most of all settings, for each
/// work and each size of the chunks.
struct LeadTable {
  private let rival: String
  private let report: ComparisonReport

  /// Creates the table of one library.
  init(_ report: ComparisonReport, beside rival: String) {
    self.rival = rival
    self.report = report
  }

  /// The table; empty if the library has no figures.
  var markdown: String {
    let rows = report.rows.filter { !leads([$0]).isEmpty }
    let sizes = Set(rows.map(\.setting.chunkBytes)).sorted()
    guard !sizes.isEmpty else { return "" }
    var table = TextTable(
      [("times as fast as \(rival), chunks of", .left)]
        + sizes.map { ("\(ByteCount(clamping: $0))", .right) })
    for work in Work.allCases {
      table.append(
        [work.title]
          + sizes.map { size in
            range(leads(rows.filter { $0.work == work && $0.setting.chunkBytes == size }))
          })
    }
    return table.markdown()
  }

  /// The quotients of both layouts.
  private func leads(_ rows: [ComparedRow]) -> [Double] {
    rows.flatMap(\.results).filter { $0.name == rival }.compactMap { $0.ofZarrVlen.map { 1 / $0 } }
  }

  private func range(_ leads: [Double]) -> String {
    guard let least = leads.min(), let most = leads.max() else { return "–" }
    return leads.count == 1 ? Figure.factor(least) : "\(Figure.factor(least)) – \(Figure.factor(most))"
  }
}
