import ArgumentParser
import CommandLineOptions
import Zarr

/// The command `zvlen compare`.
struct CompareCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compares every element of two arrays, or of the arrays of two groups.",
    discussion: """
      Arrays are the same if they have the same shape and the same elements, whatever their chunks, codecs and \
      version of Zarr. Bytes, text and JSON can be compared with each other; JSON is compared by its values. \
      Groups are the same if they have the same members and attributes. The exit code is 1 at the first \
      difference, which is named.
        zvlen compare photos.zarr backup.zarr
      """)

  @Argument(help: ArgumentHelp("An array or group.", valueName: "one"), completion: .directory)
  var one: String

  @Argument(help: ArgumentHelp("Another one.", valueName: "other"), completion: .directory)
  var other: String

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  @Option(
    help: ArgumentHelp("The bytes of elements of each array that are in memory, about.", valueName: "bytes"),
    transform: ByteCount.parse)
  var memoryBudget = ByteCount(clamping: ZarrArray.standardCopyMemoryBudget)

  func run() throws {
    let nodes = try [one, other].map { path in
      try ZarrNode.open(
        in: NodeLocation(path, followsLinks: reading.links.followLinks).store, access: reading.access,
        usingConsolidatedMetadata: false)
    }
    let progress = ProgressLine("comparing")
    defer { progress.clear() }
    let difference = try nodes[0].firstDifference(
      from: nodes[1], access: reading.access, memoryBudget: memoryBudget.value, monitor: progress.monitor)
    progress.clear()
    guard let difference else { return }
    let output = OutputStream.standard()
    try output.write("\(OneLine("\(one) and \(other) differ: \(difference)"))\n")
    try output.flush()
    throw ExitCode.failure
  }
}
