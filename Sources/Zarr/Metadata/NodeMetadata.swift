/// What a document `zarr.json` says about the node that it belongs to.
@nonexhaustive
public enum NodeMetadata: Hashable, Sendable {
  /// The node is an array.
  case array(ArrayMetadata)
  /// The node is a group.
  case group(GroupMetadata)

  /// Reads the document of a node, the bytes of its `zarr.json`.
  ///
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the number of bytes.
  public init(decoding bytes: [UInt8], with parser: JSONParser = JSONParser()) throws(MetadataError) {
    try self.init(MetadataFields(decoding: bytes, with: parser))
  }

  /// Reads the document of a node that has been parsed, as from consolidated metadata.
  ///
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the size of the document.
  public init(_ document: JSONObject) throws(MetadataError) {
    try self.init(MetadataFields(document))
  }

  private init(_ fields: MetadataFields) throws(MetadataError) {
    let expected = "\"array\" or \"group\""
    let type = try fields.required("node_type", expected)
    switch type {
    case "array": self = .array(try ArrayMetadata(fields))
    case "group": self = .group(try GroupMetadata(fields))
    default: throw .expected(expected, found: type, in: fields.path(of: "node_type"))
    }
  }

  /// The bytes of the node's `zarr.json`.
  ///
  /// - Complexity: O(*n*) in the number of bytes.
  public func encoded() -> [UInt8] {
    switch self {
    case .array(let metadata): metadata.encoded()
    case .group(let metadata): metadata.encoded()
    }
  }
}
