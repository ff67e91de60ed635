public import ChunkEngine

extension CodecChain {
  /// Every codec between bytes, by its name in metadata.
  private static let bytesToBytesCodecs: [String: @Sendable (CodecSettings) throws(MetadataError) -> Stage] =
    [
      ZstdCodec.name: { settings throws(MetadataError) in .transform(try ZstdCodec(settings)) },
      LZ4Codec.name: { settings throws(MetadataError) in .transform(try LZ4Codec(settings)) },
      GzipCodec.name: { settings throws(MetadataError) in .transform(try GzipCodec(settings)) },
      ZlibCodec.name: { settings throws(MetadataError) in .transform(try ZlibCodec(settings)) },
      BloscCodec.name: { settings throws(MetadataError) in .transform(try BloscCodec(settings)) },
      CRC32CCodec.name: { settings throws(MetadataError) in .checksum(try CRC32CCodec(settings)) },
    ]

  /// Reads the codecs of an array.
  ///
  /// A codec that is not known is skipped if the metadata says that readers may; the result then serves for
  /// reading only.
  ///
  /// - Throws: ``MetadataError`` that names the codec which is not known, out of order, or wrongly set.
  init(_ metadata: ArrayMetadata) throws(MetadataError) {
    var arrayToBytes: (any VariableLengthCodec)?
    var stages: [Stage] = []
    for (index, codec) in metadata.codecs.enumerated() {
      let field = "codecs[\(index)]"
      let settings = CodecSettings(codec, field: field)
      if let elementCodec = try Self.variableLengthCodec(codec.name, settings) {
        guard arrayToBytes == nil else {
          throw MetadataError(
            code: .unexpectedValue, field: field,
            message: "\(codec.name) is the second codec that lays out elements")
        }
        arrayToBytes = elementCodec
      } else if let makeStage = Self.bytesToBytesCodecs[codec.name] {
        guard arrayToBytes != nil else {
          throw MetadataError(
            code: .unexpectedValue, field: field,
            message: "\(codec.name) takes bytes and must stand behind \(metadata.dataType.defaultCodecName)")
        }
        stages.append(try makeStage(settings))
      } else if codec.mustUnderstand {
        throw MetadataError(
          code: .unsupported, field: field,
          message: "the codec \(JSONValue.string(codec.name).summary) is not supported")
      }
    }
    guard let arrayToBytes else {
      throw MetadataError(
        code: .unexpectedValue, field: "codecs",
        message:
          "none of them lays out elements of \(metadata.dataTypeName), as \(metadata.dataType.defaultCodecName) does"
      )
    }
    // Text in vlen-bytes is not checked when it is stored, and bytes in vlen-utf8 need not be text.
    guard arrayToBytes.elementsAreText == (metadata.dataType == .string) else {
      throw MetadataError(
        code: .unexpectedValue, field: "codecs",
        message: "\(metadata.dataTypeName) needs \(metadata.dataType.defaultCodecName)")
    }
    self.init(arrayToBytes, stages: stages)
  }

  /// The codecs as metadata holds them, or nil if one of them cannot be named there.
  var metadata: [MetadataExtension]? {
    var codecs: [MetadataExtension] = []
    for codec in [arrayToBytes as Any] + stages.map(\.codec) {
      guard let codec = codec as? any MetadataCodec else { return nil }
      codecs.append(codec.metadata)
    }
    return codecs
  }

  private static func variableLengthCodec(
    _ name: String, _ settings: CodecSettings
  ) throws(MetadataError) -> (any VariableLengthCodec)? {
    switch name {
    case VlenBytesCodec.name: try VlenBytesCodec(settings)
    case VlenUTF8Codec.name: try VlenUTF8Codec(settings)
    default: nil
    }
  }
}

extension CodecChain.Stage {
  /// The codec itself.
  var codec: Any {
    switch self {
    case .transform(let codec): codec
    case .checksum(let codec): codec
    }
  }

  /// Zstandard at `level`.
  public static func zstd(level: Int = 1, hasChecksum: Bool = false) -> Self {
    .transform(ZstdCodec(level: level, hasChecksum: hasChecksum))
  }

  /// LZ4 in the form of numcodecs, which zarr-python reads and zarrs does not.
  public static func lz4(acceleration: Int = 1) -> Self {
    .transform(LZ4Codec(acceleration: acceleration))
  }

  /// gzip at `level`.
  public static func gzip(level: Int = 5) -> Self {
    .transform(GzipCodec(level: level))
  }

  /// zlib at `level`, in the form of numcodecs.
  public static func zlib(level: Int = 1) -> Self {
    .transform(ZlibCodec(level: level))
  }

  /// Blosc 1 with one of its compressors.
  public static func blosc(
    _ compressor: BloscCodec.Compressor = .lz4, level: Int = 5, shuffle: BloscCodec.Shuffle = .none
  ) -> Self {
    .transform(BloscCodec(compressor: compressor, level: level, shuffle: shuffle))
  }

  /// A CRC-32C behind the bytes.
  public static var crc32c: Self { .checksum(CRC32CCodec()) }
}
