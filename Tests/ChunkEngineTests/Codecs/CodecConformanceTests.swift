import ChunkEngine
import TestSupport
import Testing

@Suite("Codec conformance")
struct CodecConformanceTests {
  @Test("zstd conforms at every kind of level", arguments: [-5, 0, 1, 3, 19], [false, true])
  func zstd(level: Int, hasChecksum: Bool) throws {
    try expectConforms(ZstdCodec(level: level, hasChecksum: hasChecksum))
  }

  @Test("numcodecs.lz4 conforms", arguments: [1, 8, 65_537, -1])
  func lz4(acceleration: Int) throws {
    try expectConforms(LZ4Codec(acceleration: acceleration))
  }

  @Test("gzip conforms at every level", arguments: GzipCodec.levels)
  func gzip(level: Int) throws {
    try expectConforms(GzipCodec(level: level))
  }

  @Test("numcodecs.zlib conforms at every level", arguments: ZlibCodec.levels)
  func zlib(level: Int) throws {
    try expectConforms(ZlibCodec(level: level))
  }

  @Test("numcodecs.bz2 conforms at every level", arguments: BZ2Codec.levels)
  func bz2(level: Int) throws {
    try expectConforms(BZ2Codec(level: level))
  }

  @Test("numcodecs.lzma conforms with every format and many presets", arguments: [0, 1, 6, 9 | 1 << 31])
  func lzma(preset: Int) throws {
    try expectConforms(LZMACodec(preset: preset))
    try expectConforms(LZMACodec(format: .alone, preset: preset))
  }

  @Test("numcodecs.lzma conforms with every checksum", arguments: LZMACodec.Check.allCases)
  func lzmaChecks(check: LZMACodec.Check) throws {
    try expectConforms(LZMACodec(check: check, preset: 0))
  }

  @Test("numcodecs.lzma conforms with every filter", arguments: [false, true])
  func lzmaFilters(usesLZMA1: Bool) throws {
    var options = LZMAOptions()
    options.preset = 1
    let last = usesLZMA1 ? LZMAFilter.lzma1(options) : .lzma2(options)
    for first in [.delta(distance: 3), .processor(.x86, startOffset: 16)] as [LZMAFilter] {
      try expectConforms(LZMACodec(format: .raw, filters: [first, last]))
    }
    try expectConforms(LZMACodec(format: usesLZMA1 ? .alone : .xz, filters: [last]))
  }

  @Test(
    "blosc conforms with every compressor and shuffle",
    arguments: BloscCodec.Compressor.allCases, BloscCodec.Shuffle.allCases)
  func blosc(compressor: BloscCodec.Compressor, shuffle: BloscCodec.Shuffle) throws {
    for itemByteCount in [1, 4, 8, 17] {
      try expectConforms(
        BloscCodec(compressor: compressor, shuffle: shuffle, itemByteCount: itemByteCount))
    }
  }

  @Test(
    "blosc conforms at every level and with blocks of a given size", arguments: BloscCodec.levels,
    [0, 256, 4096])
  func bloscLevels(level: Int, blockByteCount: Int) throws {
    try expectConforms(
      BloscCodec(
        compressor: .lz4, level: level, shuffle: .byte, itemByteCount: 4, blockByteCount: blockByteCount))
  }
}
