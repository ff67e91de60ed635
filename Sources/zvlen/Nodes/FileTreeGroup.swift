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

  /// Opens a group of a store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - path: The path of the group.
  ///   - access: How the arrays are worked on.
  ///   - cutsLonger: Whether the longer one of the arrays is cut to the length of the other, as a stopped
  ///     import may leave them.
  /// - Throws: ``ToolError`` if the group does not hold files, and what opening the arrays throws.
  init(in store: FileStore, at path: NodePath = .root, access: ArrayAccess, cutsLonger: Bool = false) throws {
    let location = path == .root ? store.location : "\(store.location)/\(path)"
    _ = try ZarrGroup.open(in: store, at: path.description, usingConsolidatedMetadata: false)
    do {
      blobs = try ZarrArray.open(in: store, at: path.key(Self.blobsName), access: access)
      paths = try ZarrArray.open(in: store, at: path.key(Self.pathsName), access: access)
    } catch ZarrError.notFound {
      throw ToolError(
        "\(location) does not hold the arrays \(Self.blobsName) and \(Self.pathsName) that an imported "
          + "directory has; name one of its arrays (zvlen info lists them)")
    }
    if cutsLonger, blobs.shape.count == 1, paths.shape.count == 1 {
      let count = min(blobs.shape[0], paths.shape[0])
      for array in [blobs, paths] where array.shape != [count] { try array.resize(to: [count]) }
    }
    guard paths.dataType == .string, blobs.shape.count == 1, paths.shape == blobs.shape else {
      throw ToolError(
        "\(location): \(Self.blobsName) of shape \(blobs.shape) and \(Self.pathsName) of shape "
          + "\(paths.shape) and type \(paths.dataType.name) do not belong together")
    }
  }

  /// Whether both arrays are there.
  static func isComplete(in store: FileStore) throws -> Bool {
    try ["", blobsName, pathsName].allSatisfy { NodeEntry(in: store, at: try NodePath($0))?.kind != nil }
  }
}
