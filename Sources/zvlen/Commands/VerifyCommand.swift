import ArgumentParser
import Zarr

/// The command `zvlen verify`.
struct VerifyCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Reads every chunk of an array, or of all arrays below a group, and reports what is damaged.",
    discussion: """
      Each damaged chunk is a line with the path of its file and the reason, and so is each damaged inner chunk \
      of a shard; text that is not UTF-8 counts too. A sound array is a line that begins with ok. Damage that \
      leaves a chunk readable is found only if the chunk has a checksum: see --checksum of zvlen import.
        zvlen verify photos.zarr

      What cannot be read for another reason may be sound: a chunk above the limits, a codec or data type that \
      is not known here, a pickle, a file that may not be read, a device that fails. It is a line that begins \
      with "not checked" and ends with the reason. The exit code is 0 if all is sound, 1 if anything is damaged, \
      and 2 if nothing is but not all could be checked.

      With --deep each chunk is also encoded again, in memory, and read back. Lines that begin with note say \
      what is no damage, but should not be there: chunks outside of the shape, as a writer leaves them that \
      was stopped, files that are no part of an array or group, and temporary files; and how much at the end \
      of an array was never stored.
        zvlen verify --deep photos.zarr

      Consolidated metadata that says something else than the arrays and groups do is a note, too, also \
      without --deep.

      See zvlen repair for what to do about damage.
      """)

  @Argument(help: ArgumentHelp("The array or group.", valueName: "array"), completion: .directory)
  var path: String

  @Flag(
    help: ArgumentHelp(
      "Also encodes each chunk again, and lists what should not be there.", discussion: "Takes much longer."))
  var deep = false

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  func run() throws {
    let node = try NodeLocation(path, followsLinks: reading.links.followLinks)
    let report = VerificationReport()
    try HierarchyVerification(node, access: reading.access, isDeep: deep, report).run()
    try noteOutdatedCopies(in: node, report)
    try report.finish()
  }

  /// Names the groups whose consolidated metadata says something else than the nodes do.
  private func noteOutdatedCopies(in node: NodeLocation, _ report: VerificationReport) throws {
    guard let root = try node.group else { return }
    var groups = [root]
    try root.walk { entry, _ in
      // One that cannot be opened has said so.
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
            + "makes it true")
      } catch let error where error is ZarrError || error is StoreError {
        try report.note("\(group.location): the consolidated metadata cannot be read: \(error)")
      }
    }
  }
}
