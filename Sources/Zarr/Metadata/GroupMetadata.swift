/// What the document of a group says: `zarr.json`, or `.zgroup` and `.zattrs` in Zarr v2.
public struct GroupMetadata: Hashable, Sendable {
  /// The fields that have a meaning in the document of a group of Zarr v3.
  private static let fieldNames: Set<String> = [
    "zarr_format", "node_type", "attributes", "consolidated_metadata",
  ]

  /// The version of the format.
  public let zarrFormat: ZarrFormat

  /// What users say about the group.
  public var attributes: JSONObject

  /// Copies of the documents of the nodes below, if the document has them, as it has them: an object or null.
  ///
  /// Zarr v2 has them in a document of their own, and nothing here.
  public var consolidatedMetadata: JSONValue?

  /// Fields that are not known; in Zarr v3 all of them say that they may be ignored.
  public let additionalFields: JSONObject

  /// Creates the metadata of a group.
  public init(attributes: JSONObject = [:], zarrFormat: ZarrFormat = .version3) {
    self.zarrFormat = zarrFormat
    self.attributes = attributes
    consolidatedMetadata = nil
    additionalFields = [:]
  }

  /// Reads the document of a group of Zarr v3, the bytes of its `zarr.json`.
  ///
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the number of bytes.
  public init(decoding bytes: [UInt8], with parser: JSONParser = JSONParser()) throws(MetadataError) {
    try self.init(MetadataFields(decoding: bytes, with: parser))
  }

  /// Reads the document of a group of Zarr v3 that has been parsed, as from consolidated metadata.
  ///
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the size of the document.
  public init(_ document: JSONObject) throws(MetadataError) {
    try self.init(MetadataFields(document))
  }

  /// Reads the documents of a group of Zarr v2 that have been parsed.
  ///
  /// Unknown fields are ignored, as the specification of Zarr v2 has it, and kept.
  ///
  /// - Parameters:
  ///   - document: The members of `.zgroup`.
  ///   - attributes: The members of `.zattrs`, or nil if there is no such document.
  /// - Throws: An error that names the field, what was expected there, and what was found.
  public init(version2 document: JSONObject, attributes: JSONObject?) throws(MetadataError) {
    let fields = MetadataFields(document)
    let format = try fields.required("zarr_format", "2")
    guard format.integerValue == 2 else {
      throw .expected("the integer 2", found: format, in: "zarr_format")
    }
    zarrFormat = .version2
    self.attributes = attributes ?? [:]
    consolidatedMetadata = nil
    var others = document
    others["zarr_format"] = nil
    additionalFields = others
  }

  init(_ fields: MetadataFields) throws(MetadataError) {
    try fields.checkKind("group")
    zarrFormat = .version3
    attributes = try fields.optionalObject("attributes")
    consolidatedMetadata = fields.object["consolidated_metadata"]
    if let consolidatedMetadata, consolidatedMetadata != .null, consolidatedMetadata.objectValue == nil {
      throw .expected("an object or null", found: consolidatedMetadata, in: "consolidated_metadata")
    }
    additionalFields = try fields.additional(besides: Self.fieldNames)
  }

  /// The document of the group, with its fields in the order of zarr-python; of Zarr v2 without the
  /// attributes.
  ///
  /// - Complexity: O(*n*) in the size of the document.
  public var json: JSONObject {
    var document: JSONObject = [:]
    if zarrFormat == .version3 { document["attributes"] = .object(attributes) }
    document["zarr_format"] = .integer(zarrFormat.rawValue)
    if zarrFormat == .version3 {
      document["consolidated_metadata"] = consolidatedMetadata
      document["node_type"] = "group"
    }
    for (name, value) in additionalFields {
      document[name] = value
    }
    return document
  }

  /// The bytes of the group's `zarr.json`, or of its `.zgroup` in Zarr v2.
  ///
  /// - Complexity: O(*n*) in the number of bytes.
  public func encoded() -> [UInt8] {
    JSONWriter().bytes(of: .object(json))
  }
}
