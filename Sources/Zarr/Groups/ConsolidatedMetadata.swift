/// Copies of the documents of all nodes below a group, stored with the group.
///
/// They save a reader the search for the nodes. A copy is up to date if every writer of a node updates it
/// too.
///
/// In Zarr v3 they are in the group's `zarr.json`. The copy of a group contains empty consolidated metadata,
/// as zarr-python writes it:
/// ```json
/// "consolidated_metadata": {
///   "kind": "inline", "must_understand": false, "metadata": {"a": {…}, "a/b": {…}}
/// }
/// ```
/// In Zarr v2 they are in a separate document, `.zmetadata`:
/// ```json
/// {
///   "metadata": {".zgroup": {…}, "a/.zgroup": {…}, "a/b/.zarray": {…}, "a/b/.zattrs": {…}},
///   "zarr_consolidated_format": 1
/// }
/// ```
struct ConsolidatedMetadata: Sendable {
  /// The group that holds the copies.
  let holder: NodePath

  /// The version of the format.
  let format: ZarrFormat

  /// The stored document of each node below the holder, by its path in the store.
  private var documents: [NodePath: Result<NodeDocument, MetadataError>]

  /// The paths of the nodes in each group, sorted by the bytes of their names.
  private var children: [NodePath: [NodePath]] = [:]

  /// Creates consolidated metadata from copies.
  private init(
    holder: NodePath, format: ZarrFormat, documents: [NodePath: Result<NodeDocument, MetadataError>] = [:]
  ) {
    self.holder = holder
    self.format = format
    self.documents = documents
    index()
  }

  /// The paths of the nodes directly below a group, sorted by the bytes of their names.
  private func children(of path: NodePath) -> [NodePath] { children[path] ?? [] }

  /// Replaces the copies of a node and of all nodes below it.
  ///
  /// - Complexity: O(*n* log *n*) where *n* is the number of copies.
  private mutating func replace(_ path: NodePath, by others: [(NodePath, NodeDocument)]) {
    documents = documents.filter { !$0.key.isAt(orBelow: path) }
    for (path, document) in others {
      documents[path] = .success(document)
    }
    index()
  }

  /// Replaces the copy of one node, which must exist.
  private mutating func replace(_ path: NodePath, by document: NodeDocument) {
    documents[path] = .success(document)
  }

  /// The nodes with different copies, or with a copy on one side only, sorted.
  ///
  /// Damaged copies count as missing. Groups in `others` that stand for directories without a document do not
  /// count.
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

  /// Lists each node with the nearest group above it that has a copy, as the store does.
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
  /// A group without content, which stands for a directory without a document.
  fileprivate init(impliedGroupOf format: ZarrFormat) {
    self.init(format: format, kind: .group, fields: GroupMetadata(zarrFormat: format).json, attributes: nil)
  }

  fileprivate var isImplied: Bool { says(theSameAs: NodeDocument(impliedGroupOf: format)) }

  /// Whether two documents describe the same node, apart from consolidated metadata in them.
  fileprivate func says(theSameAs other: NodeDocument) -> Bool {
    var (own, others) = (fields, other.fields)
    own[NodeDocument.consolidatedField] = nil
    others[NodeDocument.consolidatedField] = nil
    return format == other.format && kind == other.kind && own == others
      && (attributes ?? [:]) == (other.attributes ?? [:])
  }
}

extension ConsolidatedMetadata {
  /// Reads the field of a group of Zarr v3, without checking the copies.
  ///
  /// - Parameters:
  ///   - value: The value of the field.
  ///   - holder: The path of the group.
  /// - Throws: An error that names the fault: a kind other than `inline`, or a key that is not a path.
  private init(version3 value: JSONValue, holder: NodePath) throws(MetadataError) {
    let fields = try MetadataFields(value, path: NodeDocument.consolidatedField)
    let kind = try fields.required("kind", "\"inline\"")
    guard let name = kind.stringValue else {
      throw .expected("\"inline\"", found: kind, in: fields.path(of: "kind"))
    }
    guard name == "inline" else {
      throw MetadataError(
        code: .unsupported, field: fields.path(of: "kind"),
        message: "consolidated metadata of the kind \(kind.summary) is not supported")
    }
    let copies = try MetadataFields(
      fields.required("metadata", "an object"), path: fields.path(of: "metadata"))
    var documents: [NodePath: Result<NodeDocument, MetadataError>] = [:]
    for (key, value) in copies.object {
      let field = copies.path(of: key)
      documents[try Self.path(key, below: holder, field: field)] = Result { () throws(MetadataError) in
        try NodeDocument(named: NodeDocument.names[0], MetadataFields(value, path: field).object)
      }
    }
    self.init(holder: holder, format: .version3, documents: documents)
  }

  /// Reads the members of a document `.zmetadata`, without checking the copies.
  ///
  /// - Parameters:
  ///   - document: The members.
  ///   - holder: The path of the group.
  /// - Throws: An error that names the fault: a format other than 1, or a key that is not a path.
  private init(version2 document: JSONObject, holder: NodePath) throws(MetadataError) {
    let fields = MetadataFields(document)
    let format = try fields.required("zarr_consolidated_format", "1")
    guard format.integerValue == 1 else {
      throw MetadataError(
        code: .unsupported, field: "zarr_consolidated_format",
        message: "expected the integer 1, found \(format.summary)")
    }
    let copies = try MetadataFields(fields.required("metadata", "an object"), path: "metadata")
    var documents: [NodePath: Result<NodeDocument, MetadataError>] = [:]
    for name in NodeDocument.names.dropFirst() {
      for (key, value) in copies.object {
        guard let text = Self.prefix(of: key, endingWith: name) else { continue }
        let field = copies.path(of: key)
        let path = try Self.path(text, below: holder, field: field)
        // If both documents exist, that of the array counts, as in the store.
        guard documents[path] == nil else { continue }
        let attributesKey = "\(text)/\(NodeDocument.attributesName)"
        documents[path] = Result { () throws(MetadataError) in
          try NodeDocument(
            named: name, MetadataFields(value, path: field).object,
            attributes: copies.object[attributesKey].map { attributes throws(MetadataError) in
              try MetadataFields(attributes, path: copies.path(of: attributesKey)).object
            })
        }
      }
    }
    self.init(holder: holder, format: .version2, documents: documents)
  }

  /// The field of a group of Zarr v3.
  ///
  /// Groups come before their members; zarr-python before 3.4 relies on that. Damaged copies are left out.
  ///
  /// - Complexity: O(*n* log *n*) in the number of copies.
  private var version3: JSONValue {
    var copies = JSONObject()
    for (key, document) in sortedDocuments {
      var fields = document.fields
      if document.kind == .group { fields[NodeDocument.consolidatedField] = Self.version3(JSONObject()) }
      copies[key] = .object(fields)
    }
    return Self.version3(copies)
  }

  /// The members of the document `.zmetadata`.
  ///
  /// - Parameter group: The metadata of the holder.
  /// - Returns: The members.
  /// - Complexity: O(*n* log *n*) in the number of copies.
  private func version2(of group: GroupMetadata) -> JSONObject {
    var copies: JSONObject = [".zgroup": .object(group.json), ".zattrs": .object(group.attributes)]
    for (key, document) in sortedDocuments {
      copies["\(key)/\(document.kind == .array ? ".zarray" : ".zgroup")"] = .object(document.fields)
      copies["\(key)/\(NodeDocument.attributesName)"] = .object(document.attributes ?? [:])
    }
    return ["metadata": .object(copies), "zarr_consolidated_format": 1]
  }

  private static func version3(_ copies: JSONObject) -> JSONValue {
    ["kind": "inline", "must_understand": false, "metadata": .object(copies)]
  }

  /// The copies by their paths from the holder, shortest paths first.
  ///
  /// A directory without a document becomes a group if there are nodes below it: zarr-python opens no
  /// hierarchy whose copies lack a group on the way to a node.
  private var sortedDocuments: [(key: String, document: NodeDocument)] {
    var known: [NodePath: NodeDocument] = [:]
    for (path, content) in documents { known[path] = try? content.get() }
    for path in Array(known.keys) {
      var next = path.parent
      while let parent = next, parent != holder, known[parent] == nil {
        known[parent] = NodeDocument(impliedGroupOf: format)
        next = parent.parent
      }
    }
    return
      known
      .map { path, document in (path: path.relative(to: holder), document: document) }
      .sorted { left, right in
        let counts = (left.path.names.count, right.path.names.count)
        return counts.0 != counts.1
          ? counts.0 < counts.1
          : left.path.description.utf8.lexicographicallyPrecedes(right.path.description.utf8)
      }
      .map { ($0.path.description, $0.document) }
  }

  /// The part of a key before the name of a document, or nil if the key names another document or the holder.
  private static func prefix(of key: String, endingWith name: String) -> String? {
    let ending = "/\(name)".utf8
    guard key.utf8.count > ending.count, key.utf8.suffix(ending.count).elementsEqual(ending) else {
      return nil
    }
    return String(Substring(key.utf8.dropLast(ending.count)))
  }

  /// The path in the store of the node with this key.
  private static func path(
    _ key: String, below holder: NodePath, field: String
  ) throws(MetadataError) -> NodePath {
    let path: NodePath
    do {
      path = try NodePath(existing: key)
    } catch {
      throw MetadataError(code: error.code, field: field, message: error.message)
    }
    guard !path.names.isEmpty else {
      throw MetadataError(code: .invalidPath, field: field, message: "the path of a node is empty")
    }
    return holder.appending(path)
  }
}

extension ConsolidatedMetadata {
  /// Reads the copies that a group holds, or returns nil if it holds none.
  ///
  /// - Parameters:
  ///   - group: The metadata of the group.
  ///   - path: The path of the group.
  ///   - store: The store that holds the group.
  ///   - limits: The limits on metadata.
  /// - Returns: The copies.
  /// - Throws: ``ZarrError/metadata(path:reason:)`` and ``StoreError``.
  static func read(
    of group: GroupMetadata, at path: NodePath, in store: any Store, _ limits: MetadataLimits
  ) throws -> Self? {
    do {
      switch group.zarrFormat {
      case .version3:
        guard let value = group.consolidatedMetadata, value != .null else { return nil }
        return try ConsolidatedMetadata(version3: value, holder: path)
      case .version2:
        guard
          let document = try NodeDocument.object(
            named: NodeDocument.consolidatedName, from: store, at: path, limits)
        else {
          return nil
        }
        return try ConsolidatedMetadata(version2: document, holder: path)
      }
    } catch let error as MetadataError {
      throw ZarrError.metadata(path: ZarrArray.location(store, path), reason: error)
    }
  }

  /// Copies the documents of all nodes below a group.
  ///
  /// - Parameters:
  ///   - path: The path of the group.
  ///   - store: The store that holds it.
  ///   - format: The version of Zarr that all nodes must have.
  ///   - limits: The limits on metadata.
  ///   - leaveOut: Called for each node that cannot be copied, with the reason.
  /// - Returns: The copies.
  /// - Throws: What `leaveOut` throws, and ``StoreError`` if the group cannot be listed.
  static func collect(
    below path: NodePath, in store: any Store, format: ZarrFormat, _ limits: MetadataLimits,
    leavingOut leaveOut: (NodeEntry, any Error) throws -> Void
  ) throws -> Self {
    var documents: [NodePath: Result<NodeDocument, MetadataError>] = [:]
    try HierarchyWalk(maximumDepth: Int.max) {
      try NodeEntry.children(of: $0, in: store, limits, atMost: $1)
    }
    .run(from: path) { entry, _ in
      do {
        let document = try entry.content.get()
        guard document.format == format else {
          throw ZarrError.mixedFormats(path: entry.location, found: document.format, expected: format)
        }
        documents[entry.path] = .success(document)
      } catch {
        try leaveOut(entry, error)
      }
    }
    return ConsolidatedMetadata(holder: path, format: format, documents: documents)
  }

  /// Writes the copies to the group that holds them, in place of the existing ones.
  ///
  /// - Parameters:
  ///   - group: The metadata of the group, which is written too, except in Zarr v2.
  ///   - store: The store that holds the group.
  ///   - limits: The limits on metadata.
  /// - Throws: ``ZarrError/metadata(path:reason:)`` if the copies exceed the limits, and ``StoreError``.
  func write(with group: inout GroupMetadata, to store: any Store, _ limits: MetadataLimits) throws {
    switch format {
    case .version3:
      group.consolidatedMetadata = version3
      try NodeMetadata.group(group).write(to: store, at: holder, limits)
    case .version2:
      try NodeDocument.write(
        version2(of: group), named: NodeDocument.consolidatedName, to: store, at: holder, limits)
    }
  }

  /// The nodes directly below a group, which is the holder or a group below it.
  func entries(of path: NodePath, in store: any Store) -> [NodeEntry] {
    children(of: path).compactMap { entry(at: $0, in: store) }
  }

  /// The node at a path, or nil if it has no copy.
  func entry(at path: NodePath, in store: any Store) -> NodeEntry? {
    documents[path].map { content in
      let location =
        "\(ZarrArray.location(store, path)), by the consolidated metadata of \(ZarrArray.location(store, holder))"
      return NodeEntry(
        path: path, location: location,
        content: content.mapError { ZarrError.metadata(path: location, reason: $0) })
    }
  }
}

/// Keeping the copies up to date.
///
/// After a change, the writer reads the documents of the node again and stores them in the copies, one group
/// at a time, under the lock of that group. The last writer to take the lock stores the result of the last
/// change, so no change is lost.
extension ConsolidatedMetadata {
  /// The kind of a change.
  enum Change {
    /// The documents of the nodes themselves.
    case documents
    /// Anything at the paths of the nodes or below.
    case nodes
  }

  /// Updates the copies of nodes in all groups above them that hold copies.
  ///
  /// A group stays as it is if its document or its copies are damaged.
  ///
  /// - Parameters:
  ///   - change: The kind of the change.
  ///   - paths: The paths of the nodes.
  ///   - store: The store that holds them.
  ///   - limits: The limits on metadata.
  ///   - notice: Called with the metadata and copies of each group, under its lock.
  /// - Throws: ``StoreError``, and ``ZarrError/metadata(path:reason:)`` if the copies exceed the limits.
  /// - Complexity: O(*n* log *n*) in the number of copies.
  static func refresh(
    _ change: Change, at paths: [NodePath], in store: any Store, _ limits: MetadataLimits,
    _ notice: (GroupMetadata, ConsolidatedMetadata) -> Void = { _, _ in }
  ) throws {
    var holders: Set<NodePath> = []
    for path in paths {
      var next = path.parent
      while let holder = next, holders.insert(holder).inserted { next = holder.parent }
    }
    // Nearest first.
    for holder in holders.sorted(by: { $0.names.count > $1.names.count }) {
      let own = paths.filter { $0 != holder && $0.isAt(orBelow: holder) }
      try refresh(change, at: own, heldBy: holder, in: store, limits, notice)
    }
  }

  /// Adds a new node to the copies in all groups above it.
  ///
  /// If that fails, removes the node again, so that a retry can create it.
  ///
  /// - Throws: The same as ``refresh(_:at:in:_:_:)``.
  static func add(_ path: NodePath, in store: any Store, _ limits: MetadataLimits) throws {
    do {
      try refresh(.nodes, at: [path], in: store, limits)
    } catch {
      for name in NodeDocument.names { try? store.delete(path.storeKey(name)) }
      throw error
    }
  }

  /// Updates the copies of nodes in one group, if it holds copies.
  static func refresh(
    _ change: Change, at paths: [NodePath], heldBy holder: NodePath, in store: any Store,
    _ limits: MetadataLimits, _ notice: (GroupMetadata, ConsolidatedMetadata) -> Void = { _, _ in }
  ) throws {
    // Without the lock, because most groups hold no copies.
    guard try exist(heldBy: holder, in: store, limits) else { return }
    try GroupLock.withLock(on: holder, in: store) { store in
      guard var (group, copies) = try usable(heldBy: holder, in: store, limits) else { return }
      let old = copies
      for path in paths { try copies.refresh(change, at: path, in: store, limits) }
      if !copies.differences(from: old).isEmpty { try copies.write(with: &group, to: store, limits) }
      notice(group, copies)
    }
  }

  /// Whether there is a group that holds copies.
  private static func exist(
    heldBy holder: NodePath, in store: any Store, _ limits: MetadataLimits
  ) throws -> Bool {
    let found: NodeDocument?
    do {
      found = try NodeDocument.read(from: store, at: holder, limits)
    } catch is ZarrError {
      return false
    }
    guard let document = found, document.kind == .group else { return false }
    switch document.format {
    case .version3: return document.fields[NodeDocument.consolidatedField].map { $0 != .null } ?? false
    case .version2: return try store.byteCount(of: holder.storeKey(NodeDocument.consolidatedName)) != nil
    }
  }

  /// The metadata and copies of a group, or nil if either is missing or damaged.
  private static func usable(
    heldBy holder: NodePath, in store: any Store, _ limits: MetadataLimits
  ) throws -> (GroupMetadata, ConsolidatedMetadata)? {
    do {
      guard case .group(let group) = try NodeMetadata.read(from: store, at: holder, limits),
        let copies = try read(of: group, at: holder, in: store, limits)
      else { return nil }
      return (group, copies)
    } catch is ZarrError {
      return nil
    }
  }

  /// Updates the copies of a node, and adds missing copies of groups above it.
  private mutating func refresh(
    _ change: Change, at path: NodePath, in store: any Store, _ limits: MetadataLimits
  ) throws {
    let document = try Self.document(at: path, in: store, format, limits)
    if change == .documents, let document, documents[path] != nil { return replace(path, by: document) }
    var others: [(NodePath, NodeDocument)] = document.map { [(path, $0)] } ?? []
    if document?.kind == .group {
      let below = try Self.collect(below: path, in: store, format: format, limits) { _, _ in }
      for (path, content) in below.documents { others.append((path, try content.get())) }
    }
    if document != nil {
      var next = path.parent
      while let group = next, group != holder {
        if documents[group] == nil, let document = try Self.document(at: group, in: store, format, limits) {
          others.append((group, document))
        }
        next = group.parent
      }
    }
    replace(path, by: others)
  }

  /// The document of a node, or nil if it is missing, damaged, or of another version of Zarr.
  private static func document(
    at path: NodePath, in store: any Store, _ format: ZarrFormat, _ limits: MetadataLimits
  ) throws -> NodeDocument? {
    do {
      let document = try NodeDocument.read(from: store, at: path, limits)
      return document?.format == format ? document : nil
    } catch is ZarrError {
      return nil
    }
  }
}
