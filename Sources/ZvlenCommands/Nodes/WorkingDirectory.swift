import CSystemCalls
import ChunkEngine
import Zarr
import ZarrPlatform

/// A directory beside a destination that holds a new array or group until it is complete.
///
///     data.zarr                             the destination
///     .data.zarr.0123456789abcdef.partial/
///       record.json                         names our nodes; locked while the command runs
///       node                                the new node, then the old one after the exchange
///       replaced                            the old node, if the file system cannot exchange
///
/// A command that is killed leaves the directory. The next command on the same destination finds it by its name
/// and sees that the record is not locked. It removes the nodes that the record names, and nothing else.
final class WorkingDirectory {
  /// The store of the new array or group.
  let store: FileStore

  private let contents: Contents
  private let destination: String

  /// The node to replace, or nil if there was none.
  private let replaced: NodeVersion?

  /// The locked record.
  private let record: OpenFile
  private let cleanup: Cleanup

  /// The path of the directory.
  var path: String { contents.path }

  /// Makes a directory with a name of its own.
  ///
  /// Missing parent directories are created.
  ///
  /// - Throws: ``ToolError`` and `StoreError`.
  init(for destination: String, replacing replaced: NodeVersion?, durability: Durability) throws {
    self.destination = destination
    self.replaced = replaced
    _ = try FileStore(creating: FilePath.parent(of: destination), durability: durability)
    record = try Self.makeRecord(for: destination)
    var contents = Contents(
      path: FilePath.parent(of: record.path), replaced: replaced?.identity.number)
    do {
      guard unsafe mkdir(contents.nodePath, 0o777) == 0 else {
        throw ToolError(operation: "make the directory", path: contents.nodePath, code: errno)
      }
      contents.node = try FileStatus(at: contents.nodePath)?.identity.number
      let bytes = JSONWriter().bytes(of: .object(contents.json))
      try record.write(bytes.rawSpan)
      if durability == .durable { try record.synchronize() }
      store = try FileStore(opening: contents.nodePath, durability: durability)
    } catch {
      contents.remove()
      throw error
    }
    self.contents = contents
    cleanup = Cleanup { [contents] in contents.remove() }
  }

  /// Makes a directory with a locked record in it.
  private static func makeRecord(for destination: String) throws(ToolError) -> OpenFile {
    while true {
      let contents = Contents(
        path: FilePath.parent(of: destination) + "/"
          + TemporaryName.make(for: FilePath.name(of: destination)))
      guard unsafe mkdir(contents.path, 0o777) == 0 else {
        if errno == EEXIST { continue }
        throw ToolError(operation: "make the directory", path: contents.path, code: errno)
      }
      do throws(ToolError) {
        let record = try OpenFile(contents.recordPath, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
        // Without locks, no command removes directories of others.
        if record.lock() != .isHeld, try record.isAtItsPath() { return record }
      } catch {
        _ = unsafe rmdir(contents.path)
        guard error.code == ENOENT else { throw error }
      }
      // Another command took the directory for a leftover.
    }
  }

  /// Moves the new node to the destination if nothing is there, or only an empty directory.
  ///
  /// - Returns: Whether the node was moved.
  func place() throws(ToolError) -> Bool {
    var failure: ToolError?
    let isPlaced = cleanup.holdingOff {
      if unsafe Glibc.rename(contents.nodePath, destination) == 0 { return true }
      if errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR {
        failure = ToolError(operation: "move \(contents.nodePath) to", path: destination, code: errno)
      }
      return false
    }
    if let failure { throw failure }
    return isPlaced
  }

  /// Moves the new node to the destination, in place of the node to replace.
  ///
  /// If the file system can exchange two directories, the destination is the old or the new node at every moment.
  /// Otherwise it is missing for a moment. If the process ends then, the next command moves the old node back.
  ///
  /// - Throws: ``ToolError`` if something else is there by now, which stays.
  func placeOrReplace() throws {
    guard let replaced, try FileStatus(at: destination) != nil else {
      guard try place() else {
        throw ToolError(
          "\(destination) was free when this command began, and is not any more; what is there now stays")
      }
      return
    }
    try cleanup.holdingOff { try replace(replaced) }
  }

  private func replace(_ replaced: NodeVersion) throws {
    let changed = ToolError(
      "\(destination) is not what it was when this command began: it was changed or replaced meanwhile, and stays"
    )
    guard try replaced.isStill(at: destination) else { throw changed }
    func exchange() -> Bool {
      unsafe csystemcalls_rename(AT_FDCWD, contents.nodePath, destination, csystemcalls_rename_exchange) == 0
    }
    if exchange() {
      guard try replaced.isStill(at: contents.nodePath) else {
        guard exchange() else { throw ToolError(operation: "move back", path: destination, code: errno) }
        throw changed
      }
      return
    }
    guard [EINVAL, ENOSYS, EOPNOTSUPP].contains(errno) else {
      throw ToolError(operation: "replace", path: destination, code: errno)
    }
    try Self.rename(destination, to: contents.replacedPath)
    do {
      guard try replaced.isStill(at: contents.replacedPath) else { throw changed }
      try Self.rename(contents.nodePath, to: destination)
    } catch {
      guard unsafe Glibc.rename(contents.replacedPath, destination) == 0 else {
        throw ToolError("\(error); what was there is in \(contents.replacedPath) now")
      }
      throw error
    }
  }

  /// Removes the directory with the node that is left in it: the new one, or the replaced one.
  func remove() { cleanup.run() }

  /// Removes the directories of killed commands with the same destination.
  ///
  /// If such a command had moved the old node away and not yet put the new one in its place, the old node moves
  /// back.
  static func sweep(for destination: String) {
    for contents in all(for: destination) {
      guard let record = try? OpenFile(contents.recordPath, flags: O_RDWR | O_NOFOLLOW | O_NONBLOCK) else {
        // If its owner is about to make the record, it then makes another directory.
        _ = unsafe rmdir(contents.path)
        continue
      }
      guard record.lock() == .isTaken, (try? record.isAtItsPath()) == true else { continue }
      if contents.isReplacedOnly, isFree(destination),
        unsafe Glibc.rename(contents.replacedPath, destination) == 0
      {
        try? OpenFile(FilePath.parent(of: destination), flags: O_RDONLY | O_DIRECTORY).synchronize()
      }
      if contents.hasNewNode {
        let note =
          "an import or copy to \(destination) was stopped before it was complete, and what it had stored is removed; an "
          + "import with --resume could go on"
        StandardError.write("zvlen: note: \(OneLine(note))\n")
      }
      contents.remove()
    }
  }

  /// The path of an old node that a killed command had moved away, if no other node is in its place.
  static func nodeMovedAway(from destination: String) -> String? {
    all(for: destination).first { $0.isReplacedOnly }?.replacedPath
  }

  /// All working directories of a destination.
  private static func all(for destination: String) -> [Contents] {
    let (parent, name) = (FilePath.parent(of: destination), FilePath.name(of: destination))
    let entries = try? OpenFile(parent, flags: O_RDONLY | O_DIRECTORY).entries()
    return (entries ?? []).compactMap { entry in
      let entry = String(decoding: entry.name, as: UTF8.self)
      let path = "\(parent)/\(entry)"
      guard TemporaryName.matches(entry, for: name), (try? FileStatus(at: path))??.isDirectory == true else {
        return nil
      }
      return Contents(recordedIn: path)
    }
  }

  private static func isFree(_ path: String) -> Bool {
    do { return try FileStatus(at: path) == nil } catch { return false }
  }

  private static func rename(_ source: String, to target: String) throws(ToolError) {
    guard unsafe Glibc.rename(source, target) == 0 else {
      throw ToolError(operation: "move \(source) to", path: target, code: errno)
    }
  }

  /// The contents of the directory, as its record names them.
  private struct Contents: Sendable {
    let path: String

    /// The inode number of the new node.
    var node: UInt?

    /// The inode number of the node that it replaces.
    var replaced: UInt?

    init(path: String, replaced: UInt? = nil) {
      self.path = path
      self.replaced = replaced
    }

    /// Reads a record.
    ///
    /// A record that could not be written names nothing.
    init(recordedIn path: String) {
      self.init(path: path)
      guard let file = try? OpenFile(recordPath, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
        let bytes = try? file.bytes(limit: 4096),
        let json = try? JSONParser().parse(bytes).objectValue
      else { return }
      node = json["node"]?.integerValue.map { UInt(bitPattern: $0) }
      replaced = json["replaced"]?.integerValue.map { UInt(bitPattern: $0) }
    }

    var recordPath: String { "\(path)/record.json" }
    var nodePath: String { "\(path)/node" }
    var replacedPath: String { "\(path)/replaced" }

    var json: JSONObject {
      var json: JSONObject = [:]
      for (name, number) in [("node", node), ("replaced", replaced)] {
        json[name] = number.map { .integer(Int(bitPattern: $0)) }
      }
      return json
    }

    /// Whether both nodes are here, so that none is at the destination.
    var isReplacedOnly: Bool {
      number(replacedPath) == replaced && replaced != nil && number(nodePath) == node && node != nil
    }

    /// Whether the new node is here, and not at the destination.
    var hasNewNode: Bool { node != nil && number(nodePath) == node }

    /// Removes the directory and the nodes that the record names, unless the old node has no other place.
    func remove() {
      guard !isReplacedOnly else { return }
      for path in [nodePath, replacedPath] {
        guard let number = number(path), number == node || number == replaced else { continue }
        FileStore.removeReplaced(path)
      }
      // A node that is not recorded yet is empty.
      _ = unsafe rmdir(nodePath)
      guard number(nodePath) == nil, number(replacedPath) == nil else { return }
      _ = unsafe unlink(recordPath)
      _ = unsafe rmdir(path)
    }

    private func number(_ path: String) -> UInt? { (try? FileStatus(at: path))??.identity.number }
  }
}

/// A version of a node: its directory and its documents.
struct NodeVersion {
  /// The directory.
  let identity: FileIdentity

  private let documents: [FileVersion?]

  /// Looks at a node.
  ///
  /// The result is nil if nothing is there.
  init?(at path: String) throws(ToolError) {
    guard let status = try FileStatus(at: path) else { return nil }
    identity = status.identity
    var documents: [FileVersion?] = []
    for name in ["zarr.json", ".zarray", ".zgroup", ".zattrs"] {
      documents.append(try FileStatus(at: "\(path)/\(name)")?.version)
    }
    self.documents = documents
  }

  /// Whether the same node, unchanged, is at a path.
  func isStill(at path: String) throws(ToolError) -> Bool {
    guard let other = try NodeVersion(at: path) else { return false }
    return identity == other.identity && documents == other.documents
  }
}
