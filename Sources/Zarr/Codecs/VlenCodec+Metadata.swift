import ChunkEngine

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
