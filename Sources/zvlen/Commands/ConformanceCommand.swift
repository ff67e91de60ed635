import ArgumentParser
import Zarr

/// The command `zvlen conformance`.
struct ConformanceCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance",
    abstract: "Writes all elements of an array as fill values in JSON, for tests of Zarr libraries.",
    discussion: """
      Each element is a line, in C order, in the form that metadata has for fill values of its data type. \
      Suites of tests that compare libraries call a program with this option. See zvlen dump for elements \
      in the form for people, and of a part of an array.
        zvlen conformance --array_path data.zarr/labels
      """)

  @Option(
    name: .customLong("array_path"), help: ArgumentHelp("The directory of the array.", valueName: "array"),
    completion: .directory)
  var path: String

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  func run() throws {
    let array = try NodeLocation.array(
      at: path, followsLinks: reading.links.followLinks, access: reading.access)
    var raw = RawElements(of: path)
    try array.writeLines(of: 0..<array.count, as: .fillValue, to: .standard(), raw: &raw)
    try raw.finish()
  }
}
