/// What the documents of a node say about it.
@nonexhaustive
public enum NodeMetadata: Hashable, Sendable {
  /// The node is an array.
  case array(ArrayMetadata)
  /// The node is a group.
  case group(GroupMetadata)

  /// Reads the document of a node of Zarr v3, the bytes of its `zarr.json`.
  ///
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the number of bytes.
  public init(decoding bytes: [UInt8], with parser: JSONParser = JSONParser()) throws(MetadataError) {
    try self.init(MetadataFields(decoding: bytes, with: parser))
  }

  /// Reads the document of a node of Zarr v3 that has been parsed, as from consolidated metadata.
  ///
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the size of the document.
  public init(_ document: JSONObject) throws(MetadataError) {
    try self.init(MetadataFields(document))
  }

  private init(_ fields: MetadataFields) throws(MetadataError) {
    switch try Self.kind(of: fields) {
    case .array: self = .array(try ArrayMetadata(fields))
    case .group: self = .group(try GroupMetadata(fields))
    }
  }

  /// What a document of Zarr v3 says that the node is.
  static func kind(of fields: MetadataFields) throws(MetadataError) -> NodeKind {
    let expected = "\"array\" or \"group\""
    let type = try fields.required("node_type", expected)
    guard let kind = type.stringValue.flatMap(NodeKind.init) else {
      throw .expected(expected, found: type, in: fields.path(of: "node_type"))
    }
    return kind
  }

  /// What the node is.
  public var kind: NodeKind {
    switch self {
    case .array: .array
    case .group: .group
    }
  }

  /// The version of the format that the documents are of.
  public var zarrFormat: ZarrFormat {
    switch self {
    case .array(let metadata): metadata.zarrFormat
    case .group(let metadata): metadata.zarrFormat
    }
  }

  /// The documents by name, in the order in which they are written: the last one makes the node.
  var documents: [(name: String, document: JSONObject)] {
    switch self {
    case .array(let metadata):
      metadata.zarrFormat == .version3
        ? [("zarr.json", metadata.json)]
        : [(NodeDocument.attributesName, metadata.attributes), (".zarray", metadata.json)]
    case .group(let metadata):
      metadata.zarrFormat == .version3
        ? [("zarr.json", metadata.json)]
        : [(NodeDocument.attributesName, metadata.attributes), (".zgroup", metadata.json)]
    }
  }

  /// The bytes of the document that makes the node: `zarr.json`, or `.zarray` or `.zgroup` in Zarr v2.
  ///
  /// - Complexity: O(*n*) in the number of bytes.
  public func encoded() -> [UInt8] {
    switch self {
    case .array(let metadata): metadata.encoded()
    case .group(let metadata): metadata.encoded()
    }
  }
}
