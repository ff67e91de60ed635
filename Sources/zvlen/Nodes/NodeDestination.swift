import Foundation
import Zarr

/// The place that a command writes an array or group to.
///
/// A new one is written beside its place, and moved there when it is whole: work that fails or is stopped
/// leaves what was there before, and no half of an array. What is at the place then has to be what was there at
/// the beginning.
final class NodeDestination {
  /// The path that was asked for, links resolved.
  let path: String

  /// Whether an array or group that is there is continued.
  let continuesExisting: Bool

  /// Where the data is written: the store for the root of the array or group.
  let store: FileStore

  /// Where the data is written, unless a node is continued or an import that is stopped can go on.
  private let working: WorkingDirectory?

  /// The directory that is written to, locked, if an import that is stopped can go on.
  private let lock: OpenFile?

  private let durability: Durability

  /// The hierarchy that the node becomes a part of, or nil if it is the root of its own.
  private let hierarchy: EnclosingHierarchy?

  /// The directories that were made on the way, the nearest one first.
  private let madeDirectories: [String]

  /// Checks that data can go to `path`, and makes a place for it.
  ///
  /// - Parameters:
  ///   - path: The path of the node.
  ///   - format: The version of Zarr of the node, if it is new.
  ///   - appends: Whether a node that is there is continued.
  ///   - overwrites: Whether a node that is there is replaced.
  ///   - resumes: Whether what is written stays when an import is stopped, for the next one to go on.
  ///   - durability: What of the files survives.
  ///   - advice: What to do if there is a node already.
  /// - Throws: ``ToolError`` that says what stands in the way.
  init(
    path: String, format: ZarrFormat, appends: Bool = false, overwrites: Bool, resumes: Bool = false,
    durability: Durability = .atomic, advice: String = "--overwrite replaces it"
  ) throws {
    self.durability = durability
    self.path = Self.resolve(path)
    WorkingDirectory.sweep(for: self.path)
    let status = try FileStatus(of: self.path)
    let isNode = try Self.isNode(self.path)
    continuesExisting = isNode && appends
    madeDirectories = try Self.missingDirectories(above: self.path)
    if continuesExisting {
      hierarchy = EnclosingHierarchy(above: self.path)
    } else {
      if isNode && !overwrites {
        // Its import may have been killed before the groups above it knew of it.
        try? Self.refreshHierarchy(of: self.path)
        throw ToolError("\(self.path) exists already; \(advice)")
      }
      try Self.checkFree(self.path, status, isNode: isNode)
      hierarchy = try EnclosingHierarchy(
        of: self.path, below: madeDirectories.last.map(Self.parent) ?? Self.parent(of: self.path))
      try hierarchy?.check(format)
    }
    if resumes {
      let workingPath = continuesExisting ? self.path : ImportRecord.workingPath(of: self.path)
      lock = try Self.lock(workingPath, of: self.path, durability)
      store = try FileStore(opening: workingPath, durability: durability)
      working = nil
      // No one else writes to a hidden directory. An append without --resume may write to the array itself.
      try store.sweepTemporaryFiles(olderThan: continuesExisting ? .seconds(60) : .zero)
      // Another import may have come to its end just before.
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
      // What appends that were killed have left.
      if continuesExisting { try store.sweepTemporaryFiles() }
    }
  }

  /// Makes a directory where an import can go on, and locks it.
  private static func lock(
    _ workingPath: String, of path: String, _ durability: Durability
  ) throws -> OpenFile {
    while true {
      if let status = try FileStatus(at: workingPath), !status.isDirectory {
        throw ToolError("\(workingPath) is no directory, and an import to \(path) needs one there; remove it")
      }
      _ = try FileStore(creating: workingPath, durability: durability)
      let directory = try OpenFile(workingPath, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      switch directory.lock() {
      case .isHeld: throw ToolError("another import to \(path) is at work")
      case .isMissing: throw ToolError(operation: "lock", path: workingPath, code: errno)
      // Whoever had it before may have moved it to its place.
      case .isTaken: if try directory.isAtItsPath() { return directory }
      }
    }
  }

  /// Moves what was created to its place unless somebody else was first, and opens what is there.
  ///
  /// - Parameters:
  ///   - models: The arrays that were created.
  ///   - access: How they are worked on.
  /// - Returns: The arrays that are there, in the same order.
  /// - Throws: ``ToolError`` if they are others than those that were created.
  func share(_ models: [ZarrArray], access: ArrayAccess) throws -> [ZarrArray] {
    try hierarchy?.createGroups()
    _ = try working?.place()
    working?.remove()
    try settle()
    let store = try FileStore(opening: path, durability: durability)
    // What parts that were killed have left.
    try store.sweepTemporaryFiles()
    return try models.map { model in
      let array: ZarrArray
      do {
        array = try ZarrArray.open(in: store, at: model.path.description, access: access)
      } catch ZarrError.notFound {
        throw ToolError("\(path) holds files that are no such Zarr array; name another directory")
      }
      guard array.metadata == model.metadata else {
        throw ToolError(
          "\(array.location) is not the array that all parts of this import fill: the source has changed, or "
            + "the options are others; remove it, or name another directory")
      }
      return array
    }
  }

  /// Checks that no file of what others make at this place is one of those that are imported.
  func checkOutside(of directories: [String]) throws(ToolError) {
    let place = "\(Self.resolve(Self.parent(of: path)))/\(URL(fileURLWithPath: path).lastPathComponent)/"
    for directory in directories where place.hasPrefix("\(Self.resolve(directory))/") {
      throw ToolError("\(path) is in \(directory), which is imported in parts; name a directory elsewhere")
    }
  }

  /// The directories that belong to the array or group, old and new.
  var ownPaths: [String] { [path] + (working.map { [$0.path] } ?? []) }

  /// Puts the path that you asked for into an error of the library, in place of the one that holds the data until
  /// it is whole.
  ///
  /// Errors of the tool name the latter on purpose, as what to remove.
  func named(_ error: any Error) -> any Error {
    let text = "\(error)"
    guard error is ZarrError || error is StoreError, store.location != path, text.contains(store.location)
    else { return error }
    return ToolError(text.replacing(store.location, with: path) + ReadingOptions.advice(for: error))
  }

  /// Whether the root of the array or group is there.
  var hasNode: Bool { NodeEntry(in: store, at: .root) != nil }

  /// Moves what was written to its place.
  func commit() throws {
    guard !continuesExisting else { try hierarchy?.refreshConsolidatedMetadata(); return }
    try store.synchronize()
    try hierarchy?.createGroups()
    if let working {
      try working.placeOrReplace()
    } else if unsafe rename(ImportRecord.workingPath(of: path), path) != 0 {
      guard errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR else {
        throw ToolError(operation: "move \(ImportRecord.workingPath(of: path)) to", path: path, code: errno)
      }
      throw ToolError(
        "\(path) was free when this import began, and is not any more; move away what is there, and give the "
          + "same command again")
    }
    try settle()
    working?.remove()
  }

  /// Makes sure of the name of the node, and lets the hierarchy know of it.
  private func settle() throws {
    if durability == .durable {
      for directory in [Self.parent(of: path)] + (working.map { [$0.path] } ?? [])
      where try FileStatus(at: directory) != nil {
        try OpenFile(directory, flags: O_RDONLY | O_DIRECTORY).synchronize()
      }
    }
    try hierarchy?.refreshConsolidatedMetadata()
  }

  /// Makes the consolidated metadata above a node true that has got to its place.
  static func refreshHierarchy(of path: String) throws {
    try EnclosingHierarchy(above: path)?.refreshConsolidatedMetadata()
  }

  /// Removes what was written, unless it belongs to an array that was there before or the import can go on.
  func discard() {
    // Whatever was appended before is there.
    if continuesExisting { try? hierarchy?.refreshConsolidatedMetadata() }
    guard let working else { return }
    working.remove()
    // Only those that are empty.
    for directory in madeDirectories { _ = unsafe rmdir(directory) }
  }

  /// Checks that there is nothing in the way, or only what may be removed.
  private static func checkFree(_ path: String, _ status: FileStatus?, isNode: Bool) throws {
    guard let status else { return }
    guard status.isDirectory else {
      throw ToolError("\(path) is a file; name a directory for the array, which need not exist")
    }
    if try !isNode && !FileManager.default.contentsOfDirectory(atPath: path).isEmpty {
      throw ToolError("\(path) holds files that are no Zarr array or group; name another directory")
    }
    if let parent = try FileStatus(of: parent(of: path)), parent.identity.device != status.identity.device {
      throw ToolError("\(path) is the root of a file system; name a directory in it")
    }
  }

  /// Whether a path is a directory that holds an array or group.
  static func isNode(_ path: String) throws -> Bool {
    try FileStatus(of: path)?.isDirectory == true && NodeEntry(in: FileStore(opening: path), at: .root) != nil
  }

  /// The directories above a path that do not exist, the nearest one first.
  private static func missingDirectories(above path: String) throws -> [String] {
    var missing: [String] = []
    var directory = parent(of: path)
    while try FileStatus(of: directory) == nil, directory != parent(of: directory) {
      missing.append(directory)
      directory = parent(of: directory)
    }
    return missing
  }

  /// The path without links, and without a slash at the end.
  static func resolve(_ path: String) -> String {
    let url = URL(fileURLWithPath: path)
    guard let resolved = unsafe realpath(path, nil) else { return url.path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// The directory that a path is in.
  static func parent(of path: String) -> String {
    URL(fileURLWithPath: path).deletingLastPathComponent().path
  }

  /// The last name of a path.
  static func name(of path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }
}
