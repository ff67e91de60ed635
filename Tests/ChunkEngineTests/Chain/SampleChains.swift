import ChunkEngine

/// A chain of codecs with a name, for tests that run over many.
struct SampleChain: Sendable, CustomStringConvertible {
  let description: String
  let stages: [CodecChain.Stage]

  private init(_ description: String, _ stages: CodecChain.Stage...) {
    self.description = description
    self.stages = stages
  }

  /// The chain of elements of any bytes.
  var chain: CodecChain { CodecChain(VlenBytesCodec(), stages: stages) }

  /// Whether the last codec is a checksum, so that no damage may go unseen.
  var endsWithChecksum: Bool {
    if case .checksum = stages.last { true } else { false }
  }

  private static let checksum = CodecChain.Stage.checksum(CRC32CCodec())
  private static let zstd = CodecChain.Stage.transform(ZstdCodec(level: 1))
  private static let lz4 = CodecChain.Stage.transform(LZ4Codec())

  private static func blosc(
    _ compressor: BloscCodec.Compressor, _ shuffle: BloscCodec.Shuffle, _ itemByteCount: Int
  ) -> CodecChain.Stage {
    .transform(
      BloscCodec(compressor: compressor, shuffle: shuffle, itemByteCount: itemByteCount, blockByteCount: 512))
  }

  /// Every codec alone, and codecs in every order that makes a difference to the engine.
  static let all: [SampleChain] = [
    SampleChain("no codec"),
    SampleChain("zstd", zstd),
    SampleChain("zstd with its checksum", .transform(ZstdCodec(level: 1, hasChecksum: true))),
    SampleChain("lz4", lz4),
    SampleChain("gzip", .transform(GzipCodec())),
    SampleChain("zlib", .transform(ZlibCodec())),
    SampleChain("blosc lz4", blosc(.lz4, .none, 1)),
    SampleChain("blosc lz4hc, shuffled", blosc(.lz4hc, .byte, 4)),
    SampleChain("blosc blosclz, bits shuffled", blosc(.blosclz, .bit, 8)),
    SampleChain("blosc zstd, shuffled", blosc(.zstd, .byte, 17)),
    SampleChain("blosc zlib", blosc(.zlib, .none, 1)),
    SampleChain("blosc snappy", blosc(.snappy, .byte, 2)),
    SampleChain("bz2", .transform(BZ2Codec())),
    SampleChain("lzma", .transform(LZMACodec(preset: 0))),
    SampleChain("lzma alone", .transform(LZMACodec(format: .alone, preset: 0))),
    SampleChain(
      "lzma raw", .transform(LZMACodec(format: .raw, filters: [.delta(distance: 4), .lzma2(LZMAOptions())]))),
    SampleChain("base64", .transform(Base64Codec())),
    SampleChain("shuffle", .transform(ShuffleCodec(itemByteCount: 1))),
    SampleChain("crc32", .checksum(CRC32Codec())),
    SampleChain("crc32 after", .checksum(CRC32Codec(location: .end))),
    SampleChain("crc32c in front", .checksum(NumcodecsCRC32CCodec(location: .start))),
    SampleChain("adler32", .checksum(Adler32Codec())),
    SampleChain("fletcher32", .checksum(Fletcher32Codec())),
    SampleChain("jenkins_lookup3", .checksum(JenkinsLookup3Codec(initialValue: 7, prefix: [1, 2, 3]))),
    SampleChain("crc32, zstd, adler32", .checksum(CRC32Codec()), zstd, .checksum(Adler32Codec())),
    SampleChain("crc32c", checksum),
    SampleChain("crc32c, zstd", checksum, zstd),
    SampleChain("zstd, crc32c", zstd, checksum),
    SampleChain("crc32c, zstd, crc32c", checksum, zstd, checksum),
    SampleChain("lz4, gzip", lz4, .transform(GzipCodec())),
    SampleChain("zstd, crc32c, lz4, crc32c, gzip", zstd, checksum, lz4, checksum, .transform(GzipCodec())),
  ]
}
