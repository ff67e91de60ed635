import Zarr

/// Something that is put into an array or a group.
protocol ImportWork {
  /// What is imported, and how, as far as it has to be the same for a stopped import to go on.
  var job: JSONObject { get }

  /// Looks at the sources, once.
  ///
  /// - Parameter ownPaths: Directories that are no part of the sources.
  /// - Throws: ``ToolError`` for sources that cannot be read.
  mutating func survey(excluding ownPaths: [String]) throws

  /// Imports everything, or what an import before has left.
  ///
  /// - Parameters:
  ///   - destination: Where it goes.
  ///   - record: Where it is remembered how far the import has come, if it is.
  /// - Throws: ``ToolError``, and what reading the sources and writing throw.
  /// - Precondition: The sources were looked at.
  func run(to destination: NodeDestination, record: ImportRecord?) throws

  /// Imports one of several parts into an array or group that other imports fill with theirs.
  ///
  /// - Throws: As ``run(to:record:)``.
  func run(_ part: ImportPart, to destination: NodeDestination) throws

  /// Whether the sources are as they were when an import had come to a position, which is its end.
  ///
  /// - Throws: ``ToolError``
  func isUnchanged(since position: ImportPosition) throws -> Bool

  /// Whether the array or group at the root of a store holds everything that would be imported, and nothing
  /// else, whatever its chunks and codecs.
  ///
  /// - Throws: ``ToolError``, and what reading the sources and the arrays throws.
  /// - Complexity: O(*n*) in the bytes up to the first difference.
  func isStored(in store: FileStore) throws -> Bool
}
