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

  /// Opens the group at the root of a store.
  ///
  /// - Throws: ``ToolError`` if the group does not hold files, and what opening the arrays throws.
  init(in store: FileStore, access: ArrayAccess) throws {
    _ = try ZarrGroup.open(in: store)
    do {
      blobs = try ZarrArray.open(in: store, at: Self.blobsName, access: access)
      paths = try ZarrArray.open(in: store, at: Self.pathsName, access: access)
    } catch ZarrError.notFound {
      throw ToolError(
        "\(store.location) does not hold the arrays \(Self.blobsName) and \(Self.pathsName) that an imported "
          + "directory has; name one of its arrays (zvlen info lists them)")
    }
    guard paths.dataType == .string, blobs.shape.count == 1, paths.shape == blobs.shape else {
      throw ToolError(
        "\(store.location): \(Self.blobsName) of shape \(blobs.shape) and \(Self.pathsName) of shape "
          + "\(paths.shape) and type \(paths.dataType.name) do not belong together")
    }
  }
}
