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
