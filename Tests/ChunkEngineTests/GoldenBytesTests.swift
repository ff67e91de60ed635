import ChunkEngine
import TestSupport
import Testing

/// Bytes that numcodecs and others wrote.
@Suite("Golden bytes")
struct GoldenBytesTests {
  @Test("The fixtures are there")
  func presence() throws {
    #expect(try FixtureManifest.fixtures(ofKind: "wire").count > 10)
    #expect(try FixtureManifest.fixtures(ofKind: "chunk").count > 50)
  }

  @Test(
    "Chunks of numcodecs are read, and ours are the same bytes",
    arguments: try FixtureManifest.fixtures(ofKind: "wire"))
  func wireForm(fixture: FixtureManifest.Fixture) throws {
    let dataType = try #require(fixture.dataType)
    let elements = try FixtureManifest.elements(of: #require(fixture.elements), dataType: dataType)
    let stored = try FixtureManifest.bytes(of: fixture.path)
    let chain = CodecChain(
      dataType == "string" ? VlenUTF8Codec() as any ArrayToBytesCodec : VlenBytesCodec())
    #expect(elements.count == fixture.count)

    #expect(try chain.encoded(elements) == stored)
    let view = try chain.decoded(stored, count: elements.count)
    #expect(view.arrays() == elements)
    if dataType == "string" {
      #expect(try view.strings() == elements.map { String(decoding: $0, as: UTF8.self) })
    }
  }

  @Test(
    "Compressed chunks of other libraries decode to what they say",
    arguments: try FixtureManifest.fixtures(ofKind: "chunk"))
  func chunk(fixture: FixtureManifest.Fixture) throws {
    let stages = try #require(fixture.codecs).map(stage)
    let stored = try FixtureManifest.bytes(of: fixture.path)
    let decoded = try FixtureManifest.bytes(of: #require(fixture.decoded))
    // Not all of them hold elements, so the arenas are looked at before these are.
    var decoder = try ChunkDecoder(CodecChain(VlenBytesCodec(), stages: stages))
    let found = try decoder.decode { arena, _ in
      try arena.append(copying: stored.span.bytes)
      return true
    }
    #expect(found.map { Array(copying: $0.bytes) } == decoded)
  }

  /// The codecs whose encoding is unique.
  private static let exactCodecs: Set<String> = [
    "crc32c", "numcodecs.crc32", "numcodecs.crc32c", "numcodecs.adler32", "numcodecs.fletcher32",
    "numcodecs.jenkins_lookup3", "numcodecs.base64", "numcodecs.shuffle",
  ]

  @Test(
    "Checksums, shuffled bytes and text are those of numcodecs",
    arguments: try FixtureManifest.fixtures(ofKind: "chunk").filter {
      exactCodecs.isSuperset(of: $0.codecs?.map(\.name) ?? [""])
    })
  func exactChunk(fixture: FixtureManifest.Fixture) throws {
    let stages = try #require(fixture.codecs).map(stage)
    let stored = try FixtureManifest.bytes(of: fixture.path)
    let decoded = try FixtureManifest.bytes(of: #require(fixture.decoded))
    #expect(try CodecChain(VlenBytesCodec(), stages: stages).encodedAsIs(decoded) == stored)
  }

  /// The codec that the manifest describes.
  private func stage(_ codec: FixtureManifest.Codec) throws -> CodecChain.Stage {
    let configuration = codec.configuration
    switch codec.name {
    case "zstd":
      return .transform(
        ZstdCodec(
          level: try #require(configuration?.level),
          hasChecksum: try #require(configuration?.checksum as Bool?)))
    case "numcodecs.lz4": return .transform(LZ4Codec(acceleration: try #require(configuration?.acceleration)))
    case "gzip": return .transform(GzipCodec(level: try #require(configuration?.level)))
    case "numcodecs.zlib": return .transform(ZlibCodec(level: try #require(configuration?.level)))
    case "blosc":
      return .transform(
        BloscCodec(
          compressor: try #require(BloscCodec.Compressor(rawValue: configuration?.cname ?? "")),
          level: try #require(configuration?.clevel),
          shuffle: try #require(BloscCodec.Shuffle(rawValue: configuration?.shuffle ?? "")),
          itemByteCount: try #require(configuration?.typesize),
          blockByteCount: try #require(configuration?.blocksize)))
    case "numcodecs.bz2": return .transform(BZ2Codec(level: try #require(configuration?.level)))
    case "numcodecs.lzma":
      return .transform(
        LZMACodec(
          format: try configuration?.format.map { try #require(LZMACodec.Format(rawValue: $0)) } ?? .xz,
          check: try configuration?.check.map { try #require(LZMACodec.Check(rawValue: $0)) },
          preset: configuration?.preset, filters: try configuration?.filters?.map(filter)))
    case "numcodecs.base64": return .transform(Base64Codec())
    case "numcodecs.shuffle":
      return .transform(ShuffleCodec(itemByteCount: try #require(configuration?.elementsize)))
    default: return .checksum(try checksum(codec))
    }
  }

  private func checksum(_ codec: FixtureManifest.Codec) throws -> any ChecksumCodec {
    let location = codec.configuration?.location.flatMap(StoredLocation.init(rawValue:))
    switch codec.name {
    case "numcodecs.crc32": return CRC32Codec(location: try #require(location))
    case "numcodecs.crc32c": return NumcodecsCRC32CCodec(location: try #require(location))
    case "numcodecs.adler32": return Adler32Codec(location: try #require(location))
    case "numcodecs.fletcher32": return Fletcher32Codec()
    case "numcodecs.jenkins_lookup3":
      return JenkinsLookup3Codec(initialValue: try #require(codec.configuration?.initval))
    default:
      try #require(codec.name == "crc32c", "the codec \(codec.name) is not known")
      return CRC32CCodec()
    }
  }

  /// A filter of LZMA by the names that Python has for its settings.
  private func filter(_ settings: [String: Int]) throws -> LZMAFilter {
    let identifier = try #require(settings["id"])
    if identifier == 3 { return .delta(distance: settings["dist"] ?? 1) }
    if let processor = LZMAFilter.Processor(rawValue: identifier) {
      return .processor(processor, startOffset: settings["start_offset"] ?? 0)
    }
    var options = LZMAOptions()
    options.preset = settings["preset"] ?? 6
    options.dictionaryByteCount = settings["dict_size"]
    options.literalContextBits = settings["lc"]
    options.literalPositionBits = settings["lp"]
    options.positionBits = settings["pb"]
    options.mode = settings["mode"].flatMap(LZMAOptions.Mode.init(rawValue:))
    options.niceLength = settings["nice_len"]
    options.matchFinder = settings["mf"].flatMap(LZMAOptions.MatchFinder.init(rawValue:))
    options.depth = settings["depth"]
    return identifier == 0x21 ? .lzma2(options) : .lzma1(options)
  }
}
