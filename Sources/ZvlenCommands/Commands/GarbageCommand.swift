import ArgumentParser
import ChunkEngine
import CommandLineOptions
import Zarr
import ZarrPlatform

/// The command `zvlen gc`.
struct GarbageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "Lists or removes what abandoned jobs have left beside an array.",
    discussion: """
      Workers of a cluster store elements beside an array, below .zvlen, until one commit puts them into it. A job that \
      dies before leaves them there, and they take space. Each is a line with its kind, its size in bytes, its age, and its \
      name. With --force they are removed.
        zvlen gc s3://bucket/events.zarr
        zvlen gc s3://bucket/events.zarr --older-than 7d --force

      What a running job has stored looks the same. Name an age that no job reaches. If a job commits what is being \
      removed, its commit fails as a whole or the removal leaves it alone. After its commit record is removed, a commit \
      that is repeated fails, and changes nothing.
      """)

  @Argument(help: ArgumentHelp("The array.", valueName: "array"), completion: .directory)
  var path: String

  @Option(
    help: ArgumentHelp(
      "How long ago the work has to have begun, such as 90s, 30m, 12h or 1d.", valueName: "age"),
    transform: Age.parse)
  var olderThan = Age(seconds: 86_400)

  @Flag(help: "Removes what is found.")
  var force = false

  @OptionGroup(title: "Safety") var safety: DurabilityOptions

  func run() throws {
    let node = try NodeLocation(path, isWritable: true, durability: safety.durability)
    guard node.entry.kind == .array else { throw ToolError("\(path) is a group; name one of its arrays") }
    let array = try ZarrArray.open(in: node.store)
    let work = try array.abandonedWork(olderThan: .seconds(olderThan.seconds))
    let output = OutputStream.standard()
    try output.flushing {
      for left in work {
        let age = left.beginning.map { Age(seconds: max(0, time(nil) - $0)).description } ?? "-"
        let byteCount = try array.byteCount(of: left)
        try output.write("\(left.kind.rawValue)\t\(byteCount)\t\(age)\t\(left.name)\n")
      }
    }
    if force { try array.remove(work) }
  }
}

/// How old something is, such as `1d`.
struct Age: Hashable, CustomStringConvertible, ExplainedArgument {
  let seconds: Int

  init(seconds: Int) {
    self.seconds = seconds
  }

  init?(argument: String) {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let unit = argument.last.flatMap({ units[$0] }), let count = Int(digits: argument.utf8.dropLast())
    else {
      return nil
    }
    let (seconds, overflow) = count.multipliedReportingOverflow(by: unit)
    guard !overflow else { return nil }
    self.init(seconds: seconds)
  }

  /// The age in the largest unit that it has one of.
  var description: String {
    for (unit, count) in [("d", 86_400), ("h", 3600), ("m", 60)] where seconds >= count {
      return "\(seconds / count)\(unit)"
    }
    return "\(seconds)s"
  }

  static func advice(_: String) -> String { "An age is a number with a unit, such as 90s, 30m, 12h or 1d." }
}
