public import ChunkEngine

extension CRC32CCodec: MetadataCodec {
  public var configuration: JSONObject { [:] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly()
    self.init()
  }
}

extension VlenBytesCodec: MetadataCodec {
  public var configuration: JSONObject { [:] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly()
    self.init()
  }
}

extension VlenUTF8Codec: MetadataCodec {
  public var configuration: JSONObject { [:] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly()
    self.init()
  }
}

extension Fletcher32Codec: MetadataCodec {
  public var configuration: JSONObject { [:] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly()
    self.init()
  }
}

extension Base64Codec: MetadataCodec {
  public var configuration: JSONObject { [:] }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly()
    self.init()
  }
}
