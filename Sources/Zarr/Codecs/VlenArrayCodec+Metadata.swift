import ChunkEngine

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
