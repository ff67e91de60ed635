import Foundation
import Zarr

/// A group that holds files: their contents in one array, and in another one their paths.
struct FileTreeGroup {
  /// The name of the array of contents.
  static let blobsName = "blobs"

  /// The name of the array of paths.
  static let pathsName = "paths"

  /// The contents of the files.
  let blobs: ZarrArray

  /// Where each file belongs, in the same order.
  let paths: ZarrArray

  /// The files that the group has: those with a path and contents.
  ///
  /// Where an import was stopped between giving the one array its new length and the other one, paths is the
  /// longer one, and what is behind the end of the other is no part of the group.
  var count: Int { min(blobs.shape[0], paths.shape[0]) }

  /// The contents without a path, which only others have put there.
  var surplus: Int { blobs.shape[0] - count }

  /// Opens a group of a store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - path: The path of the group.
  ///   - access: How the arrays are worked on.
  /// - Throws: ``ToolError`` if the group does not hold files, and what opening the arrays throws.
  init(in store: FileStore, at path: NodePath = .root, access: ArrayAccess) throws {
    let location = path == .root ? store.location : "\(store.location)/\(path)"
    _ = try ZarrGroup.open(in: store, at: path.description, usingConsolidatedMetadata: false)
    do {
      // Paths get longer first: seen in this order, contents never have too few.
      blobs = try ZarrArray.open(in: store, at: path.key(Self.blobsName), access: access)
      paths = try ZarrArray.open(in: store, at: path.key(Self.pathsName), access: access)
    } catch ZarrError.notFound {
      throw ToolError(
        "\(location) does not hold the arrays \(Self.blobsName) and \(Self.pathsName) that an imported "
          + "directory has; name one of its arrays (zvlen info lists them)")
    }
    guard paths.dataType == .string, blobs.shape.count == 1, paths.shape.count == 1 else {
      throw ToolError(
        "\(location): \(Self.blobsName) of shape \(blobs.shape) and \(Self.pathsName) of shape "
          + "\(paths.shape) and type \(paths.dataType.name) do not belong together")
    }
  }

  /// The files whose paths are stored, in order: all, unless chunks of paths were lost or never written.
  ///
  /// - Throws: ``ToolError`` if the others, of which there may be any number, would all have one path.
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
        "\(paths.location): nothing is stored of \(Quantity.count(missing, "element")), which as the fill value "
          + "would all be the same path; an imported directory has each path once")
    }
    return ranges
  }

  /// Calls `body` with the paths of files that are stored, and their positions.
  ///
  /// - Throws: ``ToolError`` for one that is not UTF-8, and what reading and `body` throw.
  func forEachPath(in files: Range<Int>, _ body: (Int, String) throws -> Void) throws {
    for stored in try storedFiles() {
      let part = stored.clamped(to: files)
      if !part.isEmpty { try paths.forEachString(in: part, body) }
    }
  }

  /// Checks that all contents have paths.
  func checkPaths() throws(ToolError) {
    guard surplus > 0 else { return }
    throw ToolError(
      "\(blobs.location) has \(Quantity.count(surplus, "element")) without a path, which somebody has appended to it "
        + "alone; zvlen export writes the files that have one, and zvlen import makes a new group of these")
  }

  /// Removes what is behind the end of the group.
  ///
  /// - Precondition: Nobody else imports to the group.
  func cut() throws {
    for array in [blobs, paths] where array.shape != [count] { try array.resize(to: [count]) }
  }

  /// Looks at the arrays again, and removes what is behind the end of the group.
  ///
  /// - Precondition: Nobody else imports to the group.
  func reloadAndCut() throws {
    for array in [blobs, paths] { try array.reload() }
    try cut()
  }

  /// Waits until nobody else imports to the group at the root of a store.
  ///
  /// - Returns: The lock, or nil where there are none.
  static func lock(_ store: FileStore) throws -> (any StoreLock)? {
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

  /// Checks that a path is not one of the arrays of an imported directory, which only get longer together.
  static func checkNoMember(_ path: String) throws {
    let (directory, name) = (path as NSString, [blobsName, pathsName])
    guard name.contains(directory.lastPathComponent) else { return }
    let parent = directory.deletingLastPathComponent
    guard let store = try? FileStore(opening: parent), try isComplete(in: store),
      (try? FileTreeGroup(in: store, access: ArrayAccess())) != nil
    else { return }
    throw ToolError(
      "\(path) is a part of \(parent), in which each file has a path and contents; append a directory to \(parent), "
        + "or import to another array")
  }

  /// Whether both arrays are there.
  static func isComplete(in store: FileStore) throws -> Bool {
    try ["", blobsName, pathsName].allSatisfy { NodeEntry(in: store, at: try NodePath($0))?.kind != nil }
  }
}
