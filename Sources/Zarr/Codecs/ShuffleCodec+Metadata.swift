public import ChunkEngine

extension ShuffleCodec: MetadataCodec {
  public var configuration: JSONObject { ["elementsize": .integer(itemByteCount)] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try self.init(settings, defaultItemByteCount: 4)
  }

  /// Reads settings in which the size of an item may be left out.
  ///
  /// numcodecs then takes 4 bytes, and zarr-python those of an element.
  init(_ settings: CodecSettings, defaultItemByteCount: Int) throws(MetadataError) {
    try settings.checkOnly("elementsize")
    self.init(
      itemByteCount: try settings.integer(
        "elementsize", in: Self.itemByteCounts, default: defaultItemByteCount))
  }
}
