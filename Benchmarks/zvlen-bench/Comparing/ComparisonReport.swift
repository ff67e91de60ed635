import Foundation

/// All that a comparison found out; its JSON has these names in snake case.
struct ComparisonReport: Codable, Sendable {
  /// A library that was compared.
  struct Library: Codable, Sendable, Hashable {
    let name: String
    /// Its version, or why it is not there.
    let version: String
    /// What a reader of its figures must know.
    let note: String
  }

  /// The words that it was started with.
  var command: String
  let machine: MachineDescription
  let versions: LibraryVersions
  var libraries: [Library]
  /// The turns of each row; of several runs the fewest.
  var repeats: Int
  /// Where the files were.
  let storage: String
  var rows: [ComparedRow]

  /// The report as JSON with sorted keys.
  func json() throws -> Data {
    try JSONEncoder.report.encode(self) + Data("\n".utf8)
  }

  /// Reads reports of several runs on one machine as one; a row of a later run takes the place of an earlier.
  static func read(_ paths: [String]) throws -> ComparisonReport? {
    let reports = try paths.map { path in
      try JSONDecoder.report.decode(ComparisonReport.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }
    guard var whole = reports.first else { return nil }
    for report in reports.dropFirst() {
      if report.command != whole.command { whole.command += "\n" + report.command }
      whole.libraries += report.libraries.filter { library in
        !whole.libraries.contains { $0.name == library.name }
      }
      whole.repeats = min(whole.repeats, report.repeats)
      for row in report.rows {
        whole.rows.removeAll { $0.setting == row.setting && $0.work == row.work }
        whole.rows.append(row)
      }
    }
    return whole
  }
}
