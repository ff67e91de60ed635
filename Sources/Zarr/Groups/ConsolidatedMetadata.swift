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

  /// Takes another copy of a node of which there is one.
  mutating func replace(_ path: NodePath, by document: NodeDocument) {
    documents[path] = .success(document)
  }

  /// The nodes of which only one of two has a copy, or of which the copies do not say the same, sorted.
  ///
  /// Copies that are damaged say nothing. Groups that others have in place of directories without a document
  /// do not count.
  func differences(from others: ConsolidatedMetadata) -> [NodePath] {
    Set(documents.keys).union(others.documents.keys)
      .filter { path in
        switch (try? documents[path]?.get(), try? others.documents[path]?.get()) {
        case (let own?, let other?): !own.says(theSameAs: other)
        case (nil, let other?):
          !other.isImplied || !documents.keys.contains { $0 != path && $0.isAt(orBelow: path) }
        case (_?, nil): true
        case (nil, nil): false
        }
      }
      .sorted()
  }

  /// Lists each node with the nearest group above it of which there is a copy, as the store does.
  private mutating func index() {
    children = [:]
    for path in documents.keys {
      var parent = path.parent
      while let next = parent, next != holder, documents[next] == nil { parent = next.parent }
      if let parent { children[parent, default: []].append(path) }
    }
    children = children.mapValues { $0.sorted() }
  }
}

extension NodeDocument {
  /// A group of which nothing is said, which stands for a directory without a document.
  init(impliedGroupOf format: ZarrFormat) {
    self.init(format: format, kind: .group, fields: GroupMetadata(zarrFormat: format).json, attributes: nil)
  }

  fileprivate var isImplied: Bool { says(theSameAs: NodeDocument(impliedGroupOf: format)) }

  /// Whether documents say the same of a node, whatever copies of others are in them.
  fileprivate func says(theSameAs other: NodeDocument) -> Bool {
    var (own, others) = (fields, other.fields)
    own[ConsolidatedMetadata.fieldName] = nil
    others[ConsolidatedMetadata.fieldName] = nil
    return format == other.format && kind == other.kind && own == others
      && (attributes ?? [:]) == (other.attributes ?? [:])
  }
}
