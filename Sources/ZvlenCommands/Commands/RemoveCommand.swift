import ArgumentParser
import ChunkEngine
import CommandLineOptions
import Zarr

/// The command `zvlen rm`.
struct RemoveCommand: ParsableCommand, ReadingCommand, ReportingCommand {
  static let deed: String? = nil

  static let configuration = CommandConfiguration(
    commandName: "rm",
    abstract: "Removes files from an imported directory.",
    discussion: """
      All files are removed at once: if the command is stopped, either all of them are there or none. In a pattern, * and \
      ? stand for characters of a name, [a-z] for one of some, and ** for any with slashes. If a PATH stands for no file, \
      nothing is removed. --dry-run shows what would be.
        zvlen rm doc.zarr gcc/README
        zvlen rm doc.zarr --dry-run '**/*.gz'
        zvlen rm doc.zarr -r gcc

      cat, ls, grep, export and verify do not find a removed file any more. Other files keep their index. In the array of \
      paths, its path becomes one NUL character, which is what other programs read. Its contents stay in their chunk \
      of the array of contents, where other programs still find them, until zvlen compact makes them empty.

      An import with --append --resume that goes on later imports a removed file again if its directory still has it.
      """)

  @Argument(
    help: ArgumentHelp("The group of an imported directory.", valueName: "group"), completion: .directory)
  var path: String

  @Argument(help: ArgumentHelp("Paths of files in the group, or patterns.", valueName: "path"))
  var paths: [String]

  @Flag(name: .shortAndLong, help: "Also removes all files of directories.")
  var recursive = false

  @Flag(
    name: .shortAndLong,
    help: "A PATH that stands for no file is no error.")
  var force = false

  @Flag(name: [.customShort("n"), .long], help: "Only writes the paths of the files that would be removed.")
  var dryRun = false

  @OptionGroup(title: "Safety") var safety: DurabilityOptions

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  @OptionGroup(title: "Reports") var report: ReportOptions

  func validate() throws {
    if paths.contains(where: { PathPattern($0).path.isEmpty }) {
      throw ValidationError("An empty PATH, or only slashes, names no file. '**' stands for all files.")
    }
  }

  func run() throws {
    let node = try NodeLocation(
      path, followsLinks: reading.links.followLinks, isWritable: true, durability: safety.durability)
    if dryRun {
      let group = try FileTreeGroup(in: node.store, access: reading.access)
      let files = try chosenFiles(of: group)
      try write(files, of: group)
      return say("would remove", files)
    }
    try FileTreeGroup.change(in: node.store, access: reading.access) { group, checkLock in
      let files = try chosenFiles(of: group)
      guard !files.isEmpty else { return say("removed", []) }
      let byteCount = try group.byteCount(of: files)
      try checkLock()
      StandardStreams.noteOutput()
      try group.remove(files)
      try node.finish()
      say("removed", files)
      WorkReport.add(
        "content_bytes", .integer(byteCount),
        words: "\(Quantity.exactBytes(byteCount)) of contents stay in old chunks until zvlen compact \(path)")
    }
  }

  private func say(_ deed: String, _ files: [Int]) {
    WorkReport.add("files", .integer(files.count), words: "\(deed) \(Quantity.count(files.count, "file"))")
  }

  private func chosenFiles(of group: FileTreeGroup) throws -> [Int] {
    var files: Set<Int> = []
    for (text, found) in zip(paths, try group.files(matching: paths, allowsNone: force)) {
      if !found.below.isEmpty, !recursive {
        throw ToolError("\(text) stands for a directory in \(path); -r removes all files in it")
      }
      files.formUnion(found.files + found.below)
    }
    return files.sorted()
  }

  private func write(_ files: [Int], of group: FileTreeGroup) throws {
    let output = OutputStream.standard()
    try output.flushing {
      try group.paths.forEachPart(of: files) { _, paths in
        for index in paths.indices {
          guard report.json else {
            try output.writePath(paths.bytes(at: index))
            continue
          }
          let object: JSONValue = ["path": .string(String(decoding: paths[index], as: UTF8.self))]
          try output.write("\(object)\n")
        }
      }
    }
  }
}
