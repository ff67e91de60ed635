import ArgumentParser
import Zarr
import ZarrRemote

/// The command `zvlen verify`.
struct VerifyCommand: ParsableCommand, ReadingCommand, ReportingCommand {
  static let deed: String? = "checked"

  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Reads every chunk of an array, or of all arrays in a group, and reports damage.",
    discussion: """
      Each damaged chunk is a line with the path of its file and the reason. So is each damaged inner chunk of a \
      shard. Text that is not UTF-8 counts as damage. The line of a sound array begins with ok. Damage that leaves a \
      chunk readable is found only if the chunk has a checksum, which it has unless --no-checksum was given.
        zvlen verify photos.zarr

      Data that cannot be read for another reason may be sound: a chunk above the limits, an unknown codec or data \
      type, a pickle, a file without read permission, a device that fails. Such a line begins with "not checked" and \
      ends with the reason. The exit code is 0 if everything is sound, 1 if anything is damaged, and 2 if nothing is \
      damaged but not everything could be checked.

      With --deep, verify also encodes each chunk again, in memory, and reads it back. Lines that begin with note are \
      not damage, but name something that should not be there: chunks outside the shape, left by a writer that was \
      stopped, files that belong to no array or group, and temporary files. They also say how many elements at the \
      end of an array were never stored, and of how many files the array size_index has the wrong size.
        zvlen verify --deep photos.zarr

      A note also says where consolidated metadata is out of date, with or without --deep.

      To deal with damage, see zvlen repair.
      """)

  @Argument(help: ArgumentHelp("The array or group.", valueName: "array"), completion: .directory)
  var path: String

  @Flag(
    help: ArgumentHelp(
      "Also encodes each chunk again, and lists what should not be there.",
      discussion: "This takes much longer."))
  var deep = false

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  @OptionGroup(title: "Reports") var report: ReportOptions

  func run() throws {
    let node = try NodeLocation(path, followsLinks: reading.links.followLinks)
    let findings = VerificationReport(isJSON: report.json)
    try HierarchyVerification(node, access: reading.access, isDeep: deep, findings).run()
    try noteOutdatedCopies(in: node, findings)
    try findings.finish()
  }

  /// Names the groups whose consolidated metadata is out of date.
  private func noteOutdatedCopies(in node: NodeLocation, _ report: VerificationReport) throws {
    // Where members cannot be listed, nothing tells of those without a copy.
    guard node.store.isListable, let root = try node.group else { return }
    var groups = [root]
    try root.walk { entry, _ in
      // A group that cannot be opened has been reported.
      if entry.kind == .group, let group = try? root.group(at: entry.path.description) {
        groups.append(group)
      }
    }
    for group in groups {
      do {
        let paths = try group.outdatedCopies()
        guard let first = paths.first else { continue }
        let others = paths.count == 1 ? "" : " and \(Quantity.count(paths.count - 1, "other"))"
        try report.note(
          "\(group.location): the consolidated metadata is out of date about \(first)\(others); zvlen consolidate "
            + "updates it")
      } catch let error where error is ZarrError || error is StoreError {
        try report.note("\(group.location): the consolidated metadata cannot be read: \(error)")
      }
    }
  }
}
