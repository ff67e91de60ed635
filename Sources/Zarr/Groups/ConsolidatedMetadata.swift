/// Copies of the documents of all nodes below a group, which are kept with that group.
///
/// They save a reader the search for the nodes. They are true as long as nobody changes a node without
/// changing its copy.
///
/// | | where | layout |
/// |---|---|---|
/// In Zarr v3 they are in the group's `zarr.json`. The copy of a group has empty consolidated metadata of its
/// own, as zarr-python writes it:
/// ```json
/// "consolidated_metadata": {
///   "kind": "inline", "must_understand": false, "metadata": {"a": {…}, "a/b": {…}}
/// }
/// ```
/// In Zarr v2 they are in a document of their own, `.zmetadata`:
/// ```json
/// {
///   "metadata": {".zgroup": {…}, "a/.zgroup": {…}, "a/b/.zarray": {…}, "a/b/.zattrs": {…}},
///   "zarr_consolidated_format": 1
/// }
/// ```
struct ConsolidatedMetadata: Sendable {
  /// The field of Zarr v3 with the copies.
  static let fieldName = "consolidated_metadata"

  /// The name of the document of Zarr v2 with the copies.
  static let version2Name = ".zmetadata"

  /// The group that holds the copies.
  let holder: NodePath

  /// The version of the format.
  let format: ZarrFormat

  /// What is stored of each node below the holder, by its path in the store.
  private(set) var documents: [NodePath: Result<NodeDocument, MetadataError>]

  /// The paths of the nodes in each group, in the order of the bytes of their names.
  private var children: [NodePath: [NodePath]] = [:]

  /// Creates consolidated metadata of copies.
  init(
    holder: NodePath, format: ZarrFormat, documents: [NodePath: Result<NodeDocument, MetadataError>] = [:]
  ) {
    self.holder = holder
    self.format = format
    self.documents = documents
    index()
  }

  /// The paths of the nodes directly below a group, sorted by the bytes of their names.
  func children(of path: NodePath) -> [NodePath] { children[path] ?? [] }

  /// Removes the copies of a node and of all below it, and takes others.
  ///
  /// - Complexity: O(*n* log *n*) where *n* is the number of copies.
  mutating func replace(_ path: NodePath, by others: [(NodePath, NodeDocument)]) {
    documents = documents.filter { !$0.key.isAt(orBelow: path) }
    for (path, document) in others {
      documents[path] = .success(document)
    }
    index()
  }

  private mutating func index() {
    children = [:]
    for path in documents.keys {
      if let parent = path.parent { children[parent, default: []].append(path) }
    }
    children = children.mapValues { paths in
      paths.sorted { left, right in
        (left.name ?? "").utf8.lexicographicallyPrecedes((right.name ?? "").utf8)
      }
    }
  }
}
