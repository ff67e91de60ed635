import ArgumentParser
import CommandLineOptions
import Zarr

/// The command `zvlen consolidate`.
struct ConsolidateCommand: ParsableCommand, ReportingCommand {
  static let deed: String? = nil

  static let configuration = CommandConfiguration(
    commandName: "consolidate",
    abstract: "Copies the metadata of all arrays and groups in a group into the group.",
    discussion: """
      A reader then finds every array and group with one read, which helps where each read takes long, such as \
      over a network. zarr-python trusts these copies. The import and copy commands and this library keep them up \
      to date. Run consolidate again after another program has added, removed or changed arrays or groups. Zarr v3 \
      stores the copies in zarr.json, and Zarr v2 in .zmetadata. A damaged member has no copy: standard error names \
      it, and the exit code is 1.
        zvlen consolidate photos.zarr
        zvlen consolidate photos.zarr --remove
      """)

  @Argument(
    help: ArgumentHelp("The group, usually the root of a store.", valueName: "group"), completion: .directory)
  var path: String

  @Flag(help: "Removes the copies.")
  var remove = false

  @OptionGroup var links: LinkOptions

  @OptionGroup(title: "Safety") var safety: DurabilityOptions

  @OptionGroup(title: "Reports") var report: ReportOptions

  func run() throws {
    let node = try NodeLocation(
      path, followsLinks: links.followLinks, isWritable: true, durability: safety.durability)
    guard let group = try node.group else {
      _ = try node.metadata
      throw ToolError("\(path) is an array, and consolidated metadata is for groups")
    }
    // A command that was killed may have left temporary files.
    for name in ["zarr.json", ".zmetadata"] {
      try (node.store as? FileStore)?.sweepTemporaryFiles(of: StoreKey(name))
    }
    if remove {
      try group.removeConsolidatedMetadata()
      try node.finish()
      WorkReport.add("copies", .integer(0), words: "removed the copies")
    } else {
      let leftOut = try group.consolidate(leavesOutUnreadable: true)
      try node.finish()
      var count = 0
      try group.walk { _, _ in count += 1 }
      WorkReport.add(
        "copies", .integer(count), words: "copied the metadata of \(Quantity.count(count, "node"))")
      for node in leftOut {
        StandardError.write("zvlen: error: \(OneLine("\(node.location): \(node.reason); it has no copy"))\n")
      }
      if !leftOut.isEmpty { throw ExitCode.failure }
    }
  }
}
