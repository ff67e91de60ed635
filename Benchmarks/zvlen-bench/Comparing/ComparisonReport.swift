import Foundation

/// All that a comparison found out; its JSON has these names in snake case.
struct ComparisonReport: Encodable, Sendable {
  /// A library that was compared.
  struct Library: Encodable, Sendable, Hashable {
    let name: String
    /// Its version, or why it is not there.
    let version: String
    /// What a reader of its figures must know.
    let note: String
  }

  /// The words that it was started with.
  let command: String
  let machine: MachineDescription
  let versions: LibraryVersions
  var libraries: [Library]
  /// The turns of each row.
  let repeats: Int
  /// Where the files were.
  let storage: String
  var rows: [ComparedRow]

  /// The report as JSON with sorted keys.
  func json() throws -> Data {
    try JSONEncoder.report.encode(self) + Data("\n".utf8)
  }
}
