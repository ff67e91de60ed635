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
  private var documents: [NodePath: Result<NodeDocument, MetadataError>]

  /// The paths of the nodes in each group, in the order of the bytes of their names.
  private var children: [NodePath: [NodePath]] = [:]

  /// Creates consolidated metadata of copies.
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

  /// Removes the copies of a node and of all below it, and takes others.
  ///
  /// - Complexity: O(*n* log *n*) where *n* is the number of copies.
  private mutating func replace(_ path: NodePath, by others: [(NodePath, NodeDocument)]) {
    documents = documents.filter { !$0.key.isAt(orBelow: path) }
    for (path, document) in others {
      documents[path] = .success(document)
    }
    index()
  }

  /// Takes another copy of a node of which there is one.
  private mutating func replace(_ path: NodePath, by document: NodeDocument) {
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
  fileprivate init(impliedGroupOf format: ZarrFormat) {
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

extension ConsolidatedMetadata {
  /// Reads the field of a group of Zarr v3, in which the copies are not checked yet.
  ///
  /// - Parameters:
  ///   - value: What the field holds.
  ///   - holder: The path of the group.
  /// - Throws: An error that names what is wrong: another kind than `inline`, or a key that is no path.
  private init(version3 value: JSONValue, holder: NodePath) throws(MetadataError) {
    let fields = try MetadataFields(value, path: Self.fieldName)
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

  /// Reads the members of a document `.zmetadata`, in which the copies are not checked yet.
  ///
  /// - Parameters:
  ///   - document: The members.
  ///   - holder: The path of the group.
  /// - Throws: An error that names what is wrong: another format than 1, or a key that is no path.
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
        // Where there are both documents, that of an array counts, as it does in the store.
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
  /// Groups come before what is in them, which versions of zarr-python before 3.4 rely on. Copies that are
  /// damaged are left out.
  ///
  /// - Complexity: O(*n* log *n*) in the number of copies.
  private var version3: JSONValue {
    var copies = JSONObject()
    for (key, document) in sortedDocuments {
      var fields = document.fields
      if document.kind == .group { fields[Self.fieldName] = Self.version3(JSONObject()) }
      copies[key] = .object(fields)
    }
    return Self.version3(copies)
  }

  /// The members of the document `.zmetadata`.
  ///
  /// - Parameter group: What the holder's own metadata says.
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

  /// The copies by their paths from the holder, the shortest paths first.
  ///
  /// A directory without a document in which there are nodes is a group among them: zarr-python opens no group
  /// whose copies lack one on the way to a node.
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

  /// What stands before the name of a document in a key, or nil if the key is of another one or of the
  /// holder.
  private static func prefix(of key: String, endingWith name: String) -> String? {
    let ending = "/\(name)".utf8
    guard key.utf8.count > ending.count, key.utf8.suffix(ending.count).elementsEqual(ending) else {
      return nil
    }
    return String(Substring(key.utf8.dropLast(ending.count)))
  }

  /// The path in the store of a node that a key names.
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
  ///   - group: What the group's own metadata says.
  ///   - path: The path of the group.
  ///   - store: The store that holds the group.
  ///   - limits: The most that the metadata can make the reader take.
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
        guard let document = try NodeDocument.object(named: version2Name, from: store, at: path, limits)
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
  ///   - format: The version of Zarr that all of them have to be of.
  ///   - limits: The most that metadata can make the reader take.
  ///   - leaveOut: Is told of each node that cannot be among the copies, and why.
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

  /// Writes the copies to the group that holds them, in place of those that are there.
  ///
  /// - Parameters:
  ///   - group: What the group's own metadata says; it is written too, except in Zarr v2.
  ///   - store: The store that holds the group.
  ///   - limits: The most that is read of them.
  /// - Throws: ``ZarrError/metadata(path:reason:)`` if they are larger than what is read, and ``StoreError``.
  func write(with group: inout GroupMetadata, to store: any Store, _ limits: MetadataLimits) throws {
    switch format {
    case .version3:
      group.consolidatedMetadata = version3
      try NodeMetadata.group(group).write(to: store, at: holder, limits)
    case .version2:
      try NodeDocument.write(version2(of: group), named: Self.version2Name, to: store, at: holder, limits)
    }
  }

  /// The nodes directly below a group, which is the holder or below it.
  func entries(of path: NodePath, in store: any Store) -> [NodeEntry] {
    children(of: path).compactMap { entry(at: $0, in: store) }
  }

  /// The node with a path, or nil if there is no copy of its documents.
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

/// How copies stay true when nodes are changed.
///
/// Whoever has changed a node reads its documents once more and puts them into the copies, one group at a
/// time, under the lock of the group that holds them. So the last one to have the lock puts in what the last
/// change has left, and no change is lost.
extension ConsolidatedMetadata {
  /// What of nodes was changed.
  enum Change {
    /// Their own documents.
    case documents
    /// Whatever is at their paths, and below them.
    case nodes
  }

  /// Makes the copies of nodes true in all groups above them that hold some.
  ///
  /// Groups whose own documents are damaged, or whose copies are, stay as they are.
  ///
  /// - Parameters:
  ///   - change: What was changed.
  ///   - paths: The paths of the nodes.
  ///   - store: The store that holds them.
  ///   - limits: The most that metadata can make the reader take.
  ///   - notice: Is shown what each of the groups holds then, while no one else changes it.
  /// - Throws: ``StoreError``, and ``ZarrError/metadata(path:reason:)`` if copies become larger than what is
  ///   read.
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
    // The nearest first.
    for holder in holders.sorted(by: { $0.names.count > $1.names.count }) {
      let own = paths.filter { $0 != holder && $0.isAt(orBelow: holder) }
      try refresh(change, at: own, heldBy: holder, in: store, limits, notice)
    }
  }

  /// Adds a node that has just been created to the copies in all groups above it, or removes it again.
  ///
  /// - Throws: As ``refresh(_:at:in:_:_:)``. The node would be in the way of who tries again.
  static func add(_ path: NodePath, in store: any Store, _ limits: MetadataLimits) throws {
    do {
      try refresh(.nodes, at: [path], in: store, limits)
    } catch {
      for name in NodeDocument.names { try? store.delete(path.storeKey(name)) }
      throw error
    }
  }

  /// Makes the copies of nodes true in one group, if it holds some.
  static func refresh(
    _ change: Change, at paths: [NodePath], heldBy holder: NodePath, in store: any Store,
    _ limits: MetadataLimits, _ notice: (GroupMetadata, ConsolidatedMetadata) -> Void = { _, _ in }
  ) throws {
    // Without the lock, as most groups hold none.
    guard try exist(heldBy: holder, in: store, limits) else { return }
    try GroupLock.withLock(on: holder, in: store) {
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
    case .version3: return document.fields[fieldName].map { $0 != .null } ?? false
    case .version2: return try store.byteCount(of: holder.storeKey(version2Name)) != nil
    }
  }

  /// What a group says of itself, and the copies that it holds, or nil if one of them is missing or damaged.
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

  /// Makes the copies of a node true, and adds those of groups above it that are missing.
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

  /// What can be copied of a node, or nil if there is none, or if it is damaged or of another version of Zarr.
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
