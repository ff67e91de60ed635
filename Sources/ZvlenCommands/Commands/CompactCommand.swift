import ArgumentParser
import CommandLineOptions
import Zarr

/// The command `zvlen compact`.
struct CompactCommand: ParsableCommand, ReadingCommand, ReportingCommand {
  static let deed: String? = nil

  static let configuration = CommandConfiguration(
    commandName: "compact",
    abstract: "Frees the space of files that were removed from an imported directory, or replaced.",
    discussion: """
      Makes the contents of removed files empty, in the chunks that have some, and leaves all other chunks alone. Files \
      keep their index. Each chunk is the old one or the new one at any moment, so that a command that is stopped can be \
      run again.
        zvlen compact doc.zarr

      If the index that leads to paths is missing or does not fit the paths, it is made again. The index of sizes, which \
      zvlen ls -l uses, gets those of files that it does not have, whose contents are read for this.
      """)

  @Argument(
    help: ArgumentHelp("The group of an imported directory.", valueName: "group"), completion: .directory)
  var path: String

  @OptionGroup(title: "Safety") var safety: DurabilityOptions

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  @OptionGroup(title: "Reports") var report: ReportOptions

  func run() throws {
    let location = try Location(path, isWritable: true, durability: safety.durability)
    let node = try NodeLocation(
      location, followsLinks: reading.links.followLinks, durability: safety.durability)
    try FileTreeGroup.change(in: node.store, access: reading.access) { group, checkLock in
      StandardStreams.noteOutput()
      let removed = try group.removedFiles()
      let freed = try group.blobs.replace(removed, by: group.blobs.metadata.fillValue)
      try checkLock()
      let index = try PathIndex(in: node.store, at: .root, access: reading.access)
      let isIndexSound = try index?.leads(to: group) ?? true
      try PathIndex.update(of: group, isNew: !isIndexSound)
      try FileSizes.complete(group)
      try location.resolved.hierarchy?.refreshConsolidatedMetadata()
      try node.finish()
      let fileCount = group.count - removed.count
      WorkReport.add(
        "freed_bytes", .integer(freed.byteCount),
        words: "freed \(Quantity.exactBytes(freed.byteCount)) of contents in "
          + Quantity.count(freed.valueCount, "chunk"))
      WorkReport.add("files", .integer(fileCount), words: "\(Quantity.count(fileCount, "file")) left")
      WorkReport.add(
        "made_index", .bool(!isIndexSound), words: isIndexSound ? "" : "the index of paths is new")
    }
  }
}
