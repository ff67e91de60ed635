import Zarr

/// Something that is put into an array or a group.
protocol ImportWork {
  /// What is imported, and how, as far as it has to be the same for a stopped import to go on.
  ///
  /// - Throws: ``ToolError``
  func job() throws -> JSONObject

  /// Imports everything, or what a stopped import has left.
  ///
  /// - Parameters:
  ///   - destination: Where it goes.
  ///   - record: Where it is remembered how far the import has come, if it is.
  /// - Throws: ``ToolError``, and what reading the sources and writing throw.
  func run(to destination: NodeDestination, record: ImportRecord?) throws

  /// Whether the array or group at the root of a store holds everything that would be imported, and nothing
  /// else, whatever its chunks and codecs.
  ///
  /// - Throws: ``ToolError``, and what reading the sources and the arrays throws.
  /// - Complexity: O(*n*) in the bytes up to the first difference.
  func isStored(in store: FileStore) throws -> Bool
}
