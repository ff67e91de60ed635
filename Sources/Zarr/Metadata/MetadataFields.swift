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
      throw MetadataError(code: .malformedText, field: "", message: error.description)
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

/// A part of the metadata that is known by its name: a codec, a data type, a chunk grid and the like.
///
/// In a document it is an object, or a string that stands for a name without settings:
/// ```json
/// { "name": "zstd", "configuration": { "level": 3, "checksum": false } }
/// ```
public struct MetadataExtension: Hashable, Sendable {
  /// The name.
  public let name: String

  /// The settings.
  public let configuration: JSONObject

  /// Whether a reader that does not know the name must give up.
  public let mustUnderstand: Bool

  /// Members of the object besides these three, which readers ignore.
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
  ///   - value: What the document holds.
  ///   - field: Where the document holds it, for errors.
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
  /// The configuration is written even if it is empty. zarr-python refuses several codecs without one, and
  /// zarr-python and zarrs both take an empty one for the codecs that have no settings, as `vlen-bytes`,
  /// `vlen-utf8` and `crc32c`. The shorthand, a name alone, is never written: zarr-python does not read it
  /// for codecs.
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
  /// Checks that the extension does not claim to be ignorable, in a place where none is.
  func checkMustUnderstand(field: String) throws(MetadataError) {
    guard mustUnderstand else {
      throw MetadataError(
        code: .unsupported, field: "\(field).must_understand",
        message: "a reader cannot do without this field")
    }
  }

  /// Checks that there are no settings but these, and no other members.
  func checkOnly(settings: String..., field: String) throws(MetadataError) {
    try MetadataFields(additionalFields, path: field).checkOnly()
    try MetadataFields(configuration, path: "\(field).configuration").checkOnly(settings)
  }
}

/// Why a document, or a value that was meant for one, is not valid Zarr metadata.
public struct MetadataError: Error, Hashable, CustomStringConvertible {
  /// The kinds of failure.
  @nonexhaustive
  public enum Code: Hashable, Sendable {
    /// The text is not a JSON document.
    case malformedText
    /// A field that must be there is not.
    case missingField
    /// A field has a value of a wrong type, or out of its range.
    case unexpectedValue
    /// A field says something valid that this library does not know.
    case unsupported
    /// There is a field that is not known and may not be ignored.
    case unknownField
    /// A number of elements does not fit into an integer, or into the format.
    case tooLarge
    /// The name or path of a node is not allowed.
    case invalidPath
  }

  /// The kind of failure.
  public let code: Code

  /// The field that is wrong, as `chunk_grid.configuration.chunk_shape[0]`; empty for the document as a
  /// whole.
  public let field: String

  /// What is wrong with it, for a person to read.
  public let message: String

  /// Creates an error.
  ///
  /// - Parameters:
  ///   - code: The kind of failure.
  ///   - field: The field that is wrong, empty for the document as a whole.
  ///   - message: What is wrong with it, for a person to read.
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
  /// A field does not have the value that it should.
  static func expected(_ expected: String, found value: JSONValue, in field: String) -> MetadataError {
    MetadataError(
      code: .unexpectedValue, field: field, message: "expected \(expected), found \(value.summary)")
  }
}
