public import ChunkEngine

extension GzipCodec: MetadataCodec {
  public var configuration: JSONObject { ["level": .integer(level)] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try self.init(settings, defaultLevel: 5)
  }

  /// Reads settings in which the level may be left out: numcodecs and zarr-python then take different ones.
  init(_ settings: CodecSettings, defaultLevel: Int) throws(MetadataError) {
    try settings.checkOnly("level")
    self.init(level: try settings.integer("level", in: Self.levels, default: defaultLevel))
  }
}
