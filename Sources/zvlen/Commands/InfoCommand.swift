import ArgumentParser
import Zarr

/// The command `zvlen info`.
struct InfoCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Describes an array, or a group and all arrays in it.",
    discussion: """
      Shows the shape, the data type, the chunks, the codecs, how many bytes are stored and how many they \
      decode to, and the sizes of the elements. All chunks are read for that. Of the quantiles, p25 is the \
      size that a quarter of the elements does not exceed.
        zvlen info photos.zarr
        zvlen info photos.zarr/blobs --json
      """)

  @Argument(help: ArgumentHelp("The array or group.", valueName: "array"), completion: .directory)
  var path: String

  @Flag(
    help: ArgumentHelp(
      "Writes JSON.", discussion: "One object; a group has its members in \"members\". Sizes are in bytes."))
  var json = false

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  func run() throws {
    let node = try NodeLocation(path, followsLinks: reading.links.followLinks)
    let output = OutputStream.standard()
    if json {
      try output.write { buffer in
        JSONWriter(style: .pretty).append(try describe(node), to: &buffer)
        buffer.append(UInt8(ascii: "\n"))
      }
    } else {
      try describe(node, to: output)
    }
    try output.flush()
  }

  private func describe(_ node: NodeLocation) throws -> JSONValue {
    if case .array = try node.metadata { return try description(of: node).json }
    let members = try node.members().map(describe)
    return ["path": .string(node.path), "node_type": "group", "members": .array(members)]
  }

  private func describe(_ node: NodeLocation, to output: OutputStream) throws {
    if case .array = try node.metadata {
      for line in try description(of: node).lines {
        try output.write("\(OneLine(line))\n")
      }
      return
    }
    let names = try node.children()
    try output.write("\(OneLine(node.path)): group of \(Quantity.count(names.count, "member"))\n")
    for member in try node.members() {
      try output.write("\n")
      try describe(member, to: output)
    }
  }

  private func description(of node: NodeLocation) throws -> ArrayDescription {
    do {
      let array = try ZarrArray.open(in: node.store, access: reading.access)
      return try ArrayDescription(of: array, path: node.path)
    } catch let error as ZarrError {
      guard case .chunk = error, FailureKind(of: error) == .damaged else { throw error }
      throw ToolError("\(error); zvlen verify finds all that is damaged")
    }
  }
}
