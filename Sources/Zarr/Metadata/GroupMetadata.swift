/// What the document `zarr.json` says about a group.
public struct GroupMetadata: Hashable, Sendable {
  /// The fields that have a meaning in the document of a group.
  private static let fieldNames: Set<String> = [
    "zarr_format", "node_type", "attributes", "consolidated_metadata",
  ]

  /// What users say about the group.
  public var attributes: JSONObject

  /// Copies of the documents of the nodes below, if the document has them, as it has them: an object or null.
  public var consolidatedMetadata: JSONValue?

  /// Fields that are not known; all of them say that they may be ignored.
  public let additionalFields: JSONObject

  /// Creates the metadata of a group.
  public init(attributes: JSONObject = [:]) {
    self.attributes = attributes
    consolidatedMetadata = nil
    additionalFields = [:]
  }

  /// Reads the document of a group, the bytes of its `zarr.json`.
  ///
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the number of bytes.
  public init(decoding bytes: [UInt8], with parser: JSONParser = JSONParser()) throws(MetadataError) {
    try self.init(MetadataFields(decoding: bytes, with: parser))
  }

  /// Reads the document of a group that has been parsed, as from consolidated metadata.
  ///
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the size of the document.
  public init(_ document: JSONObject) throws(MetadataError) {
    try self.init(MetadataFields(document))
  }

  init(_ fields: MetadataFields) throws(MetadataError) {
    try fields.checkKind("group")
    attributes = try fields.optionalObject("attributes")
    consolidatedMetadata = fields.object["consolidated_metadata"]
    if let consolidatedMetadata, consolidatedMetadata != .null, consolidatedMetadata.objectValue == nil {
      throw .expected("an object or null", found: consolidatedMetadata, in: "consolidated_metadata")
    }
    additionalFields = try fields.additional(besides: Self.fieldNames)
  }

  /// The document of the group, with its fields in the order of zarr-python.
  ///
  /// - Complexity: O(*n*) in the size of the document.
  public var json: JSONObject {
    var document: JSONObject = ["attributes": .object(attributes), "zarr_format": 3]
    document["consolidated_metadata"] = consolidatedMetadata
    document["node_type"] = "group"
    for (name, value) in additionalFields {
      document[name] = value
    }
    return document
  }

  /// The bytes of the group's `zarr.json`.
  ///
  /// - Complexity: O(*n*) in the number of bytes.
  public func encoded() -> [UInt8] {
    JSONWriter().bytes(of: .object(json))
  }
}
