public import ChunkEngine

extension LZ4Codec: MetadataCodec {
  public var configuration: JSONObject { ["acceleration": .integer(acceleration)] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("acceleration")
    self.init(
      acceleration: try settings.integer(
        "acceleration", in: Int(Int32.min)...Int(Int32.max), default: 1))
  }
}
