import ArgumentParser
import Zarr
import ZarrRemote

/// The command `zvlen info`.
struct InfoCommand: ParsableCommand, ReadingCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Describes an array, or a group and all arrays in it.",
    discussion: """
      Shows the shape, data type, chunks and codecs, the stored and decoded sizes, and the sizes of the elements. \
      To find them, the command reads all chunks. The quantile p25 is the size that a quarter of the elements do not \
      exceed. If a member of a group cannot be read, its entry gives the reason. For an imported directory, it says how \
      many files there are, and whether the index that leads to their paths fits.
        zvlen info photos.zarr
        zvlen info photos.zarr/blobs --json
      """)

  @Argument(help: ArgumentHelp("The array or group.", valueName: "array"), completion: .directory)
  var path: String

  @Flag(
    help: ArgumentHelp(
      "Writes JSON.", discussion: "A group lists its members in \"members\". Sizes are in bytes."))
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
    if case .array = try node.metadata { return try description(of: node.entry, in: node).json }
    // Each open group, from the top down, with the members found so far.
    var groups = [try description(ofGroup: .root, in: node)]
    func close(downTo count: Int) {
      while groups.count > count, let group = groups.popLast() {
        groups[groups.count - 1].members.append(group.json)
      }
    }
    try openGroup(node).walkBranches(maximumDepth: Int.max) { entry, isLast in
      try Interruption.check()
      close(downTo: isLast.count)
      let path = "\(node.path)/\(entry.path)"
      do {
        if case .array = try entry.metadata() {
          groups[groups.count - 1].members.append(try description(of: entry, in: node).json)
        } else {
          groups.append(try description(ofGroup: entry.path, in: node))
        }
      } catch let error where Self.isOfMember(error) {
        groups[groups.count - 1].members.append([
          "path": .string(path), "node_type": (entry.kind?.rawValue).map(JSONValue.string) ?? .null,
          "error": .string(NodeSummary.reason(for: error)),
        ])
      }
    }
    close(downTo: 1)
    return groups[0].json
  }

  private func description(ofGroup path: NodePath, in node: NodeLocation) throws -> GroupDescription {
    try GroupDescription(
      of: path, in: node.store, path: path == .root ? node.path : "\(node.path)/\(path)", reading.access)
  }

  private func describe(_ node: NodeLocation, to output: OutputStream) throws {
    if case .array = try node.metadata {
      return try write(try description(of: node.entry, in: node).lines, to: output)
    }
    let group = try openGroup(node)
    try write(description(ofGroup: .root, in: node).lines(try group.children().count), to: output)
    try group.walk { entry, _ in
      try Interruption.check()
      let path = "\(node.path)/\(entry.path)"
      var lines: [String]
      do {
        if case .array = try entry.metadata() {
          lines = try description(of: entry, in: node).lines
        } else {
          lines = try description(ofGroup: entry.path, in: node)
            .lines(group.group(at: entry.path.description).children().count)
        }
      } catch let error where Self.isOfMember(error) {
        lines = ["\(path): \(NodeSummary.reason(for: error))"]
      }
      try write([""] + lines, to: output)
    }
  }

  private func write(_ lines: [String], to output: OutputStream) throws {
    for line in lines { try output.write("\(OneLine(line))\n") }
  }

  private func openGroup(_ node: NodeLocation) throws -> ZarrGroup {
    try ZarrGroup.open(in: node.store, usingConsolidatedMetadata: !node.store.isListable)
  }

  /// Whether an error concerns only one member of a group.
  private static func isOfMember(_ error: any Error) -> Bool {
    if case ZarrError.cancelled = error { return false }
    if RootCommand.canRunAgain(after: error) { return false }
    return error is ZarrError || error is StoreError || error is ToolError
  }

  private func description(of entry: NodeEntry, in node: NodeLocation) throws -> ArrayDescription {
    let path = entry.path == .root ? node.path : "\(node.path)/\(entry.path)"
    do {
      let array = try ZarrArray.open(
        in: node.store, at: entry.path.description, access: reading.access)
      return try ArrayDescription(of: array, path: path)
    } catch let error as ZarrError {
      guard case .chunk = error, FailureKind(of: error) == .damaged else { throw error }
      throw ToolError("\(error); zvlen verify lists all damage")
    }
  }
}
