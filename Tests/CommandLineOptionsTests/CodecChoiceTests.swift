import ChunkEngine
import CommandLineOptions
import Testing

@Suite("Codecs as a person writes them")
struct CodecChoiceTests {
  @Test(
    "A name may have a compressor and a level",
    arguments: [
      ("none", .none), ("zstd", .zstd(level: 3)), ("zstd:-5", .zstd(level: -5)),
      ("zstd:19", .zstd(level: 19)), ("lz4", .lz4(acceleration: 1)), ("lz4:12", .lz4(acceleration: 12)),
      ("gzip", .gzip(level: 5)), ("gzip:0", .gzip(level: 0)), ("zlib", .zlib(level: 1)),
      ("zlib:9", .zlib(level: 9)), ("bz2", .bz2(level: 1)), ("bz2:9", .bz2(level: 9)),
      ("lzma", .lzma(preset: 6)), ("lzma:0", .lzma(preset: 0)), ("blosc", .blosc(.lz4, level: 5)),
      ("blosc:zstd", .blosc(.zstd, level: 5)),
      ("blosc:blosclz:9", .blosc(.blosclz, level: 9)),
    ] as [(String, CodecChoice)])
  func names(argument: String, choice: CodecChoice) {
    #expect(CodecChoice(argument: argument) == choice)
    #expect(choice.stages.count == (argument == "none" ? 0 : 1))
  }

  @Test(
    "What is no codec, or a level that it does not have, is refused",
    arguments: [
      "", "lz5", "ZSTD", "none:1", "zstd:", "zstd:23", "zstd:fast", "zstd:3:1", "zstd:-131073", "lz4:0",
      "lz4:65538", "gzip:10", "gzip:-1", "zlib:10", "bz2:0", "bz2:10", "lzma:-1", "lzma:10", "blosc:",
      "blosc:5", "blosc:lz5:1", "blosc:lz4:10",
      "blosc:lz4:5:1",
    ])
  func refused(argument: String) {
    #expect(CodecChoice(argument: argument) == nil)
  }

  @Test(
    "A choice is written as it is read",
    arguments: [
      "none", "zstd:3", "zstd:-5", "lz4", "lz4:8", "gzip:5", "zlib:1", "bz2:9", "lzma:2", "blosc:lz4:5",
      "blosc:zstd:1",
    ])
  func description(argument: String) {
    #expect(CodecChoice(argument: argument)?.description == argument)
  }

  @Test("Every value that the help names is one", arguments: CodecChoice.allValueStrings)
  func values(argument: String) {
    #expect(CodecChoice(argument: argument) != nil)
  }
}
