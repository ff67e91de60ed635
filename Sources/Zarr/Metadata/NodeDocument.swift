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

  /// Whether a node has a document of a name.
  static func isName(_ name: String) -> Bool { names.contains(name) || name == attributesName }

  /// The version of the format.
  let format: ZarrFormat

  /// What the node is.
  let kind: NodeKind

  /// The document that makes the node, as it is.
  let fields: JSONObject

  /// The attributes that Zarr v2 has in a document of their own, or nil if there is none.
  let attributes: JSONObject?

  init(format: ZarrFormat, kind: NodeKind, fields: JSONObject, attributes: JSONObject?) {
    self.format = format
    self.kind = kind
    self.fields = fields
    self.attributes = attributes
  }

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
