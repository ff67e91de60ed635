import ArgumentParser
import ChunkEngine
import CommandLineOptions
import Zarr
import ZarrPlatform
import ZarrRemote

/// The command `zvlen gc`.
struct GarbageCommand: ParsableCommand, ReportingCommand {
  static let deed: String? = nil

  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "Lists or removes what abandoned jobs have left beside an array, or the arrays of a group.",
    discussion: """
      Workers of a cluster store elements beside an array, below .zvlen, until one commit puts them into it. A job that \
      dies before leaves them there, and they take space. A writer that dies while it sends a large chunk or shard to a \
      bucket leaves its parts, which no listing of the bucket shows. An import or copy to a bucket that is stopped leaves \
      what it has stored: its age is the time since it last said how far it had come, and it is not removed while it \
      runs. Each of these is a line with its kind, its size in \
      bytes, its age, and its name; of an upload, that is the key that it was for. With --force they are removed.
        zvlen gc s3://bucket/events.zarr
        zvlen gc s3://bucket/events.zarr --older-than 7d --force

      What a running job has stored looks the same. Name an age that no job reaches. If a job commits what is being \
      removed, its commit fails as a whole or the removal leaves it alone. After its commit record is removed, a commit \
      that is repeated fails, and changes nothing.
      """)

  @Argument(help: ArgumentHelp("The array or group.", valueName: "path"), completion: .directory)
  var path: String

  @Option(
    help: ArgumentHelp(
      "How long ago the work has to have begun, such as 90s, 30m, 12h or 1d.", valueName: "age"),
    transform: Age.parse)
  var olderThan = Age(seconds: 86_400)

  @Flag(help: "Removes what is found.")
  var force = false

  @OptionGroup(title: "Safety") var safety: DurabilityOptions

  @OptionGroup(title: "Reports") var report: ReportOptions

  func run() throws {
    let age = Duration.seconds(olderThan.seconds)
    let location = try Location(path, isWritable: true, durability: safety.durability)
    let uploads = try unfinishedUploads(at: location, olderThan: age)
    let unfinished = try unfinishedImport(at: location, olderThan: olderThan)
    // A writer that was killed may have left something before there was an array.
    let isNode = try uploads.isEmpty && unfinished.keys.isEmpty || location.hasNode()
    let arrays = try isNode ? self.arrays(at: location) : []
    let work = try arrays.map { array in
      try Interruption.check()
      return (array: array, left: try array.abandonedWork(olderThan: age))
    }
    let output = OutputStream.standard()
    var total = 0
    try output.flushing {
      for (array, left) in work {
        try write(
          left, in: array.store, prefix: array.path == .root ? "" : "\(array.path)/", to: output, &total)
      }
      if case .store(let place) = location {
        try write(uploads, in: place.store, to: output, &total)
        if !unfinished.keys.isEmpty {
          let byteCount = try place.store.byteCount(of: unfinished.keys)
          total = sumOrMaximum(total, byteCount)
          try write("import", byteCount, unfinished.age, path, to: output)
        }
      }
    }
    if force {
      for (array, left) in work { try array.remove(left) }
      if case .store(let place) = location {
        try place.store.abort(uploads)
        if !unfinished.keys.isEmpty { try StoreDestination.removeUnfinished(from: place) }
      }
    }
    let count = work.reduce(uploads.count + (unfinished.keys.isEmpty ? 0 : 1)) { $0 + $1.left.count }
    WorkReport.add(
      "leftovers", .integer(count),
      words: "\(force ? "removed" : "found") \(Quantity.count(count, "leftover"))")
    WorkReport.add("leftover_bytes", .integer(total), words: Quantity.bytes(total))
  }

  /// What was sent in part below a location, where the server says it.
  private func unfinishedUploads(at location: Location, olderThan age: Duration) throws -> [AbandonedWork] {
    guard case .store(let place) = location else { return [] }
    do {
      return try place.store.unfinishedUploads(below: "", olderThan: age)
    } catch let error as StoreError where error.isRefusal {
      StandardError.write("zvlen: note: what was sent in part is not looked for: \(OneLine(error))\n")
      return []
    }
  }

  /// What an import or copy to a location has stored, if it was stopped or is running, and its age.
  private func unfinishedImport(
    at location: Location, olderThan least: Age
  ) throws -> (keys: [StoreKey], age: Age?) {
    guard case .store(let place) = location, !place.isArchive, place.store.isListable else {
      return ([], nil)
    }
    let keys = try StoreDestination.unfinishedKeys(in: place.store)
    guard !keys.isEmpty else { return ([], nil) }
    let age = try StoreDestination.timeOfUnfinished(in: place.store).map {
      Age(seconds: max(0, time(nil) - $0))
    }
    // An age that is not known may be any.
    return (age?.seconds ?? 0) >= least.seconds ? (keys, age) : ([], nil)
  }

  /// The array at a location, or all of the group there.
  private func arrays(at location: Location) throws -> [ZarrArray] {
    let node = try NodeLocation(location, durability: safety.durability)
    if node.entry.kind == .array { return [try ZarrArray.open(in: node.store)] }
    var arrays: [ZarrArray] = []
    try ZarrGroup.open(in: node.store, usingConsolidatedMetadata: false).walk { entry, _ in
      guard entry.kind == .array else { return }
      arrays.append(try ZarrArray.open(in: node.store, at: entry.path.description))
    }
    return arrays
  }

  /// Writes a line for each, and adds their bytes to `total`.
  private func write(
    _ work: [AbandonedWork], in store: any Store, prefix: String = "", to output: OutputStream,
    _ total: inout Int
  ) throws {
    for left in work {
      try Interruption.check()
      let age = left.beginning.map { Age(seconds: max(0, time(nil) - $0)) }
      let byteCount = try store.byteCount(of: left)
      total = sumOrMaximum(total, byteCount)
      try write(left.kind.rawValue, byteCount, age, "\(prefix)\(left.name)", to: output)
    }
  }

  /// Writes a line.
  private func write(
    _ kind: String, _ byteCount: Int, _ age: Age?, _ name: String, to output: OutputStream
  ) throws {
    let object: JSONValue = [
      "kind": .string(kind), "bytes": .integer(byteCount),
      "age_seconds": age.map { .integer($0.seconds) } ?? .null, "name": .string(name),
    ]
    try output.write(
      report.json
        ? "\(object)\n" : "\(kind)\t\(byteCount)\t\(age?.description ?? "-")\t\(OneLine(name))\n")
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
