public import ChunkEngine

extension BZ2Codec: MetadataCodec {
  public var configuration: JSONObject { ["level": .integer(level)] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("level")
    self.init(level: try settings.integer("level", in: Self.levels, default: 1))
  }
}
