/// The metadata of a node.
@nonexhaustive
public enum NodeMetadata: Hashable, Sendable {
  /// The node is an array.
  case array(ArrayMetadata)
  /// The node is a group.
  case group(GroupMetadata)

  /// Reads the parsed document of a node of Zarr v3.
  ///
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the size of the document.
  public init(_ document: JSONObject) throws(MetadataError) {
    let fields = MetadataFields(document)
    switch try Self.kind(of: fields) {
    case .array: self = .array(try ArrayMetadata(fields))
    case .group: self = .group(try GroupMetadata(fields))
    }
  }

  /// The kind of node that a document of Zarr v3 makes.
  static func kind(of fields: MetadataFields) throws(MetadataError) -> NodeKind {
    let expected = "\"array\" or \"group\""
    let type = try fields.required("node_type", expected)
    guard let kind = type.stringValue.flatMap(NodeKind.init) else {
      throw .expected(expected, found: type, in: fields.path(of: "node_type"))
    }
    return kind
  }

  /// The kind of the node.
  public var kind: NodeKind {
    switch self {
    case .array: .array
    case .group: .group
    }
  }

  /// The version of the format.
  public var zarrFormat: ZarrFormat {
    switch self {
    case .array(let metadata): metadata.zarrFormat
    case .group(let metadata): metadata.zarrFormat
    }
  }

  /// The documents by name, in the order of writing: the last one makes the node.
  var documents: [(name: String, document: JSONObject)] {
    let (json, attributes, version2Name) =
      switch self {
      case .array(let metadata): (metadata.json, metadata.attributes, ".zarray")
      case .group(let metadata): (metadata.json, metadata.attributes, ".zgroup")
      }
    return zarrFormat == .version3
      ? [("zarr.json", json)] : [(NodeDocument.attributesName, attributes), (version2Name, json)]
  }
}

/// The two kinds of nodes of a hierarchy.
public enum NodeKind: String, Hashable, Sendable, CaseIterable {
  /// A node with elements.
  case array
  /// A node that holds other nodes.
  case group
}

/// The versions of the Zarr format.
///
/// All nodes of a hierarchy have the same version.
public enum ZarrFormat: Int, Hashable, Sendable, CaseIterable {
  /// The documents `.zarray`, `.zgroup` and `.zattrs`. See
  /// [version 2](https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html).
  case version2 = 2
  /// A document `zarr.json`. See
  /// [version 3](https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html).
  case version3 = 3
}

/// The metadata of a group: `zarr.json`, or `.zgroup` and `.zattrs` in Zarr v2.
public struct GroupMetadata: Hashable, Sendable {
  /// The known fields in the document of a group of Zarr v3.
  private static let fieldNames: Set<String> = [
    "zarr_format", "node_type", "attributes", "consolidated_metadata",
  ]

  /// The version of the format.
  public let zarrFormat: ZarrFormat

  /// Your own data about the group.
  public var attributes: JSONObject

  /// The consolidated metadata in the document: an object or null, or nil if the field is missing.
  ///
  /// Zarr v2 has a document of its own for it, and nothing here.
  public var consolidatedMetadata: JSONValue?

  /// Unknown fields.
  ///
  /// In Zarr v3 they all say that readers may ignore them.
  public let additionalFields: JSONObject

  /// Creates the metadata of a group.
  public init(attributes: JSONObject = [:], zarrFormat: ZarrFormat = .version3) {
    self.zarrFormat = zarrFormat
    self.attributes = attributes
    consolidatedMetadata = nil
    additionalFields = [:]
  }

  /// Reads the parsed document of a group of Zarr v3.
  ///
  /// - Throws: An error that names the field, what was expected there, and what was found.
  /// - Complexity: O(*n*) in the size of the document.
  public init(_ document: JSONObject) throws(MetadataError) {
    try self.init(MetadataFields(document))
  }

  /// Reads the parsed documents of a group of Zarr v2.
  ///
  /// It keeps unknown fields, which the specification of Zarr v2 lets readers ignore.
  ///
  /// - Parameters:
  ///   - document: The members of `.zgroup`.
  ///   - attributes: The members of `.zattrs`, or nil if it is missing.
  /// - Throws: An error that names the field, what was expected there, and what was found.
  public init(version2 document: JSONObject, attributes: JSONObject?) throws(MetadataError) {
    try MetadataFields(document).checkFormat(.version2)
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

  /// The document of the group, with its fields in the order of zarr-python, without the attributes in Zarr v2.
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
}

/// The stored documents of a node, parsed but not yet checked.
///
/// | | array | group | attributes |
/// |---|---|---|---|
/// | Zarr v3 | `zarr.json` | `zarr.json` | in the document |
/// | Zarr v2 | `.zarray` | `.zgroup` | `.zattrs`, which may be missing |
struct NodeDocument: Hashable, Sendable {
  /// The names of the documents that make a node, in the order in which the library looks for them.
  static let names = ["zarr.json", ".zarray", ".zgroup"]

  /// The name of the document with the attributes of a node of Zarr v2.
  static let attributesName = ".zattrs"

  /// The name of the document with the consolidated metadata of a group of Zarr v2.
  static let consolidatedName = ".zmetadata"

  /// The field with the consolidated metadata of a group of Zarr v3.
  static let consolidatedField = "consolidated_metadata"

  /// Whether a node has a document with this name.
  static func isName(_ name: String) -> Bool { names.contains(name) || name == attributesName }

  let format: ZarrFormat
  let kind: NodeKind

  /// The document that makes the node.
  let fields: JSONObject

  /// The content of `.zattrs`, or nil if it is missing.
  let attributes: JSONObject?

  init(format: ZarrFormat, kind: NodeKind, fields: JSONObject, attributes: JSONObject?) {
    self.format = format
    self.kind = kind
    self.fields = fields
    self.attributes = attributes
  }

  /// Takes the document with one of ``names``.
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

  /// Checks the documents.
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
