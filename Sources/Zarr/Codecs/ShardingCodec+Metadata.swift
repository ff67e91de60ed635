import ChunkEngine

extension CodecRegistry {
  /// The codec that divides chunks.
  static let sharding: [String: Factory] = [
    ShardingCodec.name: { settings, context throws(MetadataError) in
      .arrayToBytes(try ShardingCodec(settings, context))
    }
  ]
}

extension ShardingCodec {
  /// The names of the settings.
  enum Setting {
    static let chunkShape = "chunk_shape"
    static let codecs = "codecs"
    static let indexCodecs = "index_codecs"
    static let indexLocation = "index_location"
  }

  /// Reads the settings.
  ///
  /// Only the shape of the inner chunks is required. Like other libraries, this one otherwise takes the
  /// default codec of the data type, and an index with a checksum at the end.
  fileprivate init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly(
      Setting.chunkShape, Setting.codecs, Setting.indexCodecs, Setting.indexLocation)
    let chunkShape = try Self.chunkShape(settings, context)
    let codecs = try settings.extensions(Setting.codecs) ?? [context.dataType.defaultCodec]
    // The last inner chunks may be shorter than the others.
    let isEven =
      context.chunkShape.map { zip($0, chunkShape).allSatisfy { $0.isMultiple(of: $1) } } ?? true
    let inner = CodecContext(
      dataType: context.dataType, fillValue: context.fillValue, chunkShape: isEven ? chunkShape : nil)
    self.init(
      chunkShape: chunkShape,
      chain: try CodecChain(codecs, inner, field: settings.fields.path(of: Setting.codecs)),
      index: try Self.indexFormat(settings, counts: Self.counts(of: chunkShape, in: context)),
      fillValue: context.fillValue)
  }

  private static func chunkShape(
    _ settings: CodecSettings, _ context: CodecContext
  ) throws(MetadataError) -> [Int] {
    let field = settings.fields.path(of: Setting.chunkShape)
    let values = try settings.fields.array(Setting.chunkShape, "an array of integers")
    if let outer = context.chunkShape, outer.count != values.count {
      throw .expected("\(outer.count) integers, as in shape", found: .array(values), in: field)
    }
    var shape: [Int] = []
    for (dimension, value) in values.enumerated() {
      shape.append(try value.positiveInteger(field: "\(field)[\(dimension)]"))
    }
    let count = ArrayMetadata.elementCount(of: shape) ?? Int.max
    guard context.dataType.layout != .variable || count <= ChunkGrid.maximumElementCount else {
      throw ChunkGrid.tooManyElements(field: field)
    }
    return shape
  }

  /// The number of inner chunks along each dimension, or nil if chunks differ in shape.
  private static func counts(of chunkShape: [Int], in context: CodecContext) -> [Int]? {
    context.chunkShape.map { outer in zip(outer, chunkShape).map { ($0 - 1) / $1 + 1 } }
  }

  private static func indexFormat(
    _ settings: CodecSettings, counts: [Int]?
  ) throws(MetadataError) -> ShardIndexFormat {
    let field = settings.fields.path(of: Setting.indexCodecs)
    let index = CodecContext(.number(.uint64), chunkShape: counts.map { $0 + [2] })
    let chain = try CodecChain(
      settings.extensions(Setting.indexCodecs) ?? Self.indexCodecs, index, field: field)
    let location: StoredLocation = try settings.choice(Setting.indexLocation, default: .end)
    do throws(ChunkError) {
      return try ShardIndexFormat(chain, location: location)
    } catch {
      throw MetadataError(code: .unsupported, field: field, message: error.description)
    }
  }

  /// The codecs of an index if the metadata names none.
  private static var indexCodecs: [MetadataExtension] {
    [DataType.number(.uint64).defaultCodec, CRC32CCodec().metadata]
  }

  /// The codec as metadata holds it, with all its settings.
  static func metadata(
    chunkShape: [Int], codecs: [MetadataExtension], indexLocation: StoredLocation
  ) -> MetadataExtension {
    MetadataExtension(
      name: name,
      configuration: [
        Setting.chunkShape: .array(chunkShape.map(JSONValue.integer)),
        Setting.codecs: .array(codecs.map(\.json)), Setting.indexCodecs: .array(indexCodecs.map(\.json)),
        Setting.indexLocation: .string(indexLocation.rawValue),
      ])
  }
}
