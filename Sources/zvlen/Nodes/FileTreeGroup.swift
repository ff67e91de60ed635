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
  /// - Throws: ``ToolError`` if the group does not hold files, and what opening the arrays throws.
  init(in store: FileStore, at path: NodePath = .root, access: ArrayAccess) throws {
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
    guard paths.dataType == .string, blobs.shape.count == 1, paths.shape == blobs.shape else {
      throw ToolError(
        "\(location): \(Self.blobsName) of shape \(blobs.shape) and \(Self.pathsName) of shape "
          + "\(paths.shape) and type \(paths.dataType.name) do not belong together")
    }
  }
}
