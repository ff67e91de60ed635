public import ChunkEngine

extension CodecChain {
  /// Reads the codecs of an array, or of the inner chunks of a shard.
  ///
  /// A codec that is not known is skipped if the metadata says that readers may; the result then serves for
  /// reading only.
  ///
  /// - Parameters:
  ///   - codecs: The codecs in the order in which they encode.
  ///   - context: What the first of them gets.
  ///   - field: Where the document holds them.
  /// - Throws: ``MetadataError`` that names the codec which is not known, out of order, or wrongly set.
  init(_ codecs: [MetadataExtension], _ context: CodecContext, field: String = "codecs") throws(MetadataError)
  {
    // Wherever it stands: a pickle behind a harmless codec is still run by whoever decodes it.
    guard !codecs.contains(where: { PickleCodec.names.contains($0.name) }) else {
      self.init(PickleCodec(), layout: context.dataType.layout, elementsAreText: false)
      return
    }
    var arrayToArray: [any ArrayToArrayCodec] = []
    var arrayToBytes: (any ArrayToBytesCodec)?
    var stages: [Stage] = []
    var current = context
    for (index, codec) in codecs.enumerated() {
      let field = "\(field)[\(index)]"
      guard let factory = CodecRegistry.factory(codec.name) else {
        guard !codec.mustUnderstand else {
          throw MetadataError(
            code: .unsupported, field: field,
            message: "the codec \(codec.name.quoted) is not supported")
        }
        continue
      }
      switch try factory(CodecSettings(codec, field: field), current) {
      case .arrayToArray(let codec, let next):
        try Self.checkOrder(arrayToBytes == nil, type(of: codec).name, "in front of", context, field)
        arrayToArray.append(codec)
        current = next
      case .arrayToBytes(let serializer):
        guard arrayToBytes == nil else {
          throw MetadataError(
            code: .unexpectedValue, field: field,
            message: "\(type(of: serializer).name) is the second codec that turns elements into bytes")
        }
        try Self.checkOptional(current.dataType, codec.name, serializer, field)
        arrayToBytes = serializer
      case .bytesToBytes(let stage):
        try Self.checkOrder(arrayToBytes != nil, codec.name, "behind", context, field)
        stages.append(stage)
      }
    }
    guard let arrayToBytes else {
      throw MetadataError(
        code: .unexpectedValue, field: field,
        message:
          "none of them turns elements of \(current.dataType.name) into bytes, as "
          + "\(current.dataType.defaultCodec.name) does")
    }
    self.init(
      arrayToBytes, stages: stages, arrayToArray: arrayToArray, layout: context.dataType.layout,
      // Bytes in the codec of text must be text, or others cannot read them.
      elementsAreText: context.dataType.elementsAreText || arrayToBytes is VlenUTF8Codec)
  }

  /// Checks that elements which may be absent have a codec for that.
  ///
  /// In memory each has a byte in front that says whether it is there, which other codecs would store.
  private static func checkOptional(
    _ dataType: DataType, _ name: String, _ codec: any ArrayToBytesCodec, _ field: String
  ) throws(MetadataError) {
    guard case .optional = dataType, CodecRegistry.isBuiltIn(name) else { return }
    guard codec is OptionalCodec || codec is ShardingCodec else {
      throw MetadataError(
        code: .unexpectedValue, field: field,
        message: "\(dataType.name) needs \(OptionalCodec.name), not \(name)")
    }
  }

  private static func checkOrder(
    _ isInOrder: Bool, _ codec: String, _ place: String, _ context: CodecContext, _ field: String
  ) throws(MetadataError) {
    guard isInOrder else {
      throw MetadataError(
        code: .unexpectedValue, field: field,
        message: "\(codec) must stand \(place) \(context.dataType.defaultCodec.name)")
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

  /// bzip2 at `level`, in the form of numcodecs.
  public static func bz2(level: Int = 1) -> Self {
    .transform(BZ2Codec(level: level))
  }

  /// LZMA with a preset, as a `.xz` file has it, in the form of numcodecs.
  public static func lzma(preset: Int = 6) -> Self {
    .transform(LZMACodec(preset: preset))
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
