import Zarr
import ZarrPlatform

/// The place where a command puts an array or group.
///
/// A new array or group is written beside its place, and moved there when it is complete. Work that fails or is
/// stopped leaves what was there before. The move fails if something else is there by then.
final class NodeDestination {
  /// The path, with links resolved.
  let path: String

  /// Whether an existing array or group is continued.
  let continuesExisting: Bool

  /// The store of the array or group that is written.
  let store: FileStore

  /// The hidden directory of a new node.
  ///
  /// Nil if a node is continued, or if a stopped import can go on.
  private let working: WorkingDirectory?

  /// The directory that is written to, locked, if a stopped import can go on.
  private let lock: OpenFile?

  private let durability: Durability

  /// The hierarchy that contains the node, or nil if the node is a root.
  private let hierarchy: EnclosingHierarchy?

  /// The parent directories that were created, nearest first.
  private let madeDirectories: [String]

  /// Checks that data can go to a path, and makes a place for it.
  ///
  /// - Parameters:
  ///   - path: The path of the node, with links resolved.
  ///   - format: The Zarr version of a new node.
  ///   - appends: Whether an existing node is continued.
  ///   - overwrites: Whether an existing node is replaced.
  ///   - resumes: Whether the written data stays when an import is stopped, so that the next one goes on.
  ///   - durability: Which failures the files survive.
  ///   - advice: What to do about an existing node.
  /// - Throws: ``ToolError`` that says why data cannot go there.
  init(
    at path: String, format: ZarrFormat, appends: Bool = false, overwrites: Bool, resumes: Bool = false,
    durability: Durability = .atomic, advice: String = "--overwrite replaces it"
  ) throws {
    self.durability = durability
    self.path = path
    WorkingDirectory.sweep(for: self.path)
    let status = try FileStatus(of: self.path)
    let isNode = try Self.isNode(self.path)
    continuesExisting = isNode && appends
    madeDirectories = try Self.missingDirectories(above: self.path)
    if continuesExisting {
      hierarchy = EnclosingHierarchy(above: self.path)
    } else {
      if isNode && !overwrites {
        // An import that was killed may not have told the groups above.
        try? Self.refreshHierarchy(of: self.path)
        throw ToolError("\(self.path) exists already; \(advice)")
      }
      try Self.checkFree(self.path, status, isNode: isNode)
      hierarchy = try EnclosingHierarchy(
        of: self.path, below: madeDirectories.last.map(FilePath.parent) ?? FilePath.parent(of: self.path))
      try hierarchy?.check(format)
    }
    if resumes {
      let workingPath = continuesExisting ? self.path : ImportRecord.workingPath(of: self.path)
      lock = try Self.lock(workingPath, of: self.path, durability)
      store = try FileStore(opening: workingPath, durability: durability)
      working = nil
      // No other import writes to the hidden directory, but appends without --resume may write to an array.
      try store.sweepTemporaryFiles(olderThan: continuesExisting ? .seconds(60) : .zero)
      // Another import may have ended just before.
      if !continuesExisting, try Self.isNode(self.path) {
        _ = unsafe rmdir(workingPath)
        throw ToolError("\(self.path) exists already; \(advice)")
      }
    } else {
      lock = nil
      working =
        continuesExisting
        ? nil
        : try WorkingDirectory(
          for: self.path, replacing: isNode ? NodeVersion(at: self.path) : nil, durability: durability)
      store = try working?.store ?? FileStore(opening: self.path, durability: durability)
      // Appends that were killed may have left files.
      if continuesExisting { try store.sweepTemporaryFiles() }
    }
  }

  /// Makes a directory where a stopped import can go on, and locks it.
  private static func lock(
    _ workingPath: String, of path: String, _ durability: Durability
  ) throws -> OpenFile {
    while true {
      if let status = try FileStatus(at: workingPath), !status.isDirectory {
        throw ToolError(
          "\(workingPath) is not a directory, and an import to \(path) needs one there; remove it")
      }
      _ = try FileStore(creating: workingPath, durability: durability)
      let directory = try OpenFile(workingPath, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      switch directory.lock() {
      case .isHeld: throw ToolError("another import to \(path) is running")
      case .isMissing: throw ToolError(operation: "lock", path: workingPath, code: errno)
      // The import that held the lock before may have moved the directory to its place.
      case .isTaken: if try directory.isAtItsPath() { return directory }
      }
    }
  }

  /// Moves the created arrays to their place unless another process was first, and opens the arrays that are there.
  ///
  /// - Throws: ``ToolError`` if they differ from the created arrays.
  func share(_ models: [ZarrArray], access: ArrayAccess) throws -> [ZarrArray] {
    try hierarchy?.createGroups()
    _ = try working?.place()
    working?.remove()
    try settle()
    let store = try FileStore(opening: path, durability: durability)
    // Parts that were killed may have left files.
    try store.sweepTemporaryFiles()
    return try models.map { model in
      let array: ZarrArray
      do {
        array = try ZarrArray.open(in: store, at: model.path.description, access: access)
      } catch ZarrError.notFound {
        throw ToolError("\(path) holds files that are not such a Zarr array; name another directory")
      }
      guard array.metadata == model.metadata else {
        throw ToolError(
          "\(array.location) is not the array that all parts of this import fill: the source has changed, or "
            + "the options are others; remove it, or name another directory")
      }
      return array
    }
  }

  /// Checks that the destination is not inside an imported directory.
  func checkOutside(of directories: [String]) throws(ToolError) {
    let place = "\(FilePath.resolve(FilePath.parent(of: path)))/\(FilePath.name(of: path))/"
    for directory in directories where place.hasPrefix("\(FilePath.resolve(directory))/") {
      throw ToolError("\(path) is in \(directory), which is imported in parts; name a directory elsewhere")
    }
  }

  /// The directories of the old and the new array or group.
  var ownPaths: [String] { [path] + (working.map { [$0.path] } ?? []) }

  /// An error of the library with the path that you asked for, instead of the hidden one.
  ///
  /// Errors of the tool name the hidden path on purpose, as something to remove.
  func named(_ error: any Error) -> any Error {
    let text = "\(error)"
    guard error is ZarrError || error is StoreError, store.location != path, text.contains(store.location)
    else { return error }
    return ToolError(text.replacing(store.location, with: path) + ReadingOptions.advice(for: error))
  }

  /// Whether the array or group exists.
  var hasNode: Bool { NodeEntry(in: store, at: .root) != nil }

  /// Moves the new array or group to its place.
  func commit() throws {
    guard !continuesExisting else { try hierarchy?.refreshConsolidatedMetadata(); return }
    try store.synchronize()
    try hierarchy?.createGroups()
    if let working {
      try working.placeOrReplace()
    } else if unsafe rename(store.location, path) != 0 {
      guard errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR else {
        throw ToolError(operation: "move \(store.location) to", path: path, code: errno)
      }
      throw ToolError(
        "\(path) was free when this import began, and is not any more; move away what is there, and run the same "
          + "command again")
    }
    try settle()
    working?.remove()
  }

  /// Makes the name of the node durable, and updates the hierarchy.
  private func settle() throws {
    if durability == .durable {
      for directory in [FilePath.parent(of: path)] + (working.map { [$0.path] } ?? [])
      where try FileStatus(at: directory) != nil {
        try OpenFile(directory, flags: O_RDONLY | O_DIRECTORY).synchronize()
      }
    }
    try hierarchy?.refreshConsolidatedMetadata()
  }

  /// Updates the consolidated metadata above a node.
  static func refreshHierarchy(of path: String) throws {
    try EnclosingHierarchy(above: path)?.refreshConsolidatedMetadata()
  }

  /// Removes the written data, unless it belongs to an existing array or the import can go on.
  func discard() {
    // Elements that were appended so far stay.
    if continuesExisting { try? hierarchy?.refreshConsolidatedMetadata() }
    guard let working else { return }
    working.remove()
    // This removes only empty directories.
    for directory in madeDirectories { _ = unsafe rmdir(directory) }
  }

  /// Checks that nothing at the path would be lost.
  private static func checkFree(_ path: String, _ status: FileStatus?, isNode: Bool) throws {
    guard let status else { return }
    guard status.isDirectory else {
      throw ToolError("\(path) is a file; name a directory for the array, which need not exist")
    }
    if try !isNode && !OpenFile(path, flags: O_RDONLY | O_DIRECTORY).entries().isEmpty {
      throw ToolError("\(path) holds files that are not a Zarr array or group; name another directory")
    }
    if let parent = try FileStatus(of: FilePath.parent(of: path)),
      parent.identity.device != status.identity.device
    {
      throw ToolError("\(path) is the root of a file system; name a directory in it")
    }
  }

  /// Whether a path is a directory that holds an array or group.
  static func isNode(_ path: String) throws -> Bool {
    try FileStatus(of: path)?.isDirectory == true && NodeEntry(in: FileStore(opening: path), at: .root) != nil
  }

  /// The missing directories above a path, nearest first.
  private static func missingDirectories(above path: String) throws -> [String] {
    var missing: [String] = []
    var directory = FilePath.parent(of: path)
    while try FileStatus(of: directory) == nil, directory != FilePath.parent(of: directory) {
      missing.append(directory)
      directory = FilePath.parent(of: directory)
    }
    return missing
  }
}

/// The groups whose directories a node is in.
private struct EnclosingHierarchy {
  /// The path of the node, absolute.
  private let path: String

  /// The paths of the existing groups, nearest first.
  private let groups: [String]

  /// The nearest existing group, with the path from it to the missing groups above the node.
  ///
  /// The path is empty if no group is missing. Nil if the nearest directory is not a group.
  private let parent: (group: String, format: ZarrFormat, missingPath: String)?

  /// Looks for groups above a path.
  ///
  /// The result is nil if there are none.
  ///
  /// A directory without a document belongs to the group above it.
  ///
  /// - Throws: ``ToolError`` if the directory is an array, and what reading its metadata throws.
  init?(of path: String, below directory: String) throws {
    self.path = path
    switch try Self.metadata(ofNodeAt: directory) {
    case .array?:
      throw ToolError("\(directory) is an array and cannot contain another one; name another directory")
    case .group(let metadata)?:
      let missingPath = FilePath.parent(of: path).dropFirst(directory.count).drop { $0 == "/" }
      parent = (directory, metadata.zarrFormat, String(missingPath))
    default: parent = nil
    }
    groups = Self.groups(from: directory)
    if groups.isEmpty { return nil }
  }

  /// Looks for groups above an existing node.
  ///
  /// The result is nil if there are none.
  init?(above path: String) {
    self.path = path
    parent = nil
    groups = Self.groups(from: FilePath.parent(of: path))
    if groups.isEmpty { return nil }
  }

  /// The paths of a directory and the directories above it that are groups.
  private static func groups(from directory: String) -> [String] {
    var groups: [String] = []
    var next = directory
    while true {
      if case .group? = try? Self.metadata(ofNodeAt: next) { groups.append(next) }
      guard next != "/" else { return groups }
      next = FilePath.parent(of: next)
    }
  }

  /// Checks that the hierarchy can contain a node of a Zarr version.
  func check(_ format: ZarrFormat) throws(ToolError) {
    guard let parent, format != parent.format else { return }
    throw ToolError(
      "\(parent.group) is a group of Zarr v\(parent.format.rawValue), and so are all of its members; use "
        + "--zarr-format \(parent.format.rawValue)")
  }

  /// Creates the groups between the nearest one and the node.
  func createGroups() throws {
    guard let parent, !parent.missingPath.isEmpty else { return }
    try ZarrGroup.open(in: try FileStore(opening: parent.group), usingConsolidatedMetadata: false)
      .createGroups(above: "\(parent.missingPath)/\(FilePath.name(of: path))")
  }

  /// Updates what the consolidated metadata of the groups says about the node.
  func refreshConsolidatedMetadata() throws {
    for group in groups {
      let store = try FileStore(opening: group)
      // A command that was killed while it wrote them may have left temporary files.
      for name in ["zarr.json", ".zmetadata"] { try store.sweepTemporaryFiles(of: StoreKey(name)) }
      let relative = path.dropFirst(group.count).drop { $0 == "/" }
      try ZarrGroup.open(in: store, usingConsolidatedMetadata: false)
        .refreshConsolidatedMetadata(of: String(relative))
    }
  }

  /// The metadata of the node in a directory, or nil if there is no node.
  private static func metadata(ofNodeAt path: String) throws -> NodeMetadata? {
    guard let store = try? FileStore(opening: path) else { return nil }
    return try NodeEntry(in: store, at: .root)?.metadata()
  }
}
