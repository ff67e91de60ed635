import Zarr
import ZarrPlatform
import ZarrRemote

/// An array or group that you name by the path of its directory, or that is at the root of another store.
struct NodeLocation {
  /// The path of the directory, or what errors call the store.
  let path: String

  /// A store with the node as its root.
  let store: any Store

  /// The node as it is stored, perhaps damaged.
  let entry: NodeEntry

  /// Finds the node that you name.
  ///
  /// - Throws: ``ToolError`` if there is none, and ``StoreError``.
  init(
    _ name: String, followsLinks: Bool = false, isWritable: Bool = false, durability: Durability = .atomic
  ) throws {
    try self.init(
      Location(name, isWritable: isWritable, durability: durability), followsLinks: followsLinks,
      durability: durability)
  }

  /// Finds the node at a location.
  ///
  /// - Throws: As ``init(_:followsLinks:isWritable:durability:)``.
  init(_ location: Location, followsLinks: Bool = false, durability: Durability = .atomic) throws {
    switch location {
    case .directory(let path):
      self.path = try Self.directory(path)
      store = try FileStore(opening: self.path, durability: durability, followsLinksOut: followsLinks)
    case .store(let place):
      path = place.name
      store = place.store
    }
    guard let entry = NodeEntry(in: store, at: .root) else {
      // A file is known to be an archive. What a URL leads to is not looked at.
      let isArchive = path.utf8.reversed().starts(with: ".zip".utf8.reversed()) && !(store is FileStore)
      throw ToolError(
        "\(path) has no zarr.json, .zarray or .zgroup, so it is not a Zarr array or group"
          + (isArchive ? "; if it is an archive, add |zip: at the end" : ""))
    }
    self.entry = entry
    if case .store(let place) = location { try place.check(entry.zarrFormat) }
  }

  /// Has others see what was written, where they do not see each change.
  func finish() throws { try store.finish() }

  /// The path of a directory that exists, without a slash at the end.
  private static func directory(_ path: String) throws(ToolError) -> String {
    var path = path
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
    guard let status = try status(of: path) else {
      throw ToolError("\(path): there is no such directory")
    }
    guard status.isDirectory else {
      throw ToolError("\(path) is a file; name the directory of an array or group")
    }
    return path
  }

  /// The status of a path, which may be replaced at this moment.
  private static func status(of path: String) throws(ToolError) -> FileStatus? {
    if let status = try FileStatus(of: path) { return status }
    var movedPath: String?
    for _ in 0..<20 {
      movedPath = WorkingDirectory.nodeMovedAway(from: FilePath.resolve(path))
      if movedPath == nil { break }
      usleep(20_000)
      if let status = try FileStatus(of: path) { return status }
    }
    guard let movedPath else { return try FileStatus(of: path) }
    throw ToolError(
      "\(path) is missing: a command that was about to replace it was stopped; its data is in \(movedPath), and the "
        + "next import or copy to \(path) moves it back")
  }

  /// The metadata in the node's documents.
  ///
  /// - Throws: `ZarrError` and `StoreError`
  var metadata: NodeMetadata {
    get throws { try entry.metadata() }
  }

  /// The group, or nil if the node is not a group or cannot be opened.
  ///
  /// It finds its members by their own documents, and not by consolidated metadata, unless there is no other way.
  var group: ZarrGroup? {
    get throws {
      guard entry.kind == .group else { return nil }
      do {
        return try ZarrGroup.open(in: store, usingConsolidatedMetadata: !store.isListable)
      } catch {
        if RootCommand.canRunAgain(after: error) { throw error }
        return nil
      }
    }
  }

  /// Opens the array at a path.
  ///
  /// - Throws: As ``init(_:followsLinks:durability:)``, and ``ToolError`` if it is a group.
  static func array(
    at path: String, followsLinks: Bool = false, access: ArrayAccess
  ) throws -> ZarrArray {
    try array(at: path, of: NodeLocation(path, followsLinks: followsLinks), access: access)
  }

  /// Opens the array that a node is.
  ///
  /// - Throws: ``ToolError`` if it is a group, and what opening it throws.
  static func array(at path: String, of node: NodeLocation, access: ArrayAccess) throws -> ZarrArray {
    guard case .array = try node.metadata else {
      let children = try node.children().map { "\(path)/\($0)" }
      let advice =
        children.isEmpty ? "it is empty" : "name one of its members: \(children.joined(separator: ", "))"
      throw ToolError("\(path) is a group; \(advice)")
    }
    return try ZarrArray.open(in: node.store, access: access)
  }

  /// The relative paths of the members of a group, sorted.
  func children() throws -> [String] {
    try group?.children().map(\.path.description) ?? []
  }
}
