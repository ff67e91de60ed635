/// Where another library or the floor is ahead of zarr-vlen.
struct Shortfalls {
  /// Whoever is ahead by less is as fast: runs differ by so much.
  private static let tolerance = 1.05

  /// A library that is ahead in a row.
  struct Shortfall {
    let row: ComparedRow
    let name: String
    let layout: Layout
    /// How many times as fast it is.
    let factor: Double
  }

  /// All of them, the largest first.
  let shortfalls: [Shortfall]
  /// How many times another library was measured beside zarr-vlen.
  let comparedCount: Int
  /// The rows that are below the floor by more than the tolerance, but for appending, where the floor leaves out
  /// the chunk that it would have to complete.
  let belowFloor: [(row: ComparedRow, quotient: Double)]

  /// How many rows of each work stand beside the floor.
  private let measuredCounts: [Work: Int]

  /// Finds them.
  init(_ report: ComparisonReport) {
    var shortfalls: [Shortfall] = []
    var comparedCount = 0
    for row in report.rows {
      for result in row.results where result.name != EngineCompetitor.libraryName {
        guard result.name != FloorCompetitor.libraryName, let quotient = result.ofZarrVlen else { continue }
        comparedCount += 1
        guard quotient > Self.tolerance else { continue }
        shortfalls.append(Shortfall(row: row, name: result.name, layout: result.layout, factor: quotient))
      }
    }
    self.shortfalls = shortfalls.sorted { $0.factor > $1.factor }
    self.comparedCount = comparedCount
    let besideFloor = report.rows.compactMap { row -> (row: ComparedRow, quotient: Double)? in
      guard row.work != .append else { return nil }
      return row.result(EngineCompetitor.libraryName, .own)?.ofFloor.map { (row, $0) }
    }
    measuredCounts = Dictionary(grouping: besideFloor, by: \.row.work).mapValues(\.count)
    belowFloor = besideFloor.filter { $0.quotient < 1 / Self.tolerance }
  }

  /// They in Markdown: a line for each work and library, and one for each work that is below the floor.
  var markdown: String {
    [rivals, floor].filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  /// They in a sentence.
  var summary: String {
    "Another library is ahead by more than 5 % in \(shortfalls.count) of \(comparedCount) comparisons, and "
      + "\(belowFloor.count) rows are more than 5 % below the floor"
  }

  private var rivals: String {
    guard !shortfalls.isEmpty else {
      return "No other library is ahead by more than 5 % in any of \(comparedCount) comparisons."
    }
    var lines = [
      "Another library is ahead by more than 5 % in \(shortfalls.count) of \(comparedCount) comparisons:", "",
    ]
    for work in Work.allCases {
      let group = shortfalls.filter { $0.row.work == work }
      var names: [String] = []
      for shortfall in group where !names.contains(shortfall.name) { names.append(shortfall.name) }
      for name in names {
        let ofName = group.filter { $0.name == name }
        guard let largest = ofName.first else { continue }
        let objects = largest.layout == .objects && work != .random ? ", objects" : ""
        let others = ofName.count == 1 ? "" : "; \(ofName.count) times"
        lines.append(
          "- \(work.title): \(name), by \(Figure.factor(largest.factor)) (\(largest.row.setting.title)\(objects)\(others))"
        )
      }
    }
    return lines.joined(separator: "\n")
  }

  private var floor: String {
    guard !belowFloor.isEmpty else { return "" }
    let lines = Work.allCases.compactMap { work -> String? in
      let group = belowFloor.filter { $0.row.work == work }
      guard let least = group.min(by: { $0.quotient < $1.quotient }) else { return nil }
      return """
        - \(work.title): \(group.count) of \(measuredCounts[work] ?? 0), down to \
        \(Figure.fixed(least.quotient, places: 2)) of it (\(least.row.setting.title))
        """
    }
    return "More than 5 % below the floor:\n\n" + lines.joined(separator: "\n")
  }
}
