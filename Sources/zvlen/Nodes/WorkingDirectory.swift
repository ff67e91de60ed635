import CSystemCalls
import Foundation
import Zarr

/// A directory beside a destination that holds a new array or group until it is whole.
///
///     data.zarr                             the destination
///     .data.zarr.0123456789abcdef.partial/
///       record.json                         which nodes in here are ours; locked as long as the command runs
///       node                                the new one, and the old one once the two are exchanged
///       replaced                            the old one, where a file system cannot exchange
///
/// A command that is killed leaves the directory. The next command on the same destination finds it by its name,
/// sees that the record is not locked, and removes what the record names and nothing else.
final class WorkingDirectory {
  /// The store of the new array or group.
  let store: FileStore

  private let contents: Contents
  private let destination: String

  /// What is to be replaced, or nil if there was nothing.
  private let replaced: NodeVersion?

  /// Held for its lock.
  private let record: OpenFile
  private let cleanup: Cleanup

  /// The path of the directory.
  var path: String { contents.path }

  /// Makes a directory that no one else has.
  ///
  /// - Parameters:
  ///   - destination: The path of the node. The directories above it are made.
  ///   - replaced: What is there and is to be replaced, or nil.
  ///   - durability: What of the files survives.
  /// - Throws: ``ToolError`` and `StoreError`.
  init(for destination: String, replacing replaced: NodeVersion?, durability: Durability) throws {
    self.destination = destination
    self.replaced = replaced
    _ = try FileStore(creating: NodeDestination.parent(of: destination), durability: durability)
    record = try Self.makeRecord(for: destination)
    var contents = Contents(
      path: NodeDestination.parent(of: record.path), replaced: replaced?.identity.number)
    do {
      guard unsafe mkdir(contents.nodePath, 0o777) == 0 else {
        throw ToolError(operation: "make the directory", path: contents.nodePath, code: errno)
      }
      contents.node = try FileStatus(at: contents.nodePath)?.identity.number
      let bytes = JSONWriter().bytes(of: .object(contents.json))
      // SAFETY: Bytes have no padding.
      try record.write(unsafe bytes.span.bytes)
      if durability == .durable { try record.synchronize() }
      store = try FileStore(opening: contents.nodePath, durability: durability)
    } catch {
      contents.remove()
      throw error
    }
    self.contents = contents
    cleanup = Cleanup { [contents] in contents.remove() }
  }

  /// Makes a directory, and the record in it, which is locked.
  private static func makeRecord(for destination: String) throws(ToolError) -> OpenFile {
    while true {
      let contents = Contents(
        path: NodeDestination.parent(of: destination) + "/"
          + TemporaryName.make(for: NodeDestination.name(of: destination)))
      guard unsafe mkdir(contents.path, 0o777) == 0 else {
        if errno == EEXIST { continue }
        throw ToolError(operation: "make the directory", path: contents.path, code: errno)
      }
      do throws(ToolError) {
        let record = try OpenFile(contents.recordPath, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
        // Where there are no locks, nobody takes the directory for one that was left.
        if record.lock() != .isHeld, try record.isAtItsPath() { return record }
      } catch {
        _ = unsafe rmdir(contents.path)
        guard error.code == ENOENT else { throw error }
      }
      // Another command has taken it for one that was left.
    }
  }

  /// Moves the new node to the destination, if there is nothing, or an empty directory.
  ///
  /// - Returns: Whether it is there.
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

  /// Moves the new node to the destination, in place of the one that was to be replaced, if there was one.
  ///
  /// Where the file system can exchange two directories, the destination is the old or the new one at every
  /// moment. Others have nothing there for a moment; if the process ends then, the next command moves the old one
  /// back.
  ///
  /// - Throws: ``ToolError`` if there is something else by now, which stays.
  func placeOrReplace() throws {
    guard let replaced, try FileStatus(at: destination) != nil else {
      guard try place() else {
        throw ToolError(
          "\(destination) was free when this command began, and is not any more; what is there stays")
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

  /// Removes the directory with what is left in it: the new node, or the one that was replaced.
  func remove() { cleanup.run() }

  /// Removes what commands to the same destination left when they were killed, and moves a node back that was to
  /// be replaced and was not.
  static func sweep(for destination: String) {
    for contents in all(for: destination) {
      guard let record = try? OpenFile(contents.recordPath, flags: O_RDWR | O_NOFOLLOW | O_NONBLOCK) else {
        // If its owner is about to make the record, it makes another directory then.
        _ = unsafe rmdir(contents.path)
        continue
      }
      guard record.lock() == .isTaken, (try? record.isAtItsPath()) == true else { continue }
      if contents.isReplacedOnly, isFree(destination),
        unsafe Glibc.rename(contents.replacedPath, destination) == 0
      {
        try? OpenFile(NodeDestination.parent(of: destination), flags: O_RDONLY | O_DIRECTORY).synchronize()
      }
      contents.remove()
    }
  }

  /// Where a node is that was to be replaced, if a command was killed just then and there is nothing in its place.
  static func nodeMovedAway(from destination: String) -> String? {
    all(for: destination).first { $0.isReplacedOnly }?.replacedPath
  }

  /// All working directories of a destination.
  private static func all(for destination: String) -> [Contents] {
    let (parent, name) = (NodeDestination.parent(of: destination), NodeDestination.name(of: destination))
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    return entries.compactMap { entry in
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

  /// What is in the directory, as its record says.
  private struct Contents: Sendable {
    let path: String

    /// The number by which the system knows the new node.
    var node: UInt?

    /// The number of the node that it replaces.
    var replaced: UInt?

    init(path: String, replaced: UInt? = nil) {
      self.path = path
      self.replaced = replaced
    }

    /// Takes what a record says, which is nothing if it could not be written.
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

    /// Whether the old node is here and the new one is not in its place.
    var isReplacedOnly: Bool {
      number(replacedPath) == replaced && replaced != nil && number(nodePath) == node && node != nil
    }

    /// Removes the directory, but for what the record does not name and a node that has no other place.
    func remove() {
      guard !isReplacedOnly else { return }
      for path in [nodePath, replacedPath] {
        guard let number = number(path), number == node || number == replaced else { continue }
        FileStore.removeReplaced(path)
      }
      // A node that was not recorded yet has nothing in it.
      _ = unsafe rmdir(nodePath)
      guard number(nodePath) == nil, number(replacedPath) == nil else { return }
      _ = unsafe unlink(recordPath)
      _ = unsafe rmdir(path)
    }

    private func number(_ path: String) -> UInt? { (try? FileStatus(at: path))??.identity.number }
  }
}

/// What was at a place: the directory of a node, and its documents.
struct NodeVersion {
  /// The directory.
  let identity: FileStatus.Identity

  private let documents: [FileStatus.Version?]

  /// Looks at a node; the result is nil if there is nothing.
  init?(at path: String) throws(ToolError) {
    guard let status = try FileStatus(at: path) else { return nil }
    identity = status.identity
    var documents: [FileStatus.Version?] = []
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
