/// What is stored of a node, taken apart but not checked yet.
///
/// | | array | group | attributes |
/// |---|---|---|---|
/// | Zarr v3 | `zarr.json` | `zarr.json` | in the document |
/// | Zarr v2 | `.zarray` | `.zgroup` | `.zattrs`, which need not be there |
struct NodeDocument: Hashable, Sendable {
  /// The names of the documents that make a node, in the order in which they are looked for.
  static let names = ["zarr.json", ".zarray", ".zgroup"]

  /// The name of the document with the attributes of a node of Zarr v2.
  static let attributesName = ".zattrs"

  /// The version of the format.
  let format: ZarrFormat

  /// What the node is.
  let kind: NodeKind

  /// The document that makes the node, as it is.
  let fields: JSONObject

  /// The attributes that Zarr v2 has in a document of their own, or nil if there is none.
  let attributes: JSONObject?

  /// Takes a document by its name, one of ``names``.
  ///
  /// - Throws: An error if the document does not say what kind of node it makes.
  init(named name: String, _ fields: JSONObject, attributes: JSONObject? = nil) throws(MetadataError) {
    switch name {
    case ".zarray": (format, kind) = (.version2, .array)
    case ".zgroup": (format, kind) = (.version2, .group)
    default:
      format = .version3
      kind = try NodeMetadata.kind(of: MetadataFields(fields))
    }
    self.fields = fields
    self.attributes = attributes
  }

  /// What the documents say.
  ///
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the size of the documents.
  func metadata() throws(MetadataError) -> NodeMetadata {
    switch (format, kind) {
    case (.version3, .array): .array(try ArrayMetadata(fields))
    case (.version3, .group): .group(try GroupMetadata(fields))
    case (.version2, .group): .group(try GroupMetadata(version2: fields, attributes: attributes))
    case (.version2, .array): .array(try ArrayMetadata(version2: fields, attributes: attributes))
    }
  }
}

/// The versions of the Zarr format that nodes are stored in.
///
/// All nodes of a hierarchy have the same.
public enum ZarrFormat: Int, Hashable, Sendable, CaseIterable {
  /// Documents `.zarray`, `.zgroup` and `.zattrs`, as
  /// [version 2](https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html) has them.
  case version2 = 2
  /// A document `zarr.json`, as
  /// [version 3](https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html) has it.
  case version3 = 3
}

/// The two things that a node of a hierarchy can be.
public enum NodeKind: String, Hashable, Sendable, CaseIterable {
  /// A node with elements.
  case array
  /// A node that holds other nodes.
  case group
}

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
