import ArgumentParser
import Foundation

/// Makes the page, the drawings and the README's table from committed results.
struct PublishCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish",
    abstract: "Makes a page, drawings and a part of a README from the results in a directory.",
    discussion: """
      Reads every compare*.json, run*.json and grow*.json of the directory, which `compare`, `run` and `grow` write \
      with --json; a row of a later name takes the place of the same row of an earlier. Writes index.html and the drawings there, and \
      tables into its README.md.
      """)

  @Option(help: "The directory with the results.")
  var results = "Benchmarks/Results"

  @Option(help: ArgumentHelp("Replace what is between the marks in this file.", valueName: "FILE"))
  var readme: String?

  func run() throws {
    let directory = try ResultsDirectory(results)
    try directory.writeFiles()
    let own = "\(results)/README.md"
    if FileManager.default.fileExists(atPath: own) { try replace(in: own, with: directory.tables) }
    guard let readme else { return }
    try replace(in: readme, with: directory.summary(linkingTo: results))
  }

  /// Puts a text between the marks of a file.
  private func replace(in path: String, with part: String) throws {
    let location = URL(fileURLWithPath: path)
    guard let text = MarkedText(try String(contentsOf: location, encoding: .utf8)) else {
      throw BenchmarkError.noData(path: path, reason: "The marks are not there once each.")
    }
    try Data(text.replacing(with: part).utf8).write(to: location)
  }
}
