import ChunkEngine

extension CodecRegistry {
  /// The codecs that have codecs inside, and others for elements of any size.
  static let composite: [String: Factory] = [
    VlenCodec.name: { settings, context throws(MetadataError) in
      try context.checkVariable(of: VlenCodec.name, settings)
      return .arrayToBytes(try VlenCodec(settings, context))
    },
    VlenV2Codec.name: { settings, context throws(MetadataError) in
      try context.checkVariable(of: VlenV2Codec.name, settings)
      try settings.checkOnly()
      return .arrayToBytes(VlenV2Codec())
    },
    VlenArrayCodec.name: vlenArray, "vlen-array": vlenArray,
    OptionalCodec.name: optional, "optional": optional,
  ]

  private static let vlenArray: Factory = { settings, context throws(MetadataError) in
    try context.checkVariable(of: VlenArrayCodec.name, settings)
    return .arrayToBytes(try VlenArrayCodec(settings, context))
  }

  private static let optional: Factory = { settings, context throws(MetadataError) in
    .arrayToBytes(try OptionalCodec(settings, context))
  }
}

extension CodecContext {
  /// Checks that elements are of any size.
  func checkVariable(of codec: String, _ settings: CodecSettings) throws(MetadataError) {
    guard dataType.layout == .variable else {
      throw MetadataError(
        code: .unexpectedValue, field: settings.field,
        message: "\(dataType.name) needs \(dataType.defaultCodec.name), not \(codec)")
    }
  }
}

extension VlenCodec {
  /// Reads the settings of the codec, with the codecs of index and data.
  ///
  /// An older draft has no `index_location`, and the index in front.
  init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("data_codecs", "index_codecs", "index_data_type", "index_location")
    let offsetType: OffsetType = try settings.requiredChoice("index_data_type")
    let byte = DataType.number(.uint8)
    let offset = DataType.number(offsetType == .uint32 ? .uint32 : .uint64)
    self.init(
      data: try settings.chain(
        "data_codecs", CodecContext(dataType: byte, fillValue: byte.defaultFillValue, chunkShape: nil)),
      index: try settings.chain(
        "index_codecs",
        CodecContext(
          dataType: offset, fillValue: offset.defaultFillValue, chunkShape: context.offsetsShape)),
      offsetType: offsetType, indexLocation: try settings.choice("index_location", default: .start))
  }
}

extension CodecContext {
  /// The number of offsets of a chunk, one more than there are elements, or nil if chunks differ in shape.
  fileprivate var offsetsShape: [Int]? {
    guard let chunkShape, let chunk = try? ChunkRepresentation(shape: chunkShape, layout: .variable),
      chunk.elementCount < Int.max
    else { return nil }
    return [chunk.elementCount + 1]
  }
}

extension VlenArrayCodec {
  /// Reads the settings of the codec.
  ///
  /// The type of the items, which is a setting in numcodecs and none in zarrs, must be that of the data type,
  /// in either byte order.
  init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("dtype")
    guard let found = settings["dtype"] else {
      self.init()
      return
    }
    let field = settings.fields.path(of: "dtype")
    let stated = try Version2DataType(found, field: field)
    guard case .array(let item) = context.dataType, let type = stated.type, type.layout == item.layout,
      type.scalarByteCounts == item.scalarByteCounts
    else {
      throw .expected("the type of the items of \(context.dataType.name)", found: found, in: field)
    }
    self.init(items: BytesCodec(byteOrder: .big, scalarByteCounts: stated.turnedByteCounts))
  }
}

extension OptionalCodec {
  /// Reads the settings of the codec, with the codecs of mask and data.
  init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    guard case .optional(let dataType) = context.dataType else {
      throw MetadataError(
        code: .unexpectedValue, field: settings.field,
        message: "\(context.dataType.name) needs \(context.dataType.defaultCodec.name), not \(Self.name)")
    }
    try settings.checkOnly("mask_codecs", "data_codecs")
    let mask = CodecContext(
      dataType: .number(.bool), fillValue: DataType.number(.bool).defaultFillValue,
      chunkShape: context.chunkShape)
    // How many elements are there differs from chunk to chunk.
    let data = CodecContext(
      dataType: dataType,
      fillValue: context.fillValue.first == 1
        ? Array(context.fillValue.dropFirst()) : dataType.defaultFillValue, chunkShape: nil)
    self.init(
      mask: try settings.chain("mask_codecs", mask), data: try settings.chain("data_codecs", data))
  }
}
