import ChunkEngine

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
