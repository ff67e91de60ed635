import ArgumentParser
import Zarr

/// The command `zvlen tree`.
struct TreeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tree",
    abstract: "Lists a group with all arrays and groups below it, or one array.",
    discussion: """
      Shows what each array holds, its shape, the shape of its chunks, its codecs, and the bytes that it takes \
      in its store. Only metadata is read. Nodes that are damaged, or not supported, are listed with the reason, \
      and so are links that are not followed. A node in a directory that is no group itself is listed with the \
      name of the directory.
        zvlen tree photos.zarr
        zvlen tree photos.zarr --json | jq '.[] | select(.stored_bytes > 1000000000) | .path'
      """)

  @Argument(help: ArgumentHelp("The group or array.", valueName: "path"), completion: .directory)
  var path: String

  @Option(
    help: ArgumentHelp(
      "How many levels are listed; 1 is what is directly in the group (default: all).", valueName: "number"))
  var depth: Int?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Adds up the bytes that each array takes in its store.",
      discussion: "Looks at each stored chunk; leave it out where there are millions."))
  var sizes = true

  @Flag(
    help: ArgumentHelp(
      "Writes JSON.",
      discussion: "A list with an object for each node, groups before what is in them. Sizes are in bytes."))
  var json = false

  @OptionGroup var links: LinkOptions

  func validate() throws {
    if let depth, depth < 0 { throw ValidationError("--depth is not negative") }
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
