import ArgumentParser
import CommandLineOptions
import Zarr
import ZarrRemote

/// The command `zvlen compare`.
struct CompareCommand: ParsableCommand, ReadingCommand, ReportingCommand {
  static let deed: String? = "compared"

  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compares every element of two arrays, or of the arrays of two groups.",
    discussion: """
      Two arrays are equal if they have the same shape and the same elements. Their chunks, codecs and Zarr \
      versions do not matter. You can compare bytes, text and JSON with each other. JSON is compared by value. \
      Two groups are equal if they have the same members and attributes. If there is a difference, the command \
      names the first one and exits with code 1.
        zvlen compare photos.zarr backup.zarr
      """)

  @Argument(help: ArgumentHelp("An array or group.", valueName: "one"), completion: .directory)
  var one: String

  @Argument(
    help: ArgumentHelp("The array or group to compare it with.", valueName: "other"), completion: .directory)
  var other: String

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  @OptionGroup(title: "Reports") var report: ReportOptions

  @Option(
    help: ArgumentHelp(
      "About how many bytes of elements of each array to hold in memory.", valueName: "bytes"),
    transform: ByteCount.parse)
  var memoryBudget = ByteCount(clamping: ZarrArray.standardCopyMemoryBudget)

  func run() throws {
    let nodes = try [one, other].map { path in
      let store = try NodeLocation(path, followsLinks: reading.links.followLinks).store
      return try ZarrNode.open(
        in: store, access: reading.access, usingConsolidatedMetadata: !store.isListable)
    }
    let progress = ProgressLine("comparing")
    defer { progress.clear() }
    let difference = try nodes[0].firstDifference(
      from: nodes[1], access: reading.access, memoryBudget: memoryBudget.value, monitor: progress.monitor)
    progress.clear()
    guard let difference else { return }
    WorkReport.add("difference", .string("\(difference)"))
    if !report.json {
      let output = OutputStream.standard()
      try output.write("\(OneLine("\(one) and \(other) differ: \(difference)"))\n")
      try output.flush()
    }
    throw ExitCode.failure
  }
}
