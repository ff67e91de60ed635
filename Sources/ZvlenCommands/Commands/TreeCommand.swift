import ArgumentParser
import Zarr

/// The command `zvlen tree`.
struct TreeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tree",
    abstract: "Lists an array, or a group with all arrays and groups in it.",
    discussion: """
      For each array, shows the data type, the shape, the chunk shape, the codecs and the stored size. Only metadata \
      is read. If a node is damaged or not supported, its line gives the reason. So does the line of a link that is \
      not followed. If a directory is not a group, the nodes in it are listed with its name in their paths.
        zvlen tree photos.zarr
        zvlen tree photos.zarr --json | jq '.[] | select(.stored_bytes > 1000000000) | .path'
      """)

  @Argument(help: ArgumentHelp("The group or array.", valueName: "path"), completion: .directory)
  var path: String

  @Option(
    help: ArgumentHelp(
      "How many levels to list. 1 lists only the members of the group (default: all).", valueName: "number"))
  var depth: Int?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Adds up the stored bytes of each array.",
      discussion: "This looks at each stored chunk. Use --no-sizes if there are millions."))
  var sizes = true

  @Flag(
    help: ArgumentHelp(
      "Writes JSON.",
      discussion: "A list with an object for each node, each group before its members. Sizes are in bytes."))
  var json = false

  @OptionGroup var links: LinkOptions

  func validate() throws {
    if let depth, depth < 0 { throw ValidationError("--depth cannot be negative") }
  }

  func run() throws {
    let node = try NodeLocation(path, followsLinks: links.followLinks)
    let output = OutputStream.standard()
    if json {
      try writeJSON(node, to: output)
    } else {
      try writeLines(node, to: output)
    }
    try output.flush()
  }

  private func writeJSON(_ node: NodeLocation, to output: OutputStream) throws {
    let writer = JSONWriter(style: .compact)
    try output.write("[\n")
    try output.write { buffer in writer.append(try summary(of: node.entry, in: node).json, to: &buffer) }
    try node.group?.walk(maximumDepth: depth ?? Int.max) { entry, _ in
      try Interruption.check()
      let summary = try summary(of: entry, in: node)
      try output.write { buffer in
        buffer.append(contentsOf: ",\n".utf8)
        writer.append(summary.json, to: &buffer)
      }
    }
    try output.write("\n]\n")
  }

  private func writeLines(_ node: NodeLocation, to output: OutputStream) throws {
    try output.write("\(OneLine("\(node.path): \(try summary(of: node.entry, in: node).words)"))\n")
    guard let group = try node.group else { return }
    try TreeDrawing(of: group, maximumDepth: depth ?? Int.max).forEachLine { branches, name, entry in
      try Interruption.check()
      let line = OneLine("\(name): \(try summary(of: entry, in: node).words)")
      try output.write("\(branches)\(line)\n")
    }
  }

  private func summary(of entry: NodeEntry, in node: NodeLocation) throws -> NodeSummary {
    let path = entry.path.names.isEmpty ? node.path : "\(node.path)/\(entry.path)"
    return try NodeSummary(of: entry, in: node.store, path: path, addsSizes: sizes)
  }
}

/// The nodes in a group with the branches that lead to them.
///
///     ├── labels
///     └── run
///         └── images
private struct TreeDrawing {
  private let group: ZarrGroup
  private let maximumDepth: Int

  /// Prepares to draw down to a depth.
  init(of group: ZarrGroup, maximumDepth: Int) {
    self.group = group
    self.maximumDepth = maximumDepth
  }

  /// Passes each node to `body`, with its branches and its path in its group.
  ///
  /// A group comes before its members.
  ///
  /// - Throws: `StoreError`, and what `body` throws.
  func forEachLine(_ body: (_ branches: String, _ name: String, NodeEntry) throws -> Void) throws {
    var groups = [group.path]
    try group.walkBranches(maximumDepth: maximumDepth) { entry, isLast in
      groups.removeLast(groups.count - isLast.count)
      let name = entry.path.names.dropFirst(groups[groups.count - 1].names.count).joined(separator: "/")
      let branches = isLast.dropLast().map { $0 ? "    " : "│   " } + [isLast.last == true ? "└── " : "├── "]
      try body(branches.joined(), name, entry)
      groups.append(entry.path)
    }
  }
}
