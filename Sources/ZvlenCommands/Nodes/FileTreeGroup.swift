import ChunkEngine
import Zarr

/// A group that holds files: one array has their contents, and another has their paths.
struct FileTreeGroup {
  /// The name of the array of contents.
  static let blobsName = "blobs"

  /// The name of the array of paths.
  static let pathsName = "paths"

  /// The contents of the files.
  let blobs: ZarrArray

  /// The path of each file, in the same order.
  let paths: ZarrArray

  /// Where the group is in the store.
  let path: NodePath

  /// What a command was about to remove when it was stopped.
  var removal: FileRemoval?

  /// Where the group is, for messages.
  var location: String { path == .root ? paths.store.location : "\(paths.store.location)/\(path)" }

  /// The number of files that have both a path and contents.
  ///
  /// If an import was stopped between the new lengths of the two arrays, paths is longer. The paths after the end
  /// of contents are not part of the group.
  var count: Int { min(blobs.shape[0], paths.shape[0]) }

  /// The number of contents without a path.
  ///
  /// Only another program can have added them.
  var surplus: Int { blobs.shape[0] - count }

  /// Opens a group of a store.
  ///
  /// - Throws: ``ToolError`` if the group does not hold files, and what opening the arrays throws.
  init(in store: any Store, at path: NodePath = .root, access: ArrayAccess) throws {
    let location = path == .root ? store.location : "\(store.location)/\(path)"
    self.path = path
    _ = try ZarrGroup.open(in: store, at: path.description, usingConsolidatedMetadata: false)
    do {
      // Paths grow first. In this order, contents never lack a path.
      blobs = try ZarrArray.open(in: store, at: path.key(Self.blobsName), access: access)
      paths = try ZarrArray.open(in: store, at: path.key(Self.pathsName), access: access)
    } catch ZarrError.notFound {
      throw ToolError(
        "\(location) does not have the arrays \(Self.blobsName) and \(Self.pathsName) of an imported directory; name "
          + "one of its arrays (zvlen info lists them)")
    }
    guard paths.dataType == .string, blobs.shape.count == 1, paths.shape.count == 1 else {
      throw ToolError(
        "\(location): \(Self.blobsName) of shape \(blobs.shape) and \(Self.pathsName) of shape "
          + "\(paths.shape) and type \(paths.dataType.name) do not belong together")
    }
    removal = try FileRemoval(in: store, at: path)
  }

  /// Opens a group to write to it, and completes what a stopped command has left.
  ///
  /// - Precondition: No other command writes to the group.
  /// - Throws: As ``init(in:at:access:)``, and what reading and writing throw.
  init(changing store: any Store, access: ArrayAccess) throws {
    try self.init(in: store, access: access)
    try finishRemoval()
  }

  /// Calls `body` with a group that no other command changes meanwhile.
  ///
  /// - Parameters:
  ///   - store: A store with the group as its root.
  ///   - access: How its arrays are opened.
  ///   - body: Receives the group, and what throws if the lock was lost.
  /// - Throws: As ``init(changing:access:)``, and what locking and `body` throw.
  static func change(
    in store: any Store, access: ArrayAccess,
    _ body: (inout FileTreeGroup, _ checkLock: () throws -> Void) throws -> Void
  ) throws {
    let lock = try lock(store)
    defer { lock?.unlock() }
    var group = try FileTreeGroup(changing: store, access: access)
    try body(&group) { try lock?.check() }
  }

  /// The files whose paths are stored, in order.
  ///
  /// Chunks of paths may be lost or never written.
  ///
  /// - Throws: ``ToolError`` if all other files would have the same path.
  /// - Complexity: O(*n* log *n*) for *n* chunks of paths.
  func storedFiles() throws -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for position in try StoredChunks(of: paths).positions {
      let range = paths.metadata.chunkGrid.dimensions[0].range(ofChunk: position[0]).clamped(to: 0..<count)
      if let last = ranges.last, last.upperBound == range.lowerBound {
        ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
      } else if !range.isEmpty {
        ranges.append(range)
      }
    }
    let missing = count - ranges.reduce(0) { $0 + $1.count }
    guard missing == 0 || paths.metadata.fillValue.isEmpty else {
      throw ToolError(
        "\(paths.location): \(Quantity.count(missing, "element")) not stored, so all of them would have the fill value "
          + "as their path; an imported directory has each path once")
    }
    return ranges
  }

  /// Calls `body` with the position and path of each file whose path is stored and that is not removed.
  ///
  /// - Throws: ``ToolError`` if a path is not UTF-8, and what reading and `body` throw.
  func forEachPath(in files: Range<Int>, _ body: (Int, String) throws -> Void) throws {
    try forEachRawPath(in: files) { index, path in try body(index, text(of: path, at: index)) }
  }

  /// Calls `body` with the position of each file whose path is stored, and the bytes of the path.
  ///
  /// - Parameters:
  ///   - files: The positions.
  ///   - areRemoved: Whether it is called with the files that are removed, instead of those that are not.
  ///   - body: Is called with one file after the other.
  /// - Throws: What reading and `body` throw.
  func forEachRawPath(
    in files: Range<Int>, areRemoved: Bool = false, _ body: (Int, RawSpan) throws -> Void
  ) throws {
    for stored in try storedFiles() {
      let part = stored.clamped(to: files)
      guard !part.isEmpty else { continue }
      try paths.forEachBlock(of: part, monitor: Interruption.monitor) { block in
        let blobs = block.elements.blobs
        for index in block.elements.indices where isRemoved(block.offset + index, blobs[index]) == areRemoved
        {
          try body(block.offset + index, blobs[index])
        }
      }
    }
  }

  private func text(of path: RawSpan, at index: Int) throws(ToolError) -> String {
    // SAFETY: The bytes are read inside of the closure only.
    guard let text = unsafe path.withUnsafeBytes({ unsafe String(validating: $0, as: UTF8.self) }) else {
      throw ToolError("\(paths.location): element \(index) is not UTF-8")
    }
    return text
  }

  /// Checks that all contents have paths.
  func checkPaths() throws(ToolError) {
    guard surplus > 0 else { return }
    throw ToolError(
      "\(blobs.location) has \(Quantity.count(surplus, "element")) without a path, which another program has appended; "
        + "zvlen export writes the files that have a path, and zvlen import makes a new group of them")
  }

  /// Cuts the longer array to the number of files.
  ///
  /// - Precondition: No other import to the group is running.
  func cut() throws {
    for array in [blobs, paths] where array.shape != [count] { try array.resize(to: [count]) }
  }

  /// Waits until no other import to the group at the root of a store is running.
  ///
  /// - Returns: The lock, or nil if the store has no locks.
  static func lock(_ store: any Store) throws -> (any StoreLock)? {
    let deadline = ContinuousClock.now + ImportSettings.lockTimeout
    while true {
      do {
        return try store.lock("files", below: "", timeout: .milliseconds(200))
      } catch let error as StoreError {
        switch error {
        case .notLockable: return nil
        case .locked where ContinuousClock.now < deadline: try Interruption.check()
        default: throw error
        }
      }
    }
  }

  /// Checks that a location is not one of the arrays of an imported directory, which only grow together.
  static func checkNoMember(_ location: Location) throws {
    let names = [blobsName, pathsName, PathIndex.name, FileSizes.name]
    guard let group = try location.places.first, names.contains(group.path),
      try isComplete(in: group.store), (try? FileTreeGroup(in: group.store, access: ArrayAccess())) != nil
    else { return }
    let parent = group.store.location
    throw ToolError(
      "\(location.name) is a part of \(parent), where each file has a path and contents; append a directory to "
        + "\(parent), or import to another array")
  }

  /// Whether both arrays exist.
  static func isComplete(in store: any Store) throws -> Bool {
    try ["", blobsName, pathsName].allSatisfy { NodeEntry(in: store, at: try NodePath($0))?.kind != nil }
  }
}
