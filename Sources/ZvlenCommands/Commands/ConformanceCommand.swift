import ArgumentParser
import Zarr

/// The command `zvlen conformance`.
struct ConformanceCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance",
    abstract: "Writes all elements of an array as JSON fill values, for tests of Zarr libraries.",
    discussion: """
      Each element is a line, in C order, in the form that Zarr metadata uses for fill values of its data type. \
      Test suites that compare Zarr libraries call a program with this option. To read elements yourself, or only \
      some of them, use zvlen dump.
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
