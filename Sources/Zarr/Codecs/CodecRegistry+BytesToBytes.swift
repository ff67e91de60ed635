import ChunkEngine

extension CodecRegistry {
  /// The codecs that turn bytes into others.
  static let bytesToBytes: [String: Factory] = [
    ZstdCodec.name: transform(ZstdCodec.self),
    LZ4Codec.name: transform(LZ4Codec.self),
    GzipCodec.name: transform(GzipCodec.self),
    ZlibCodec.name: transform(ZlibCodec.self),
    BloscCodec.name: transform(BloscCodec.self),
    CRC32CCodec.name: checksum(CRC32CCodec.self),
  ]

  private static func transform<Codec: BytesToBytesCodec & MetadataCodec>(_: Codec.Type) -> Factory {
    { settings, _ throws(MetadataError) in .bytesToBytes(.transform(try Codec(settings))) }
  }

  private static func checksum<Codec: ChecksumCodec & MetadataCodec>(_: Codec.Type) -> Factory {
    { settings, _ throws(MetadataError) in .bytesToBytes(.checksum(try Codec(settings))) }
  }
}
