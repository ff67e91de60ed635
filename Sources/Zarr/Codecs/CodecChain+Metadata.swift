public import ChunkEngine

extension CodecChain {
  /// Reads the codecs of an array, or of the inner chunks of a shard.
  ///
  /// The chain leaves out an unknown codec if the metadata allows that. You can then only read with it.
  ///
  /// - Throws: ``MetadataError`` that names the codec which is unknown, out of order, or wrongly set.
  init(_ codecs: [MetadataExtension], _ context: CodecContext, field: String = "codecs") throws(MetadataError)
  {
    // Decoding runs a pickle at any place of the chain.
    guard !codecs.contains(where: { PickleCodec.names.contains($0.name) }) else {
      self.init(PickleCodec(), layout: context.dataType.layout, elementsAreText: false)
      return
    }
    var arrayToArray: [any ArrayToArrayCodec] = []
    var arrayToBytes: (any ArrayToBytesCodec)?
    var stages: [Stage] = []
    var current = context
    for (index, codec) in codecs.enumerated() {
      let settings = CodecSettings(codec, field: "\(field)[\(index)]")
      guard let factory = CodecRegistry.factory(codec.name) else {
        guard !codec.mustUnderstand else {
          throw MetadataError(
            code: .unsupported, field: settings.field,
            message:
              "the codec \(codec.name.quoted) is not supported; if it is your own, register it with "
              + "CodecRegistry")
        }
        continue
      }
      let serializerName = context.dataType.defaultCodec.name
      switch try factory(settings, current) {
      case .arrayToArray(let codec, let next):
        guard arrayToBytes == nil else {
          throw settings.error("\(type(of: codec).name) must come before \(serializerName)")
        }
        arrayToArray.append(codec)
        current = next
      case .arrayToBytes(let serializer):
        guard arrayToBytes == nil else {
          throw settings.error(
            "\(type(of: serializer).name) is the second codec that turns elements into bytes")
        }
        // In memory a first byte says whether an optional element is present. Other codecs would store it.
        if case .optional = current.dataType, CodecRegistry.isBuiltIn(codec.name),
          !(serializer is OptionalCodec), !(serializer is ShardingCodec)
        {
          throw current.unsuitable(settings)
        }
        arrayToBytes = serializer
      case .bytesToBytes(let stage):
        guard arrayToBytes != nil else {
          throw settings.error("\(codec.name) must come after \(serializerName)")
        }
        stages.append(stage)
      }
    }
    guard let arrayToBytes else {
      throw MetadataError(
        code: .unexpectedValue, field: field,
        message:
          "no codec turns elements of \(current.dataType.name) into bytes; add "
          + "\(current.dataType.defaultCodec.name), for example")
    }
    self.init(
      arrayToBytes, stages: stages, arrayToArray: arrayToArray, layout: context.dataType.layout,
      // Other libraries can read the codec of text only if its bytes are text.
      elementsAreText: context.dataType.elementsAreText || arrayToBytes is VlenUTF8Codec)
  }

  /// Whether the chain has all codecs of its metadata, also inside shards.
  ///
  /// A chain for reading may leave some out.
  func hasAll(_ codecs: [MetadataExtension]) -> Bool {
    guard arrayToArray.count + 1 + stages.count == codecs.count else { return false }
    guard let sharding = arrayToBytes as? ShardingCodec else { return true }
    let settings = CodecSettings(codecs[arrayToArray.count], field: "")
    let inner = try? settings.extensions(ShardingCodec.Setting.codecs)
    let index = try? settings.extensions(ShardingCodec.Setting.indexCodecs)
    return inner.map(sharding.chain.hasAll) ?? true && index.map(sharding.index.chain.hasAll) ?? true
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

  /// LZMA in the format of `.xz` files with a preset, in the form of numcodecs.
  public static func lzma(preset: Int = 6) -> Self {
    .transform(LZMACodec(preset: preset))
  }

  /// Blosc 1 with one of its compressors.
  public static func blosc(
    _ compressor: BloscCodec.Compressor = .lz4, level: Int = 5, shuffle: BloscCodec.Shuffle = .none
  ) -> Self {
    .transform(BloscCodec(compressor: compressor, level: level, shuffle: shuffle))
  }

  /// A CRC-32C after the bytes.
  public static var crc32c: Self { .checksum(CRC32CCodec()) }
}
