/// Limits on the memory and time that reading metadata takes.
///
/// A document can take up to about 25 times the memory of its text. Negative limits count as 0.
public struct MetadataLimits: Hashable, Sendable {
  /// The maximum size in bytes of the document of a node.
  public var byteCount: Int

  /// The maximum size in bytes of a document with the consolidated metadata of a hierarchy.
  public var consolidatedByteCount: Int

  /// The maximum depth of arrays and objects in a document, up to 1000.
  public var depth: Int

  /// The maximum number of codecs of an array, including those inside other codecs.
  public var codecCount: Int

  /// The maximum depth of codecs inside other codecs.
  ///
  /// Codecs without others inside have the depth 1.
  ///
  /// Each level takes memory of its own.
  public var codecDepth: Int

  /// Creates limits.
  public init(
    byteCount: Int = 16 << 20, consolidatedByteCount: Int = 64 << 20, depth: Int = 64,
    codecCount: Int = 256, codecDepth: Int = 8
  ) {
    self.byteCount = max(0, byteCount)
    self.consolidatedByteCount = max(0, consolidatedByteCount)
    self.depth = min(max(0, depth), JSONParser.depths.upperBound)
    self.codecCount = max(0, codecCount)
    self.codecDepth = max(0, codecDepth)
  }

  /// The maximum size of the document with a name.
  func byteCount(ofDocument name: String) -> Int {
    switch name {
    // Only the content shows whether the document of a group holds consolidated metadata.
    case NodeDocument.names[0]: max(byteCount, consolidatedByteCount)
    case NodeDocument.consolidatedName: consolidatedByteCount
    default: byteCount
    }
  }

  /// Checks the size of a document.
  func check(_ document: JSONObject, named name: String, byteCount: Int) throws(MetadataError) {
    let isConsolidated =
      name == NodeDocument.consolidatedName
      || document[NodeDocument.consolidatedField]?.objectValue != nil
        && document["node_type"] == .string(NodeKind.group.rawValue)
    let limit = isConsolidated ? consolidatedByteCount : self.byteCount
    guard byteCount <= limit else {
      throw Self.tooLarge(name, byteCount: byteCount, limit: limit)
    }
  }

  /// The error for a document that has more bytes than the limit.
  static func tooLarge(_ name: String, byteCount: Int, limit: Int) -> MetadataError {
    MetadataError(
      code: .tooLarge, field: "",
      message: "the document \(name) has \(byteCount) bytes, and the limit is \(limit)")
  }

  /// Checks the number of codecs of an array, and how deeply they are nested.
  ///
  /// - Complexity: O(*n*) in the size of the metadata.
  func check(_ codecs: [MetadataExtension]) throws(MetadataError) {
    var count = codecs.count
    for codec in codecs {
      try self.count(in: .object(codec.configuration), depth: 1, &count)
    }
    try check(count: count, depth: 1)
  }

  /// Counts the codecs in the settings of a codec: the items of all lists with names like `index_codecs`.
  private func count(in settings: JSONValue, depth: Int, _ count: inout Int) throws(MetadataError) {
    switch settings {
    case .object(let members):
      for (name, value) in members {
        guard name.hasSuffix("codecs"), let codecs = value.arrayValue else {
          try self.count(in: value, depth: depth, &count)
          continue
        }
        count += codecs.count
        try check(count: count, depth: depth + 1)
        for codec in codecs { try self.count(in: codec, depth: depth + 1, &count) }
      }
    case .array(let values):
      for value in values { try self.count(in: value, depth: depth, &count) }
    default: break
    }
  }

  private func check(count: Int, depth: Int) throws(MetadataError) {
    guard count <= codecCount else {
      throw MetadataError(
        code: .tooLarge, field: "codecs", message: "the array has more than \(codecCount) codecs")
    }
    guard depth <= codecDepth else {
      throw MetadataError(
        code: .tooLarge, field: "codecs", message: "codecs are nested more than \(codecDepth) deep")
    }
  }
}
