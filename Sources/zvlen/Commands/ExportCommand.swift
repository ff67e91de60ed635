import ArgumentParser
import Zarr

/// The command `zvlen export`.
struct ExportCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes an imported directory, or the elements of an array as lines.",
    discussion: """
      A group with the arrays blobs and paths, as import makes it of a directory, becomes that directory again, \
      with the same bytes in every file, but for a byte order mark in front of JSON. Nothing is written outside \
      of DEST, whatever the paths in the array say, and no link in it is followed. Paths that are there twice, and a file that another one needs as a \
      directory, are an error before anything is written; with --keep-last the later one is written. Paths \
      that are one path where case does not count are reported.
        zvlen export doc.zarr -o doc

      An array becomes a file with an element in each line, in C order; a minus sign stands for standard \
      output. Text and bytes of a fixed width come without the zeros that fill them up. An element with a line \
      feed in it is an error, and no file is made: see --null, or zvlen dump for JSON; on standard output its line \
      is its bytes as {"base64":...}, the others follow, and the exit code is 1. Numbers and all else that is no bytes, text \
      or JSON is written as zvlen dump does.
        zvlen export events.zarr -o events.jsonl
        zvlen export events.zarr -o - | grep error

      The file of lines appears when it is whole, in place of what was there at the beginning and nothing else. \
      Pipes and devices are written to as they are. Files of a directory that --overwrite replaces are the old ones \
      or the new ones.
      """)

  @Argument(help: ArgumentHelp("The array or group.", valueName: "source"), completion: .directory)
  var source: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The directory for files, which is made; or the file for lines, or - for standard output.",
      valueName: "dest"), completion: .file())
  var output: String

  @Flag(help: "Replaces files that are there; without it they are an error.")
  var overwrite = false

  @Flag(help: "Ends elements with a NUL byte in place of a line feed, as sort -z and xargs -0 read them.")
  var null = false

  @Flag(
    help: ArgumentHelp(
      "Of files with one path, or of which one is in the way of the other, writes the later one.",
      discussion: "The others are counted on standard error, and zvlen cat reads them."))
  var keepLast = false

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  @OptionGroup(title: "Damage") var damageOptions: DamageOptions

  func run() throws {
    let damage = DamageOutput(damageOptions)
    let node = try NodeLocation(source, followsLinks: reading.links.followLinks)
    switch try node.metadata {
    case .array:
      let array = try ZarrArray.open(in: node.store, access: damage.access(reading))
      let export = LineExport(
        array: array, terminator: null ? 0 : UInt8(ascii: "\n"), isStream: output == "-")
      var raw = RawElements(of: source)
      if output == "-" {
        try export.run(to: .standard(), raw: &raw)
      } else {
        try OutputFile(path: output, overwrites: overwrite).write { try export.run(to: $0, raw: &raw) }
      }
      try damage.finish()
      try raw.finish()
    default:
      let export = try TreeExport(
        node.store, access: damage.access(reading), skipsDamagedPaths: damage.isReplaced,
        keepsLast: keepLast)
      guard output != "-" else {
        throw ToolError("\(source) holds files, and -o needs a directory for them")
      }
      if null { throw ToolError("--null is for lines, and \(source) holds files") }
      if let status = try FileStatus(of: output), !status.isDirectory {
        throw ToolError("\(output) is a file; name a directory for the files")
      }
      _ = try FileStore(creating: output)
      try export.run(to: output, overwrites: overwrite)
      try damage.finish()
    }
  }
}
