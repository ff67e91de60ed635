import ChunkEngine
import Foundation
import Testing
import Zarr

@Suite("Lines")
struct LineTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  @Test("A line that is not as long as each element of the array is named", arguments: ZarrFormat.allCases)
  func fixedSizes(format: ZarrFormat) throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    try ZarrArray.create(
      in: store, writing: [Int32](0..<7), options: ArrayOptions(chunkSize: .rows(5), zarrFormat: format))
    try scratch.write("1234\nx\n", to: "lines")
    try Tool.fail(
      "import", "lines", "-o", "data.zarr", "--append", in: scratch,
      saying: "lines, line 2 has 1 byte, and each int32 of the array has 4 (byte 0 of the line, 5 of lines)")
    #expect(try ZarrArray.open(in: store).shape == [7])
    try scratch.write("1234\n5678\n", to: "lines")
    try Tool.succeed("import", "lines", "-o", "data.zarr", "--append", in: scratch)
    #expect(try ZarrArray.open(in: store).read(at: [8]) == Array("5678".utf8))
  }

  @Test(
    "Each line is an element, and a line feed at the end ends the last one",
    arguments: [
      ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\n\n", ["a", ""]), ("\n\na", ["", "", "a"]),
      ("a\r\nb\r\n", ["a\r", "b\r"]), ("\r", ["\r"]), ("{\"a\": \"ü\"}\n[]\n", ["{\"a\": \"ü\"}", "[]"]),
      ("\0\n\0\0", ["\0", "\0\0"]),
    ] as [(String, [String])], ["lines.jsonl", "-"])
  func elements(lines: (text: String, elements: [String]), source: String) throws {
    try scratch.write(lines.text, to: "lines.jsonl")

    try Tool.succeed("import", source, "-o", "data.zarr", in: scratch, input: Array(lines.text.utf8))

    let array = try ZarrArray.open(in: FileStore(opening: scratch.path("data.zarr")))
    #expect(array.dataType == .string)
    #expect(try array.read().strings().map { Array($0.utf8) } == lines.elements.map { Array($0.utf8) })
    try Tool.succeed("export", "data.zarr", "-o", "again.jsonl", in: scratch)
    #expect(
      try scratch.read("again.jsonl") == lines.elements.flatMap { Array($0.utf8) + [UInt8(ascii: "\n")] })
  }

  @Test("Bytes come back, with lines longer than any buffer", arguments: ["file", "-"])
  func longLines(source: String) throws {
    var text: [UInt8] = []
    for byteCount in [0, 1, 3_000_000, 5, 9_000_000, 2 << 20, (2 << 20) - 1, 0, 100] + Array(0..<2000) {
      text += [UInt8](repeating: UInt8(11 + text.count % 245), count: byteCount) + [10]
    }
    try scratch.write(text, to: "file")

    try Tool.succeed("import", source, "-o", "data.zarr", "--type", "bytes", in: scratch, input: text)

    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).output == text)
    try Tool.succeed("verify", "data.zarr", in: scratch)
  }

  @Test("Bytes that are not UTF-8 are an error with the line, and no array", arguments: ["a.txt", "-"])
  func notText(source: String) throws {
    let text = Array("good\n\n".utf8) + [0x61, 0xC3, 0x0A, 0xA9, 0x0A]
    try scratch.write(text, to: "a.txt")

    let name = source == "-" ? "standard input" : source
    try Tool.fail(
      "import", source, "-o", "data.zarr", in: scratch, input: text,
      saying: "\(name), line 3 is not UTF-8: there is 0xC3 (byte 1 of the line, 7 of ")
    #expect(try scratch.names() == ["a.txt"])
    try Tool.succeed("import", source, "-o", "data.zarr", "--type", "bytes", in: scratch, input: text)
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).output == text)
  }

  @Test("Several files follow each other, each with its last line ended")
  func severalFiles() throws {
    try scratch.write("1\n2", to: "a.txt")
    try scratch.write("3\n", to: "b.txt")

    try Tool.succeed("import", "a.txt", "b.txt", "-", "-o", "data.zarr", in: scratch, input: Array("4".utf8))

    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == "1\n2\n3\n4\n")
  }

  @Test(
    "Every codec gives the lines back",
    arguments: [
      ("none", []), ("zstd", ["zstd"]), ("zstd:-5", ["zstd"]), ("zstd:9", ["zstd"]),
      ("lz4", ["numcodecs.lz4"]), ("lz4:8", ["numcodecs.lz4"]), ("gzip:1", ["gzip"]),
      ("zlib", ["numcodecs.zlib"]), ("blosc", ["blosc"]), ("blosc:zstd", ["blosc"]),
      ("blosc:lz4hc:9", ["blosc"]), ("blosc:blosclz:0", ["blosc"]),
    ], [false, true])
  func codecs(codec: (flag: String, names: [String]), hasChecksum: Bool) throws {
    let text = (0..<500).map { "line \($0)\n" }.joined()
    try scratch.write(text, to: "lines.txt")

    let checksum = hasChecksum ? [] : ["--no-checksum"]
    let outcome = try Tool.run(
      ["import", "lines.txt", "-o", "data.zarr", "--codec=\(codec.flag)", "--chunk-count", "64"] + checksum,
      in: scratch)

    #expect(outcome.exitCode == 0)
    let metadata = try ZarrArray.open(in: FileStore(opening: scratch.path("data.zarr"))).metadata
    #expect(metadata.codecs.map(\.name) == ["vlen-utf8"] + codec.names + (hasChecksum ? ["crc32c"] : []))
    #expect(metadata.chunkGrid.chunkShape == [64])
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == text)
  }

  @Test("Chunks of uneven lines are even where that is asked for")
  func evenChunks() throws {
    let text = (0..<300).map { String(repeating: "x", count: $0 % 50 == 0 ? 3000 : $0 % 7) + "\n" }.joined()
    try scratch.write(text, to: "lines.txt")
    try Tool.succeed(
      "import", "lines.txt", "-o", "data.zarr", "--chunk-bytes", "1KB", "--even-chunks", in: scratch)
    let grid = try ZarrArray.open(in: FileStore(opening: scratch.path("data.zarr"))).metadata.chunkGrid
    #expect(grid.isRectilinear)
    // Each of the six long lines has a chunk of its own.
    #expect(
      (0..<300).filter { $0 % 50 == 0 }.allSatisfy { line in
        (0..<grid.chunkCounts(of: [300])[0]).contains {
          grid.dimensions[0].range(ofChunk: $0) == line..<line + 1
        }
      })
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == text)
  }

  @Test("Chunks have about the size that is asked for")
  func chunkBytes() throws {
    let text = String(repeating: String(repeating: "x", count: 96) + "\n", count: 10_000)
    try scratch.write(text, to: "lines.txt")

    try Tool.succeed("import", "lines.txt", "-o", "data.zarr", "--chunk-bytes", "10KB", in: scratch)

    let array = try ZarrArray.open(in: FileStore(opening: scratch.path("data.zarr")))
    // The bytes of a line, and those of its length.
    #expect((95...100).contains(array.chunkShape[0]))
  }

  @Test("More lines are appended, also in the middle of a chunk")
  func append() throws {
    for (start, end) in [(0, 10), (10, 11), (11, 11), (11, 40)] {
      let lines = (start..<end).map { "\($0)\n" }.joined()
      let options = start == 0 ? ["--chunk-count", "8"] : []
      let arguments = ["import", "-", "-o", "data.zarr", "--append"] + options
      #expect(try Tool.run(arguments, in: scratch, input: Array(lines.utf8)).exitCode == 0)
    }

    let expected = (0..<40).map { "\($0)\n" }.joined()
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == expected)
    try Tool.fail(
      "import", "-", "-o", "data.zarr", "--append", "--type", "bytes", in: scratch, saying: "type string")
  }

  @Test("Imports that append at once each have their lines in one piece")
  func appendAtOnce() throws {
    try Tool.succeed("import", "-", "-o", "data.zarr", "--chunk-count", "70", in: scratch)
    let runs = try (0..<4).map { number in
      try scratch.write((0..<500).map { "\(number) \($0)\n" }.joined(), to: "\(number).txt")
      let streams = try ScratchDirectory()
      let arguments = ["import", "\(number).txt", "-o", "data.zarr", "--append"]
      let process = try Tool.start(
        arguments, in: scratch, input: FileHandle.nullDevice, streams: streams)
      return (process, streams)
    }
    for (process, streams) in runs {
      process.waitUntilExit()
      let outcome = try Tool.outcome(of: process, streams)
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
    }
    let lines = try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).lines
    #expect(lines.count == 2000)
    for start in stride(from: 0, to: 2000, by: 500) {
      let number = lines[start].prefix(1)
      #expect(lines[start..<start + 500] == ArraySlice((0..<500).map { "\(number) \($0)" }))
    }
  }

  @Test("An array that is there is replaced only if that is asked for, and by a whole one")
  func overwrite() throws {
    try Tool.succeed("import", "-", "-o", "data.zarr", in: scratch, input: Array("old\n".utf8))

    try Tool.fail("import", "-", "-o", "data.zarr", in: scratch, saying: "--append continues it")
    try Tool.fail(
      "import", "-", "-o", "data.zarr", "--overwrite", in: scratch, input: [0xFF], saying: "line 1")
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == "old\n")
    try Tool.succeed("import", "-", "-o", "data.zarr", "--overwrite", in: scratch, input: Array("new".utf8))
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == "new\n")
    #expect(try scratch.names() == ["data.zarr"])
  }

  @Test("What is no array is never replaced")
  func otherFiles() throws {
    try scratch.write("precious", to: "directory/file")

    for option in ["--overwrite", "--append"] {
      try Tool.fail("import", "-", "-o", "directory", option, in: scratch, saying: "name another directory")
      try Tool.fail("import", "-", "-o", "directory/file", option, in: scratch, saying: "is a file")
    }
    #expect(try scratch.files(below: ".") == ["directory/file": Array("precious".utf8)])
  }

  @Test("Elements with a line feed are refused as lines, and written with --null")
  func lineFeeds() throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    try ZarrArray.create(in: store, writing: ["a", "b\nc", ""])

    try Tool.fail("export", "data.zarr", "-o", "lines.txt", in: scratch, saying: "--null")
    // What comes after it is wanted where lines are read as they come.
    let stream = try Tool.run(["export", "data.zarr", "-o", "-"], in: scratch)
    #expect(stream.exitCode == 1 && stream.text == "a\n{\"base64\":\"Ygpj\"}\n\n")
    #expect(stream.errors.hasPrefix("zvlen: data.zarr: element 1 has a line feed in it"), "\(stream.errors)")
    #expect(stream.errors.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
    try Tool.succeed("export", "data.zarr", "-o", "lines.txt", "--null", in: scratch)
    #expect(try scratch.read("lines.txt") == Array("a\0b\nc\0\0".utf8))
    try Tool.succeed("import", "lines.txt", "-o", "again.zarr", "--null", in: scratch)
    #expect(
      try Tool.succeed("dump", "again.zarr", in: scratch).lines == ["\"a\"", #""b\nc""#, "\"\""])
  }

  @Test("A file of lines is replaced only if that is asked for")
  func overwritingFile() throws {
    try Tool.succeed("import", "-", "-o", "data.zarr", in: scratch, input: Array("new\n".utf8))
    try scratch.write("old", to: "lines.txt")

    try Tool.fail("export", "data.zarr", "-o", "lines.txt", in: scratch, saying: "--overwrite")
    #expect(try scratch.read("lines.txt") == Array("old".utf8))
    try Tool.succeed("export", "data.zarr", "-o", "lines.txt", "--overwrite", in: scratch)
    #expect(try scratch.read("lines.txt") == Array("new\n".utf8))
    #expect(try scratch.names() == ["data.zarr", "lines.txt"])
  }
}
