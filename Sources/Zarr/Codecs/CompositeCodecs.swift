import ChunkEngine

extension CodecRegistry {
  /// The codecs that contain other codecs, but for sharding.
  static let composite: [String: Factory] = [
    VlenCodec.name: { settings, context throws(MetadataError) in
      try context.checkVariable(settings)
      return .arrayToBytes(try VlenCodec(settings, context))
    },
    OptionalCodec.name: optional, "optional": optional,
  ]

  private static let optional: Factory = { settings, context throws(MetadataError) in
    .arrayToBytes(try OptionalCodec(settings, context))
  }
}

extension VlenCodec {
  /// Reads the settings.
  ///
  /// An older draft has no `index_location`, and the index comes first.
  fileprivate init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("data_codecs", "index_codecs", "index_data_type", "index_location")
    let offsetType: OffsetType = try settings.requiredChoice("index_data_type")
    let offset = DataType.number(offsetType == .uint32 ? .uint32 : .uint64)
    self.init(
      data: try settings.chain("data_codecs", CodecContext(.number(.uint8), chunkShape: nil)),
      index: try settings.chain("index_codecs", CodecContext(offset, chunkShape: context.offsetsShape)),
      offsetType: offsetType, indexLocation: try settings.choice("index_location", default: .start))
  }
}

extension CodecContext {
  /// The number of offsets of a chunk, one more than it has elements, or nil if chunks differ in shape.
  fileprivate var offsetsShape: [Int]? {
    guard let chunkShape, let chunk = try? ChunkRepresentation(shape: chunkShape, layout: .variable),
      chunk.elementCount < Int.max
    else { return nil }
    return [chunk.elementCount + 1]
  }
}

extension OptionalCodec {
  fileprivate init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    guard case .optional(let dataType) = context.dataType else { throw context.unsuitable(settings) }
    try settings.checkOnly("mask_codecs", "data_codecs")
    let mask = CodecContext(.number(.bool), chunkShape: context.chunkShape)
    // The number of elements that are present differs from chunk to chunk.
    let data = CodecContext(
      dataType: dataType,
      fillValue: context.fillValue.first == 1
        ? Array(context.fillValue.dropFirst()) : dataType.defaultFillValue, chunkShape: nil)
    self.init(
      mask: try settings.chain("mask_codecs", mask), data: try settings.chain("data_codecs", data))
  }
}
