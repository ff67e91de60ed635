import Zarr
import ZarrPlatform

/// A directory where a command puts an array or group.
///
/// A new array or group is written beside its place, and moved there when it is complete. Work that fails or is
/// stopped leaves what was there before. The move fails if something else is there by then.
final class DirectoryDestination: NodeDestination {
  /// The path, with links resolved.
  private let path: String

  let continuesExisting: Bool

  /// The store of the directory that is written to.
  private let files: FileStore

  var name: String { path }

  var store: any Store { files }

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
  ///   - options: What is asked for.
  /// - Throws: ``ToolError`` that says why data cannot go there.
  init(at path: String, _ options: DestinationOptions) throws {
    let (durability, advice) = (options.durability, options.advice)
    self.durability = durability
    self.path = path
    WorkingDirectory.sweep(for: path)
    let status = try FileStatus(of: path)
    let isNode = try Self.isNode(path)
    continuesExisting = isNode && options.appends
    madeDirectories = try Self.missingDirectories(above: path)
    if continuesExisting {
      hierarchy = EnclosingHierarchy(above: EnclosingHierarchy.places(above: path))
    } else {
      if isNode && !options.overwrites {
        // An import that was killed may not have told the groups above.
        try? Location.directory(path).hierarchy?.refreshConsolidatedMetadata()
        throw ToolError("\(path) exists already; \(advice)")
      }
      try Self.checkFree(self.path, status, isNode: isNode)
      hierarchy = try EnclosingHierarchy(
        of: EnclosingHierarchy.places(above: path, from: madeDirectories.last.map(FilePath.parent)))
      try hierarchy?.check(options.format)
    }
    if options.resumes {
      let workingPath = continuesExisting ? path : ImportRecord.workingPath(of: path)
      lock = try Self.lock(workingPath, of: path, durability)
      files = try FileStore(opening: workingPath, durability: durability)
      working = nil
      // No other import writes to the hidden directory, but appends without --resume may write to an array.
      try files.sweepTemporaryFiles(olderThan: continuesExisting ? .seconds(60) : .zero)
      // Another import may have ended just before.
      if !continuesExisting, try Self.isNode(path) {
        _ = unsafe rmdir(workingPath)
        throw ToolError("\(path) exists already; \(advice)")
      }
    } else {
      lock = nil
      working =
        continuesExisting
        ? nil
        : try WorkingDirectory(
          for: path, replacing: isNode ? NodeVersion(at: path) : nil, durability: durability)
      files = try working?.store ?? FileStore(opening: path, durability: durability)
      // Appends that were killed may have left files.
      if continuesExisting { try files.sweepTemporaryFiles() }
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

  func share(_ models: [ZarrArray]) throws -> any Store {
    try hierarchy?.createGroups()
    _ = try working?.place()
    working?.remove()
    try settle()
    let store = try FileStore(opening: path, durability: durability)
    // Parts that were killed may have left files.
    try store.sweepTemporaryFiles()
    return store
  }

  func checkOutside(of directories: [String]) throws(ToolError) {
    let place = "\(FilePath.resolve(FilePath.parent(of: path)))/\(FilePath.name(of: path))/"
    for directory in directories where place.hasPrefix("\(FilePath.resolve(directory))/") {
      throw ToolError("\(path) is in \(directory), which is imported in parts; name a directory elsewhere")
    }
  }

  var ownPaths: [String] { [path] + (working.map { [$0.path] } ?? []) }

  func check(against record: ImportRecord?) throws {
    let hiddenPath = ImportRecord.workingPath(of: path)
    if continuesExisting {
      if record?.isFound == true, try FileStatus(of: hiddenPath) != nil {
        throw ToolError(
          "an import to \(path) was stopped before it was there, and something else is there now; move it away, or "
            + "remove \(hiddenPath)")
      }
    } else if let record, !record.isFound, try files.hasKey(below: "") {
      throw ToolError(
        "\(hiddenPath) holds files that no such import has left; move them away, or remove them to begin again"
      )
    }
  }

  /// An error of the library with the path that you asked for, instead of the hidden one.
  ///
  /// Errors of the tool name the hidden path on purpose, as something to remove.
  func named(_ error: any Error) -> any Error {
    let text = "\(error)"
    guard error is ZarrError || error is StoreError, store.location != path, text.contains(store.location)
    else { return error }
    return ToolError(text.replacing(store.location, with: path) + ReadingOptions.advice(for: error))
  }

  func commit() throws {
    guard !continuesExisting else { try hierarchy?.refreshConsolidatedMetadata(); return }
    try files.synchronize()
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
