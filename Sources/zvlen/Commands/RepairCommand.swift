import ArgumentParser
import Zarr

/// The command `zvlen repair`.
struct RepairCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Takes damaged chunks out of arrays, so that the rest can be read.",
    discussion: """
      Works on an array, or on all arrays below a group. The elements of a chunk that is taken out are read as \
      the fill value, mostly as empty. Of a shard only the inner chunks are taken out that are damaged, unless \
      its index is. Each one is a line with the path of its file and the reason. What is taken out is kept in a \
      directory beside the array, with the same names below it; only with --force it is deleted. If something \
      else has such a name there, it stays, and the line says what the new one is called.
        zvlen verify photos.zarr
        zvlen repair photos.zarr
        zvlen repair photos.zarr --force

      Only what has just been read and found damaged is taken out: a chunk that is replaced meanwhile stays, and \
      so does all that zvlen verify could not check. Repair can be stopped at any moment, and run again.

      Text in a chunk that is not UTF-8 is damage that stays, since the chunk can be read, and so does damaged \
      metadata. The exit code is 1 if something damaged is still there, and 2 if nothing is but not all could be \
      checked.
      """)

  @Argument(help: ArgumentHelp("The array or group.", valueName: "array"), completion: .directory)
  var path: String

  @Option(
    help: ArgumentHelp(
      "The directory for what is taken out (default: that of the array with .damaged behind its name).",
      valueName: "directory"), completion: .directory)
  var aside: String?

  @Flag(help: "Deletes what is taken out.")
  var force = false

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  func validate() throws {
    if force, aside != nil {
      throw ValidationError("--force keeps nothing, and --aside says where to keep it")
    }
  }

  func run() throws {
    let node = try NodeLocation(path, followsLinks: reading.links.followLinks)
    let asidePath = force ? nil : aside ?? DamageRemoval.standardPath(beside: node.path)
    let removal = try DamageRemoval(from: node.path, keepingIn: asidePath)
    let report = VerificationReport()
    // A repair that was killed may have left temporary files, and chunks that it was about to delete.
    try node.store.sweepTemporaryFiles()
    if let asidePath { _ = try? FileStore(opening: asidePath).sweepTemporaryFiles() }
    try HierarchyVerification(node, access: reading.access, removal: removal, report).run()
    try report.finish()
  }
}
