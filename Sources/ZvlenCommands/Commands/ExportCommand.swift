import ArgumentParser
import Zarr
import ZarrRemote

/// The command `zvlen export`.
struct ExportCommand: ParsableCommand, ReadingCommand, ReportingCommand {
  static let deed: String? = "exported"

  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes an imported directory, or the elements of an array as lines.",
    discussion: """
      A group with the arrays blobs and paths, which import makes from a directory, becomes that directory again. \
      Every file has the same bytes, except for a byte order mark before JSON. Nothing is written outside DEST, \
      whatever the paths in the array say, and links in DEST are not followed. If a path occurs twice, or one file \
      needs another as a directory, the export fails before it writes anything. With --keep-last it writes the later \
      file. Paths that differ only in case are reported.
        zvlen export doc.zarr -o doc

      A PATH chooses files: it is the path of one, or of a directory, or a pattern, in which * and ? stand for characters \
      of a name, and ** for any with slashes. One file can go to standard output.
        zvlen export doc.zarr -o some 'gcc*/README' gcc/html
        zvlen export doc.zarr -o - gcc/README

      An array becomes a file with an element per line, in C order. A minus sign means standard output. Fixed-width \
      text and bytes lose their zero padding. An element that contains a line feed is an error, and no file is made: \
      use --null, or zvlen dump for JSON. On standard output, the line of such an element is its bytes as \
      {"base64":...}, the others follow, and the exit code is 1. Numbers and other types that are not bytes, text or \
      JSON have the form that zvlen dump gives them.
        zvlen export events.zarr -o events.jsonl
        zvlen export events.zarr -o - | grep error

      DEST can be a URL: one object for lines, and one for each file of a group below it.
        zvlen export events.zarr -o s3://bucket/events.jsonl

      A file of lines appears when it is complete. It replaces only what was there when the export began. Pipes and \
      devices are written directly. With --overwrite, each file of a directory is the old one or the new one at any \
      moment.
      """)

  @Argument(help: ArgumentHelp("The array or group.", valueName: "source"), completion: .directory)
  var source: String

  @Argument(
    help: ArgumentHelp(
      "Paths of files and directories in the group, or patterns (default: all files).", valueName: "path"))
  var paths: [String] = []

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The directory for files, the file for lines, or its URL, or - for standard output. A directory is created.",
      valueName: "dest"), completion: .file())
  var output: String

  @Flag(help: "Replaces existing files. Without it, they are an error.")
  var overwrite = false

  @Option(
    help: ArgumentHelp(
      "The first element of an array to write, counted from 0 in C order.", valueName: "index"))
  var start: Int?

  @Option(
    help: ArgumentHelp("The maximum number of elements of an array (default: all).", valueName: "number"))
  var count: Int?

  @Flag(help: "Ends elements with a NUL byte instead of a line feed, for sort -z and xargs -0.")
  var null = false

  @Flag(
    help: ArgumentHelp(
      "If files conflict, writes the later one: they have the same path, or one needs the other as a directory.",
      discussion: "Standard error says how many files are left out. zvlen cat can read them."))
  var keepLast = false

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  @OptionGroup(title: "Reports") var report: ReportOptions

  @OptionGroup(title: "Damage") var damageOptions: DamageOptions

  func validate() throws {
    guard (start ?? 0) >= 0, (count ?? 0) >= 0 else {
      throw ValidationError("--start and --count cannot be negative")
    }
    if report.json, output == "-" {
      throw ValidationError("--json and -o - exclude each other: both write to standard output")
    }
  }

  func run() throws {
    let damage = DamageOutput(damageOptions)
    let node = try NodeLocation(source, followsLinks: reading.links.followLinks)
    switch try node.metadata {
    case .array:
      let array = try ZarrArray.open(in: node.store, access: damage.access(reading))
      guard paths.isEmpty else {
        throw ToolError(
          "\(source) is an array, which has no file \(paths[0]); --start and --count choose elements")
      }
      guard start ?? 0 <= array.count else {
        throw ToolError(
          "\(source) has \(Quantity.count(array.count, "element")), and --start is \(start ?? 0)")
      }
      let first = start ?? 0
      let export = LineExport(
        array: array, elements: first..<first + min(array.count - first, count ?? Int.max),
        terminator: null ? 0 : UInt8(ascii: "\n"), isStream: output == "-")
      var raw = RawElements(of: source)
      if output == "-" {
        try export.run(to: .standard(), raw: &raw)
      } else if let (store, key) = try Stores.value(of: output, options: Self.writing) {
        try write(to: store, key) { try export.run(to: $0, raw: &raw) }
      } else {
        try OutputFile(path: Location.path(output), overwrites: overwrite).write {
          try export.run(to: $0, raw: &raw)
        }
      }
      try damage.finish()
      try raw.finish()
    default:
      if start != nil || count != nil {
        throw ToolError(
          "--start and --count are for arrays, and \(source) holds files; name files, or a pattern")
      }
      WorkReport.countFiles()
      let export = try TreeExport(
        node.store, paths, access: damage.access(reading), skipsDamagedPaths: damage.isReplaced,
        keepsLast: keepLast)
      guard output != "-" else {
        try export.run(to: .standard(), of: source)
        return try damage.finish()
      }
      if null { throw ToolError("--null is for lines, and \(source) holds files") }
      if try Stores.path(of: output) == nil {
        let store = try Stores.open(output, options: Self.writing).rooted()
        try export.run(to: .store(store), overwrites: overwrite)
        try store.finish()
      } else {
        let path = try Location.path(output)
        if let status = try FileStatus(of: path), !status.isDirectory {
          throw ToolError("\(output) is a file; name a directory for the files")
        }
        _ = try FileStore(creating: path)
        try export.run(to: .directory(path), overwrites: overwrite)
      }
      try damage.finish()
    }
  }

  private static let writing = {
    var options = StoreOptions()
    options.isWritable = true
    return options
  }()

  /// Writes a file of lines to a store, where it appears when it is complete.
  private func write(to store: any Store, _ key: StoreKey, _ body: (OutputStream) throws -> Void) throws {
    let exists = ToolError("\(Stores.redacted(output)) exists already; --overwrite replaces it")
    if !overwrite, try store.info(of: key) != nil { throw exists }
    do {
      try store.write(key, over: overwrite ? .anything : .seen(nil), byteCount: 0) { append in
        try withoutActuallyEscaping(append) { append in try body(OutputStream(append)) }
      }
    } catch StoreError.changed {
      throw exists
    }
    try store.finish()
  }
}
