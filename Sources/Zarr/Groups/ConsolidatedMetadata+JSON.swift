extension ConsolidatedMetadata {
  /// Reads the field of a group of Zarr v3, in which the copies are not checked yet.
  ///
  /// - Parameters:
  ///   - value: What the field holds.
  ///   - holder: The path of the group.
  /// - Throws: An error that names what is wrong: another kind than `inline`, or a key that is no path.
  init(version3 value: JSONValue, holder: NodePath) throws(MetadataError) {
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
  init(version2 document: JSONObject, holder: NodePath) throws(MetadataError) {
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
  var version3: JSONValue {
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
  func version2(of group: GroupMetadata) -> JSONObject {
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
