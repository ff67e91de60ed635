import ChunkEngine

extension CodecRegistry {
  /// The codecs that turn bytes into others.
  ///
  /// A codec may have several names. What a document calls it stays when the document is written again.
  static let bytesToBytes: [String: Factory] = registered.merging(ofNumcodecs) { _, new in new }

  /// Those that have a name of their own in Zarr v3.
  private static let registered: [String: Factory] = [
    ZstdCodec.name: transform(ZstdCodec.self),
    GzipCodec.name: transform(GzipCodec.self),
    BloscCodec.name: transform(BloscCodec.self),
    CRC32CCodec.name: checksum(CRC32CCodec.self),
  ]

  /// Those of numcodecs, under the names of zarr-python, and some under those of zarrita, which has no
  /// prefix.
  private static let ofNumcodecs: [String: Factory] = [
    "numcodecs.zstd": transform(ZstdCodec.self),
    "numcodecs.gzip": { settings, _ throws(MetadataError) in
      .bytesToBytes(.transform(try GzipCodec(settings, defaultLevel: 1)))
    },
    "numcodecs.blosc": { settings, _ throws(MetadataError) in
      .bytesToBytes(.transform(try BloscCodec(numcodecs: settings)))
    },
    LZ4Codec.name: transform(LZ4Codec.self),
    "lz4": transform(LZ4Codec.self),
    ZlibCodec.name: transform(ZlibCodec.self),
    "zlib": transform(ZlibCodec.self),
    BZ2Codec.name: transform(BZ2Codec.self),
    "bz2": transform(BZ2Codec.self),
    LZMACodec.name: transform(LZMACodec.self),
    "lzma": transform(LZMACodec.self),
    Base64Codec.name: transform(Base64Codec.self),
    ShuffleCodec.name: { settings, context throws(MetadataError) in
      var itemByteCount = 4
      if case .fixed(let byteCount) = context.dataType.layout { itemByteCount = max(1, byteCount) }
      return .bytesToBytes(.transform(try ShuffleCodec(settings, defaultItemByteCount: itemByteCount)))
    },
    CRC32Codec.name: checksum(CRC32Codec.self),
    NumcodecsCRC32CCodec.name: checksum(NumcodecsCRC32CCodec.self),
    Adler32Codec.name: checksum(Adler32Codec.self),
    Fletcher32Codec.name: checksum(Fletcher32Codec.self),
    JenkinsLookup3Codec.name: checksum(JenkinsLookup3Codec.self),
  ]

  private static func transform<Codec: BytesToBytesCodec & MetadataCodec>(_: Codec.Type) -> Factory {
    { settings, _ throws(MetadataError) in .bytesToBytes(.transform(try Codec(settings))) }
  }

  private static func checksum<Codec: ChecksumCodec & MetadataCodec>(_: Codec.Type) -> Factory {
    { settings, _ throws(MetadataError) in .bytesToBytes(.checksum(try Codec(settings))) }
  }
}
