/// The members of an object in a document, read with errors that name the member.
struct MetadataFields {
  let object: JSONObject

  /// Where the object is in the document; empty for the document itself.
  let path: String

  /// Takes an object apart.
  init(_ value: JSONValue, path: String = "") throws(MetadataError) {
    guard let object = value.objectValue else {
      throw .expected("an object", found: value, in: path)
    }
    self.object = object
    self.path = path
  }

  init(_ object: JSONObject, path: String = "") {
    self.object = object
    self.path = path
  }

  /// Parses a document, which must be an object.
  init(decoding bytes: [UInt8], with parser: JSONParser) throws(MetadataError) {
    let value: JSONValue
    do {
      value = try parser.parse(bytes)
    } catch {
      let isLimit = error.code == .tooDeep || error.code == .tooLong
      throw MetadataError(
        code: isLimit ? .tooLarge : .malformedText, field: "", message: error.description)
    }
    try self.init(value)
  }

  /// The path of a member, in which a very long name is cut short.
  func path(of name: String) -> String {
    let name = name.utf8.count > 60 ? String(name.unicodeScalars.prefix(40)) + "…" : name
    return path.isEmpty ? name : "\(path).\(name)"
  }

  /// A member that must be there.
  func required(_ name: String, _ expected: String) throws(MetadataError) -> JSONValue {
    guard let value = object[name] else {
      throw MetadataError(
        code: .missingField, field: path(of: name), message: "missing; expected \(expected)")
    }
    return value
  }

  /// A member that is an object; absent and null are the same as empty.
  func optionalObject(_ name: String) throws(MetadataError) -> JSONObject {
    switch object[name] {
    case nil, .null?: return [:]
    case .object(let members)?: return members
    case let value?: throw .expected("an object", found: value, in: path(of: name))
    }
  }

  /// A member that is an array.
  func array(_ name: String, _ expected: String) throws(MetadataError) -> [JSONValue] {
    let value = try required(name, expected)
    guard let values = value.arrayValue else {
      throw .expected(expected, found: value, in: path(of: name))
    }
    return values
  }

  /// Checks the two fields that say what a document describes.
  func checkKind(_ nodeType: String) throws(MetadataError) {
    let format = try required("zarr_format", "3")
    guard format.integerValue == 3 else {
      throw .expected("the integer 3", found: format, in: path(of: "zarr_format"))
    }
    let type = try required("node_type", "\"\(nodeType)\"")
    guard type == .string(nodeType) else {
      throw .expected("\"\(nodeType)\"", found: type, in: path(of: "node_type"))
    }
  }

  /// The members with other names, each of which must say that it may be ignored.
  func additional(besides known: Set<String>) throws(MetadataError) -> JSONObject {
    let fields = JSONObject(object.filter { !known.contains($0.key) }.map { ($0.key, $0.value) })
    try MetadataFields(fields, path: path).checkIgnorable()
    return fields
  }

  /// Checks that a reader who does not know these members may go on.
  func checkIgnorable() throws(MetadataError) {
    for (name, value) in object where value.objectValue?["must_understand"] != .bool(false) {
      throw MetadataError(
        code: .unknownField, field: path(of: name),
        message: "unknown, and not an object with \"must_understand\": false; found \(value.summary)")
    }
  }

  /// Checks that there are no members but these.
  func checkOnly(_ known: [String] = []) throws(MetadataError) {
    for (name, value) in object where !known.contains(name) {
      throw MetadataError(
        code: .unsupported, field: path(of: name), message: "unknown setting with the value \(value.summary)")
    }
  }
}
