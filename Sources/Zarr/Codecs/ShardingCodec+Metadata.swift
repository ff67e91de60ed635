import ChunkEngine

extension ShardingCodec {
  /// The names of the settings.
  private enum Setting {
    static let chunkShape = "chunk_shape"
    static let codecs = "codecs"
    static let indexCodecs = "index_codecs"
    static let indexLocation = "index_location"
  }

  /// Reads the settings of the codec for chunks that are divided.
  ///
  /// Only the shape of the inner chunks must be there. For what is missing others take the usual codec of the
  /// data type, and an index with a checksum at the end.
  init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
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
    for (axis, value) in values.enumerated() {
      guard let side = value.integerValue, side >= 1 else {
        throw .expected("an integer of at least 1", found: value, in: "\(field)[\(axis)]")
      }
      shape.append(side)
    }
    let count = ArrayMetadata.elementCount(of: shape) ?? Int.max
    guard context.dataType.layout != .variable || count <= ChunkGrid.maximumElementCount else {
      throw MetadataError(
        code: .tooLarge, field: field,
        message: "a chunk has more than \(ChunkGrid.maximumElementCount) elements of variable length")
    }
    return shape
  }

  /// The number of inner chunks along each axis, or nil if chunks differ in shape.
  private static func counts(of chunkShape: [Int], in context: CodecContext) -> [Int]? {
    context.chunkShape.map { outer in zip(outer, chunkShape).map { ($0 - 1) / $1 + 1 } }
  }

  private static func indexFormat(
    _ settings: CodecSettings, counts: [Int]?
  ) throws(MetadataError) -> ShardIndexFormat {
    let field = settings.fields.path(of: Setting.indexCodecs)
    let index = CodecContext(
      dataType: .number(.uint64), fillValue: DataType.number(.uint64).defaultFillValue,
      chunkShape: counts.map { $0 + [2] })
    let chain = try CodecChain(
      settings.extensions(Setting.indexCodecs) ?? Self.indexCodecs, index, field: field)
    let location: ShardIndexLocation = try settings.choice(Setting.indexLocation, default: .end)
    do throws(ChunkError) {
      return try ShardIndexFormat(chain, location: location)
    } catch {
      throw MetadataError(code: .unsupported, field: field, message: error.description)
    }
  }

  /// The codecs of an index unless others are named.
  private static var indexCodecs: [MetadataExtension] {
    [DataType.number(.uint64).defaultCodec, CRC32CCodec().metadata]
  }

  /// The codec as metadata holds it, with all its settings.
  ///
  /// - Parameters:
  ///   - chunkShape: The number of elements of an inner chunk along each axis.
  ///   - codecs: The codecs of an inner chunk.
  ///   - indexLocation: Where the index is.
  /// - Returns: The codec.
  static func metadata(
    chunkShape: [Int], codecs: [MetadataExtension], indexLocation: ShardIndexLocation
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

extension CodecChain {
  /// Whether the chain has all codecs of its metadata, also inside of shards: some may be left out in
  /// reading.
  func hasAll(_ codecs: [MetadataExtension]) -> Bool {
    guard arrayToArray.count + 1 + stages.count == codecs.count else { return false }
    guard let sharding = arrayToBytes as? ShardingCodec else { return true }
    let settings = CodecSettings(codecs[arrayToArray.count], field: "")
    let inner = try? settings.extensions("codecs")
    let index = try? settings.extensions("index_codecs")
    return inner.map(sharding.chain.hasAll) ?? true && index.map(sharding.index.chain.hasAll) ?? true
  }
}
