import ArgumentParser
import Zarr

/// The command `zvlen repair`.
struct RepairCommand: ParsableCommand, ReadingCommand, ReportingCommand {
  static let deed: String? = "checked"

  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Removes damaged chunks from arrays, so that you can read the rest.",
    discussion: """
      Works on an array, or on all arrays in a group. Elements of a removed chunk read as the fill value, which is \
      usually empty. In a shard, only damaged inner chunks are removed, unless the index is damaged. Each removed \
      chunk is a line with the path of its file and the reason. Repair keeps the removed chunks in a directory beside \
      the array, under their own names. With --force it deletes them. If another file has the name there, that file \
      stays, and the line gives the new name.
        zvlen verify photos.zarr
        zvlen repair photos.zarr
        zvlen repair photos.zarr --force

      Repair removes only what it has just read and found damaged. A chunk that is replaced meanwhile stays, and so \
      does everything that zvlen verify cannot check. You can stop repair at any moment and run it again.

      Text that is not UTF-8 is damage that stays, because its chunk can be read. Damaged metadata stays too. The \
      exit code is 1 if any damage is left, and 2 if no damage is left but not everything could be checked.
      """)

  @Argument(help: ArgumentHelp("The array or group.", valueName: "array"), completion: .directory)
  var path: String

  @Option(
    help: ArgumentHelp(
      "The directory for removed chunks (default: the path of the array with .damaged at the end).",
      valueName: "directory"), completion: .directory)
  var aside: String?

  @Flag(help: "Deletes the chunks that are removed.")
  var force = false

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  @OptionGroup(title: "Reports") var report: ReportOptions

  func validate() throws {
    if force, aside != nil {
      throw ValidationError("--force and --aside exclude each other: --force keeps nothing")
    }
  }

  func run() throws {
    let node = try NodeLocation(path, followsLinks: reading.links.followLinks, isWritable: true)
    let files = node.store as? FileStore
    let asidePath =
      force
      ? nil : try aside.map(Location.path) ?? files.map { _ in DamageRemoval.standardPath(beside: node.path) }
    if asidePath == nil, !force {
      throw ToolError(
        "\(path) is no directory, so name one for the removed chunks with --aside, or use --force")
    }
    let removal = try DamageRemoval(from: files.map { _ in node.path }, keepingIn: asidePath)
    let findings = VerificationReport(isJSON: report.json)
    // A repair that was killed may have left temporary files, and chunks that it was about to delete.
    try files?.sweepTemporaryFiles()
    if let asidePath { _ = try? FileStore(opening: asidePath).sweepTemporaryFiles() }
    try HierarchyVerification(node, access: reading.access, removal: removal, findings).run()
    try node.finish()
    try findings.finish()
  }
}
