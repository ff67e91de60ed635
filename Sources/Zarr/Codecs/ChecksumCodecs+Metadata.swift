public import ChunkEngine

extension CRC32Codec: MetadataCodec {
  public var configuration: JSONObject { ["location": .string(location.rawValue)] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("location")
    self.init(location: try settings.choice("location", default: .start))
  }
}

extension Adler32Codec: MetadataCodec {
  public var configuration: JSONObject { ["location": .string(location.rawValue)] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("location")
    self.init(location: try settings.choice("location", default: .start))
  }
}

extension NumcodecsCRC32CCodec: MetadataCodec {
  public var configuration: JSONObject { ["location": .string(location.rawValue)] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("location")
    self.init(location: try settings.choice("location", default: .end))
  }
}

extension JenkinsLookup3Codec: MetadataCodec {
  /// numcodecs takes a prefix as bytes only, which a document cannot hold, so there is none unless it is
  /// needed.
  public var configuration: JSONObject {
    var configuration: JSONObject = ["initval": .integer(Int(initialValue))]
    if !prefix.isEmpty { configuration["prefix"] = .array(prefix.map { .integer(Int($0)) }) }
    return configuration
  }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("initval", "prefix")
    let prefix = try settings.integers("prefix", in: 0...255) ?? []
    self.init(
      initialValue: UInt32(try settings.integer("initval", in: 0...Int(UInt32.max), default: 0)),
      prefix: prefix.map { UInt8($0) })
  }
}
