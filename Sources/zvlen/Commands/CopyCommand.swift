import ArgumentParser
import CommandLineOptions
import Zarr

/// The command `zvlen copy`.
struct CopyCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "copy",
    abstract: "Copies an array, or a group with all that is below it, with other chunks or codecs if asked.",
    discussion: """
      All is as in SRC but what the options say. Groups, attributes and names of dimensions are copied too, and \
      consolidated metadata is written where SRC has it. Chunks that are not stored are not stored in DEST. \
      Arrays that keep their chunks and codecs are copied without decoding them.
        zvlen copy photos.zarr backup.zarr
        zvlen copy photos.zarr small.zarr --codec zstd:19 --validate
        zvlen copy events.zarr sharded.zarr --chunk-bytes 16KiB --shard-bytes 64MiB
        zvlen copy table.zarr tiles.zarr --chunk-shape 256,256

      From Zarr v2 to v3 and back, codecs keep what they do and change their names. Objects of Zarr v2 become \
      the data type json, which zarr-python does not read; --type string makes text of them, which all read. An array that has what \
      the other version lacks is an error; --codec replaces all of its codecs.
        zvlen copy old.zarr new.zarr --zarr-format 3

      DEST appears when it is whole: if the copy fails or is stopped, or others change DEST meanwhile, it is as \
      it was before. With --overwrite the copy takes the place of the old one in one step. It can be in \
      a group of another hierarchy, whose consolidated metadata is then refreshed.
      """)

  @Argument(help: ArgumentHelp("The array or group.", valueName: "src"), completion: .directory)
  var source: String

  @Argument(
    help: ArgumentHelp("The directory of the copy; those above it are made.", valueName: "dest"),
    completion: .directory)
  var destination: String

  @Flag(help: "Replaces the array or group that is there, once the new one is whole.")
  var overwrite = false

  @OptionGroup(title: "Copying") var copying: CopyingOptions

  @OptionGroup(title: "New arrays") var encoding: EncodingOptions

  @OptionGroup(title: "Safety") var safety: DurabilityOptions

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  func validate() throws {
    try copying.check(with: encoding)
  }

  func run() throws {
    let node = try NodeLocation(source, followsLinks: reading.links.followLinks)
    let options = copying.options(encoding, access: reading.access)
    try checkSeparate()
    let target = try NodeDestination(
      path: destination, format: try options.zarrFormat ?? node.metadata.zarrFormat, overwrites: overwrite,
      durability: safety.durability)
    let report: CopyReport
    do {
      report = try copy(node, to: target.store, options)
      try Interruption.check()
      try target.commit()
    } catch {
      target.discard()
      throw target.named(error)
    }
    for node in report.leftOut {
      StandardError.write("zvlen: left out: \(OneLine("\(node.location): \(node.reason)"))\n")
    }
    for location in report.arraysLosingMissingValue {
      StandardError.write(
        "zvlen: note: \(OneLine(location)): xarray takes the fill value for missing elements in Zarr v2, and "
          + "not in the copy: in v3 it does so for numbers only\n")
    }
    // The copy is there, and is not all of SRC.
    if !report.leftOut.isEmpty { throw ExitCode.failure }
  }

  private func copy(_ node: NodeLocation, to store: FileStore, _ options: CopyOptions) throws -> CopyReport {
    let progress = ProgressLine("copying")
    defer { progress.clear() }
    let source = try ZarrNode.open(
      in: node.store, access: options.access, usingConsolidatedMetadata: false)
    do {
      return try source.copy(to: store, options: options, monitor: progress.monitor)
    } catch ZarrError.metadata(let path, let reason) {
      var advice = ""
      if options.zarrFormat == .version2, reason.field == "codecs" {
        advice += "; --codec replaces all codecs of the array"
      }
      if options.dataType != nil, reason.field == "data_type" { advice += "; zvlen dump writes them as JSON" }
      if source.kind == .group { advice += "; --skip-unreadable leaves it out" }
      throw ToolError("\(path): \(reason)\(advice)")
    } catch let error as StoreError where source.kind == .group && !Main.canRunAgain(after: error) {
      var advice = ""
      if case .outside = error { advice = "; --follow-links follows it" }
      throw ToolError("\(error)\(advice); --skip-unreadable leaves out what cannot be read")
    } catch ZarrError.chunkTooLarge(let path, let count, let limit, let fittingCount) {
      throw ToolError(
        "\(path.replacing(store.location, with: destination)) would have chunks of \(count) elements, and one of "
          + "them would be larger than \(Quantity.exactBytes(limit)); use --chunk-count \(fittingCount), or allow "
          + "larger ones with --chunk-limit, here and in all commands that read them")
    } catch let error as ZarrError {
      guard case .element = error, options.dataType != .bytes else { throw error }
      throw ToolError("\(error); --type bytes takes every element")
    }
  }

  /// Checks that neither of the two is inside of the other.
  private func checkSeparate() throws(ToolError) {
    let paths = [source, destination].map(NodeDestination.resolve)
    let names = paths.map { $0.split(separator: "/") }
    guard names[0] != names[1] else { throw ToolError("\(source) cannot be copied to itself") }
    if names[1].starts(with: names[0]) {
      throw ToolError("\(destination) is inside of \(source); name a directory beside it")
    }
    if names[0].starts(with: names[1]) {
      throw ToolError("\(source) is inside of \(destination), which would take its place")
    }
  }
}
