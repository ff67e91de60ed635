public import ChunkEngine

extension ZstdCodec: MetadataCodec {
  public var configuration: JSONObject { ["level": .integer(level), "checksum": .bool(hasChecksum)] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("level", "checksum")
    self.init(
      level: try settings.integer("level", in: Self.levels, default: 0),
      hasChecksum: try settings.boolean("checksum", default: false))
  }
}
