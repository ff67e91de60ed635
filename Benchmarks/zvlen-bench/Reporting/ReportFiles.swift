import ArgumentParser
import Foundation

/// The flags that say where results are written.
struct ReportFiles: ParsableArguments {
  @Option(help: ArgumentHelp("Write the results as JSON.", valueName: "FILE"))
  var json: String?

  @Option(help: ArgumentHelp("Write the tables as Markdown.", valueName: "FILE"))
  var markdown: String?

  @Option(
    help: ArgumentHelp("Write a page with charts and tables, which needs no other file.", valueName: "FILE"))
  var html: String?

  /// Writes the files that were asked for.
  func write(json: () throws -> Data, markdown: () -> String, page: () -> HTMLPage) throws {
    if let path = self.json { try json().write(to: URL(fileURLWithPath: path)) }
    if let path = self.markdown { try Data(markdown().utf8).write(to: URL(fileURLWithPath: path)) }
    if let path = html { try Data(page().rendered().utf8).write(to: URL(fileURLWithPath: path)) }
  }
}
