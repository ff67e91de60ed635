/// The most that metadata which is read can make the library do and take.
///
/// A document can take up to about 25 times the memory of its text.
public struct MetadataLimits: Hashable, Sendable {
  /// The most bytes of a document of a node.
  public var byteCount: Int

  /// The most bytes of a document that holds the consolidated metadata of a hierarchy.
  public var consolidatedByteCount: Int

  /// How deeply arrays and objects of a document may be nested.
  public var depth: Int

  /// The most codecs of an array, those inside of others included.
  public var codecCount: Int

  /// How deeply codecs may be inside of others, 1 if none is.
  ///
  /// Each level has memory of its own.
  public var codecDepth: Int

  /// Creates limits.
  ///
  /// - Parameters:
  ///   - byteCount: The most bytes of a document of a node: 16 MiB unless said otherwise.
  ///   - consolidatedByteCount: The most bytes of a document that holds consolidated metadata: 64 MiB unless
  ///     said otherwise.
  ///   - depth: How deeply arrays and objects of a document may be nested: 64 unless said otherwise, and at
  ///     most what ``JSONParser/depths`` has.
  ///   - codecCount: The most codecs of an array: 256 unless said otherwise.
  ///   - codecDepth: How deeply codecs may be inside of others: 8 unless said otherwise.
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

  /// The most bytes that are read of a document by its name.
  func byteCount(ofDocument name: String) -> Int {
    switch name {
    // That of a group may hold consolidated metadata, which shows only when it is read.
    case NodeDocument.names[0]: max(byteCount, consolidatedByteCount)
    case ConsolidatedMetadata.version2Name: consolidatedByteCount
    default: byteCount
    }
  }

  /// Checks that a document may have as many bytes as it has.
  func check(_ document: JSONObject, named name: String, byteCount: Int) throws(MetadataError) {
    let isConsolidated =
      name == ConsolidatedMetadata.version2Name
      || document[ConsolidatedMetadata.fieldName]?.objectValue != nil
        && document["node_type"] == .string(NodeKind.group.rawValue)
    let limit = isConsolidated ? consolidatedByteCount : self.byteCount
    guard byteCount <= limit else {
      throw Self.tooLarge(name, byteCount: byteCount, limit: limit)
    }
  }

  /// A document has more bytes than the limit.
  static func tooLarge(_ name: String, byteCount: Int, limit: Int) -> MetadataError {
    MetadataError(
      code: .tooLarge, field: "",
      message: "the document \(name) has \(byteCount) bytes, and the limit is \(limit)")
  }

  /// Checks how many codecs an array has, and how deeply they are inside of each other.
  ///
  /// - Complexity: O(*n*) in the size of the metadata.
  func check(_ codecs: [MetadataExtension]) throws(MetadataError) {
    var count = codecs.count
    for codec in codecs {
      try self.count(in: .object(codec.configuration), depth: 1, &count)
    }
    try check(count: count, depth: 1)
  }

  /// Counts the codecs in the settings of a codec: all that is in a list whose name ends as `index_codecs` does.
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
        code: .tooLarge, field: "codecs", message: "there are more than \(codecCount) codecs")
    }
    guard depth <= codecDepth else {
      throw MetadataError(
        code: .tooLarge, field: "codecs", message: "codecs are inside of others more than \(codecDepth) deep")
    }
  }
}
