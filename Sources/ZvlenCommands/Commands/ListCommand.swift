import ArgumentParser
import ChunkEngine
import Zarr

/// The command `zvlen ls`.
struct ListCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls",
    abstract: "Lists the files and directories of an imported directory.",
    discussion: """
      Without a PATH, lists what is at the top. A PATH that is a directory stands for what is in it. In a pattern, * and \
      ? stand for characters of a name, [a-z] for one of some, ** for any with slashes, and **/ also for no directory. \
      Names of directories end with a slash.
        zvlen ls doc.zarr
        zvlen ls -l doc.zarr 'gcc*/**/*.gz'
        zvlen ls -0 -r doc.zarr | xargs -0 -n 1 basename

      On a terminal, a path with characters that a terminal does not show as they are is written as JSON text. \
      Elsewhere paths are written as they are. A path can have a line feed in it: use --null or --json where that matters.

      Paths are text, in the order of their bytes, or with --recursive in the order in which they are stored. --long \
      finds sizes in the array size_index, which an import makes. If the size of a file is not there, its contents are \
      read, and zvlen compact adds it.
      """)

  @Argument(
    help: ArgumentHelp("The group of an imported directory.", valueName: "group"), completion: .directory)
  var path: String

  @Argument(
    help: ArgumentHelp("Paths of files and directories in the group, or patterns.", valueName: "path"))
  var paths: [String] = []

  @Flag(name: [.customShort("r"), .customShort("R"), .long], help: "Lists all files in directories.")
  var recursive = false

  @Flag(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Writes the size of each file in bytes before its path.",
      discussion: "For a directory it is the number of files in it, with a slash after it."))
  var long = false

  @Flag(name: [.customShort("0"), .long], help: "Ends each path with a NUL byte instead of a line feed.")
  var null = false

  @Flag(
    help: ArgumentHelp(
      "Writes JSON.",
      discussion: "An object for each file has its path, its index, and with --long its size."))
  var json = false

  @Flag(help: "Leaves out the line on a terminal that says at the end what was listed.")
  var quiet = false

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  func validate() throws {
    if json, null { throw ValidationError("--json and --null exclude each other") }
  }

  func run() throws {
    let node = try NodeLocation(path, followsLinks: reading.links.followLinks)
    let group = try FileTreeGroup(in: node.store, access: reading.access)
    let output = OutputStream.standard()
    let list = try EntryList(
      of: group, to: output,
      form: json ? .json : .paths(terminator: null ? 0 : UInt8(ascii: "\n")), isLong: long)
    try output.flushing {
      try list.begin()
      if recursive {
        try writeFiles(of: group, to: list)
      } else {
        try list.write(entries(of: group))
      }
      try list.end()
    }
    // A program that reads a list counts by itself.
    if !quiet, StandardError.isTerminal { WorkReport.say([list.summary]) }
  }

  /// Writes all files that fit.
  private func writeFiles(of group: FileTreeGroup, to list: EntryList) throws {
    guard paths.isEmpty else {
      let files = Set(try group.files(matching: paths).flatMap { $0.files + $0.below }).sorted()
      return try group.paths.forEachPart(of: files) { part, elements in
        try list.write(
          zip(part, elements.indices).map { FileEntry(path: elements.bytes(at: $1), file: $0, count: 1) })
      }
    }
    var entries: [FileEntry] = []
    try group.forEachRawPath(in: 0..<group.count) { file, path in
      entries.append(FileEntry(path: [UInt8](copying: path), file: file, count: 1))
      guard entries.count >= 1 << 12 else { return }
      try list.write(entries)
      entries.removeAll(keepingCapacity: true)
    }
    try list.write(entries)
  }

  /// The files that fit, and the directories, or what is in them if you named them.
  private func entries(of group: FileTreeGroup) throws -> [FileEntry] {
    let patterns = (paths.isEmpty ? [""] : paths).map { PathPattern($0) }
    if !paths.isEmpty, patterns.allSatisfy({ !$0.isPattern }) {
      let found = try group.files(matching: paths)
      if found.allSatisfy({ $0.below.isEmpty }) {
        return zip(patterns, found).flatMap { pattern, found in
          found.files.map { FileEntry(path: Array(pattern.path.utf8), file: $0, count: 1) }
        }
      }
    }
    var entries: [[UInt8]: FileEntry] = [:]
    var isFound = [Bool](repeating: paths.isEmpty, count: patterns.count)
    try group.forEachRawPath(in: 0..<group.count) { file, path in
      for (number, pattern) in patterns.enumerated() {
        let isPath = path.isEqual(to: pattern.path.utf8Bytes)
        guard let match = isPath ? .file : pattern.match(path) else { continue }
        isFound[number] = true
        var name = [UInt8](copying: path)
        if case .below(let count) = match {
          // A directory that a pattern finds is listed itself.
          let start = pattern.isPattern ? count : count == 0 ? 0 : count + 1
          if let slash = name[start...].firstIndex(of: UInt8(ascii: "/")) {
            name.removeSubrange((slash + 1)...)
          }
        }
        let isFile = name.last != UInt8(ascii: "/")
        entries[name, default: FileEntry(path: name, file: isFile ? file : nil, count: 0)].count += 1
      }
    }
    if let number = isFound.firstIndex(of: false) {
      throw ToolError("\(group.location) has no file or directory \(paths[number])")
    }
    return entries.values.sorted { $0.path.lexicographicallyPrecedes($1.path) }
  }
}

/// A file or directory that is listed.
private struct FileEntry {
  /// Its path, with a slash at the end for a directory.
  let path: [UInt8]

  /// The position of a file, or nil for a directory.
  let file: Int?

  /// The number of files in it.
  var count: Int
}

/// Writes what is listed.
private final class EntryList {
  enum Form {
    case json
    case paths(terminator: UInt8)
  }

  private let output: OutputStream
  private let form: Form
  private var sizes: FileSizes?
  private var isFirst = true
  private var (fileCount, directoryCount, byteCount) = (0, 0, 0)

  init(of group: FileTreeGroup, to output: OutputStream, form: Form, isLong: Bool) throws {
    self.output = output
    self.form = form
    sizes = isLong ? try FileSizes(of: group) : nil
  }

  func begin() throws { if case .json = form { try output.write("[") } }

  func end() throws { if case .json = form { try output.write(isFirst ? "]\n" : "\n]\n") } }

  /// How much was listed.
  var summary: String {
    var words = [Quantity.count(fileCount, "file")]
    if directoryCount > 0 { words.append(Quantity.count(directoryCount, "directory", many: "directories")) }
    if sizes != nil { words.append(Quantity.bytes(byteCount)) }
    return "listed " + words.joined(separator: ", ")
  }

  /// Writes files and directories.
  func write(_ entries: [FileEntry]) throws {
    let files = entries.compactMap(\.file)
    var byteCounts = try sizes?.byteCounts(of: files).makeIterator()
    for entry in entries { try write(entry, entry.file == nil ? nil : byteCounts?.next()) }
  }

  private func write(_ entry: FileEntry, _ byteCount: Int?) throws {
    if entry.file == nil { directoryCount += 1 } else { fileCount += 1 }
    self.byteCount = sumOrMaximum(self.byteCount, byteCount ?? 0)
    if case .json = form {
      var object: JSONObject = ["path": .string(String(decoding: entry.path, as: UTF8.self))]
      object[entry.file == nil ? "files" : "index"] = .integer(entry.file ?? entry.count)
      if let byteCount { object["bytes"] = .integer(byteCount) }
      let isFirst = isFirst
      self.isFirst = false
      return try output.write { buffer in
        buffer.append(contentsOf: (isFirst ? "\n" : ",\n").utf8)
        JSONWriter(style: .compact).append(.object(object), to: &buffer)
      }
    }
    if sizes != nil {
      let size = byteCount.map(String.init) ?? "\(entry.count)/"
      try output.write(String(repeating: " ", count: max(0, 12 - size.utf8.count)) + size + "  ")
    }
    if case .paths(let terminator) = form { try output.writePath(entry.path, terminator: terminator) }
  }
}
