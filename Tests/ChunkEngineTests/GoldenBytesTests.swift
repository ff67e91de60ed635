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
    var found: [UInt8]?
    let isStored = try decoder.withDecoded { arena, _ in
      try arena.append(copying: stored.span.bytes)
      return true
    } _: {
      found = Array(copying: $0)
    }
    #expect(isStored)
    #expect(found == decoded)
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
    default:
      try #require(codec.name == "crc32c", "the codec \(codec.name) is not known")
      return .checksum(CRC32CCodec())
    }
  }
}
