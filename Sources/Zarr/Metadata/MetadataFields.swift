/// The members of an object in a document.
///
/// Errors name the member.
struct MetadataFields {
  let object: JSONObject

  /// Where the object is in the document; empty for the document itself.
  let path: String

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

  /// The path of a member.
  ///
  /// It shortens very long names.
  func path(of name: String) -> String {
    let name = name.utf8.count > 60 ? String(name.unicodeScalars.prefix(40)) + "…" : name
    return path.isEmpty ? name : "\(path).\(name)"
  }

  /// A member.
  ///
  /// - Throws: An error that says what was expected if the member is missing.
  func required(_ name: String, _ expected: String) throws(MetadataError) -> JSONValue {
    guard let value = object[name] else {
      throw MetadataError(
        code: .missingField, field: path(of: name), message: "missing; expected \(expected)")
    }
    return value
  }

  /// A member that is an object.
  ///
  /// It is empty if the member is missing or null.
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

  /// A member that is an array of extensions, for example of codecs.
  func extensions(_ name: String, _ expected: String) throws(MetadataError) -> [MetadataExtension] {
    var extensions: [MetadataExtension] = []
    for (index, value) in try array(name, expected).enumerated() {
      extensions.append(try MetadataExtension(value, field: "\(path(of: name))[\(index)]"))
    }
    return extensions
  }

  /// Checks the two fields that say what a document describes.
  func checkKind(_ nodeType: String) throws(MetadataError) {
    try checkFormat(.version3)
    let type = try required("node_type", "\"\(nodeType)\"")
    guard type == .string(nodeType) else {
      throw .expected("\"\(nodeType)\"", found: type, in: path(of: "node_type"))
    }
  }

  /// Checks the field that says which version of the format a document has.
  func checkFormat(_ format: ZarrFormat) throws(MetadataError) {
    let found = try required("zarr_format", "\(format.rawValue)")
    guard found.integerValue == format.rawValue else {
      throw .expected("the integer \(format.rawValue)", found: found, in: path(of: "zarr_format"))
    }
  }

  /// The members with other names.
  ///
  /// Each must say that readers may ignore it.
  func additional(besides known: Set<String>) throws(MetadataError) -> JSONObject {
    let fields = JSONObject(object.filter { !known.contains($0.key) }.map { ($0.key, $0.value) })
    try MetadataFields(fields, path: path).checkIgnorable()
    return fields
  }

  /// Checks that a reader which does not know these members may ignore them.
  func checkIgnorable() throws(MetadataError) {
    for (name, value) in object where value.objectValue?["must_understand"] != .bool(false) {
      throw MetadataError(
        code: .unknownField, field: path(of: name),
        message: "unknown field without \"must_understand\": false; found \(value.summary)")
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

extension JSONValue {
  /// The value as an integer of at least 1.
  func positiveInteger(field: String) throws(MetadataError) -> Int {
    guard let integer = integerValue, integer >= 1 else {
      throw .expected("an integer of at least 1", found: self, in: field)
    }
    return integer
  }
}

/// A named part of the metadata: a codec, a data type, a chunk grid and the like.
///
/// In a document it is an object, or a string that is a name without settings:
/// ```json
/// { "name": "zstd", "configuration": { "level": 3, "checksum": false } }
/// ```
public struct MetadataExtension: Hashable, Sendable {
  /// The name.
  public let name: String

  /// The settings.
  public let configuration: JSONObject

  /// Whether a reader that does not know the name must reject the document.
  public let mustUnderstand: Bool

  /// The other members of the object, which readers ignore.
  public let additionalFields: JSONObject

  /// Creates an extension.
  public init(name: String, configuration: JSONObject = [:], mustUnderstand: Bool = true) {
    self.name = name
    self.configuration = configuration
    self.mustUnderstand = mustUnderstand
    additionalFields = [:]
  }

  /// Reads an extension from a document.
  ///
  /// - Parameters:
  ///   - value: The value in the document.
  ///   - field: Its place in the document, for errors.
  /// - Throws: An error if the value is neither a name nor an object with one.
  public init(_ value: JSONValue, field: String) throws(MetadataError) {
    let object: JSONObject
    switch value {
    case .string: object = ["name": value]
    case .object(let members): object = members
    default: throw .expected("a name or an object with a name", found: value, in: field)
    }
    let fields = MetadataFields(object, path: field)
    let name = try fields.required("name", "a string")
    guard let text = name.stringValue, !text.isEmpty else {
      throw .expected("a string that is not empty", found: name, in: fields.path(of: "name"))
    }
    self.name = text

    let configuration = object["configuration"] ?? [:]
    guard let settings = configuration.objectValue else {
      throw .expected("an object", found: configuration, in: fields.path(of: "configuration"))
    }
    self.configuration = settings

    let mustUnderstand = object["must_understand"] ?? true
    guard let flag = mustUnderstand.boolValue else {
      throw .expected("true or false", found: mustUnderstand, in: fields.path(of: "must_understand"))
    }
    self.mustUnderstand = flag

    var additional = object
    for known in ["name", "configuration", "must_understand"] {
      additional[known] = nil
    }
    additionalFields = additional
  }

  /// The extension as documents hold it.
  ///
  /// It has a configuration even if that is empty. zarr-python refuses several codecs without one, and both
  /// zarr-python and zarrs take an empty one for codecs without settings, for example `vlen-bytes`. It is
  /// never a bare name, which zarr-python does not read for codecs.
  public var json: JSONValue {
    var object: JSONObject = ["name": .string(name), "configuration": .object(configuration)]
    if !mustUnderstand {
      object["must_understand"] = false
    }
    for (name, value) in additionalFields {
      object[name] = value
    }
    return .object(object)
  }
}

extension MetadataExtension {
  /// Checks that the extension does not say that readers may ignore it.
  func checkMustUnderstand(field: String) throws(MetadataError) {
    guard mustUnderstand else {
      throw MetadataError(
        code: .unsupported, field: "\(field).must_understand", message: "a reader needs this field")
    }
  }

  /// Checks that there are no settings but these, and no other members.
  func checkOnly(settings: String..., field: String) throws(MetadataError) {
    try MetadataFields(additionalFields, path: field).checkOnly()
    try MetadataFields(configuration, path: "\(field).configuration").checkOnly(settings)
  }
}

/// Why a document, or a value for one, is not valid Zarr metadata.
public struct MetadataError: Error, Hashable, CustomStringConvertible {
  /// The kinds of failure.
  @nonexhaustive
  public enum Code: Hashable, Sendable {
    /// The text is not a JSON document.
    case malformedText
    /// A required field is missing.
    case missingField
    /// A field has a value of the wrong type, or out of range.
    case unexpectedValue
    /// A field has a valid value that this library does not support.
    case unsupported
    /// The document has an unknown field that readers may not ignore.
    case unknownField
    /// A size or a count exceeds a limit, an `Int`, or the format.
    case tooLarge
    /// Zarr does not allow the name or path of a node.
    case invalidPath
  }

  /// The kind of failure.
  public let code: Code

  /// The wrong field, as `chunk_grid.configuration.chunk_shape[0]`; empty for the document as a whole.
  public let field: String

  /// A description of the fault.
  public let message: String

  /// Creates an error.
  public init(code: Code, field: String, message: String) {
    self.code = code
    self.field = field
    self.message = message
  }

  /// The field and the message.
  public var description: String {
    field.isEmpty ? message : "\(field): \(message)"
  }
}

extension MetadataError {
  /// The error for a field with another value than expected.
  static func expected(_ expected: String, found value: JSONValue, in field: String) -> MetadataError {
    MetadataError(
      code: .unexpectedValue, field: field, message: "expected \(expected), found \(value.summary)")
  }
}
