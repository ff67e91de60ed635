import Foundation
import Testing

@Suite("Messages say what is wrong, where, and what to do")
struct MessageTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  @Test("Text in Latin-1 is named with its byte", arguments: ["string", "json", "json-string"])
  func latin1(type: String) throws {
    try scratch.write(Array("{}\n{\"s\":\"caf".utf8) + [0xE9] + Array("\"}\n".utf8), to: "data.jsonl")
    for part in [[], ["--part", "1/1"]] {
      let outcome = try Tool.run(
        ["import", "data.jsonl", "-o", "data.zarr", "--type", type] + part, in: scratch)
      #expect(outcome.exitCode == 1)
      #expect(outcome.errors.hasPrefix("zvlen: error: data.jsonl, line 2 is not "))
      #expect(outcome.errors.contains("there is 0xE9 (byte 9 of the line, 12 of data.jsonl)"))
      #expect(
        outcome.errors.contains("iconv -f LATIN1 -t UTF-8 < data.jsonl | zvlen import - -o data.zarr --type"))
    }
  }

  @Test(
    "Compressed input is named with the program that undoes it", arguments: ["string", "json", "bytes"],
    [
      ([0x1F, 0x8B, 8, 0], "gzip", "zcat"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd", "zstdcat"),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz", "xzcat"),
      ([0x42, 0x5A, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59], "bzip2", "bzcat"),
    ] as [([UInt8], String, String)])
  func compressed(type: String, form: ([UInt8], String, String)) throws {
    let (magic, name, program) = form
    try scratch.write(magic + [0x0A, 0xFF, 0x0A], to: "lines.z")
    try Tool.fail(
      "import", "lines.z", "-o", "data.zarr", "--type", type, in: scratch,
      saying:
        "lines.z is compressed by \(name), and has no lines of its own; import its contents: \(program) < lines.z | zvlen import - -o data.zarr --type \(type)"
    )
    try Tool.fail(
      "import", "-", "-o", "data.zarr", "--type", type, in: scratch, input: magic + [0x0A],
      saying:
        "standard input is compressed by \(name), and has no lines of its own; import its contents: \(program) < FILE | zvlen import - -o data.zarr --type \(type)"
    )
    #expect(try scratch.names() == ["lines.z"])
    // Files of a directory are taken as they are.
    try scratch.write(magic, to: "tree/file")
    try Tool.succeed("import", "tree", "-o", "tree.zarr", in: scratch)
    try Tool.fail(
      "import", "tree", "-o", "text.zarr", "--type", "json", in: scratch, saying: "tree/file is not JSON: ")
  }

  @Test(
    "The command that a message names works as it is in a shell",
    arguments: ["lines", "two words", "it's \"$HOME\" `x` \\", "-dash", "*", "line\nfeed'\\\u{1}", "zürich"],
    ["string", "bytes"])
  func verbatim(file: String, type: String) throws {
    func shell(_ command: String) throws -> Int32 {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      process.arguments = ["-c", command]
      process.environment = ProcessInfo.processInfo.environment.merging([
        "PATH": URL(fileURLWithPath: try Tool.path()).deletingLastPathComponent().path + ":/usr/bin:/bin"
      ]) { $1 }
      process.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
      try process.run()
      process.waitUntilExit()
      return process.terminationStatus
    }
    try scratch.write("a\nb\n", to: "text")
    #expect(try shell("gzip -c text > packed") == 0)
    try FileManager.default.moveItem(atPath: scratch.path("packed"), toPath: scratch.path(file))
    let outcome = try Tool.run(["import", "-o", "data zarr", "--type", type, "--", file], in: scratch)
    let start = try #require(outcome.errors.firstRange(of: "zcat"))
    #expect(try shell(String(outcome.errors[start.lowerBound...])) == 0, "\(outcome.errors)")
    #expect(try Tool.succeed("export", "data zarr", "-o", "-", in: scratch).text == "a\nb\n")
  }

  @Test(
    "UTF-16 is named with the way to convert it",
    arguments: [[0xFF, 0xFE, 0x61, 0], [0xFE, 0xFF, 0, 0x61]] as [[UInt8]])
  func utf16(bytes: [UInt8]) throws {
    try scratch.write(bytes, to: "lines.txt")
    for type in ["string", "json"] {
      try Tool.fail(
        "import", "lines.txt", "-o", "data.zarr", "--type", type, in: scratch,
        saying:
          "lines.txt is UTF-16, not UTF-8, and has no lines of its own; convert it: iconv -f UTF-16 -t UTF-8 < lines.txt"
      )
    }
    try Tool.succeed("import", "lines.txt", "-o", "data.zarr", "--type", "bytes", in: scratch)
  }

  @Test(
    "Values of options that are out of range are named with the range",
    arguments: [
      ("--codec", "zstd:99", "zstd:LEVEL takes a number from -131072 to 22; 1 to 19 are usual."),
      ("--codec", "gzip:10", "gzip:LEVEL takes a number from 0 to 9."),
      ("--codec", "lz4:0", "lz4:ACCELERATION takes a number from 1 to 65537."),
      ("--codec", "blosc:lzo", "COMPRESSOR is one of blosclz, lz4,"),
      ("--codec", "brotli", "Provide one of zstd:3, lz4,"),
      ("--chunk-bytes", "0", "A number of bytes is from 1 to "),
      ("--shard-bytes", "-1", "A number of bytes is from 1 to "),
      ("--memory-budget", "1TB", "A number of bytes is from 1 to "),
      ("--part", "9/8", "a NUMBER from 1 to COUNT"), ("--part", "0/0", "a NUMBER from 1 to COUNT"),
      ("--workers", "0", "a number from 1 to 4096"), ("--workers", "-1", "a number from 1 to 4096"),
      ("--checkpoint-seconds", "-1", "a number of seconds from 0 to "),
      ("--chunk-count", "0", "a number from 1 to "),
    ])
  func ranges(option: String, value: String, range: String) throws {
    let outcome = try Tool.run(["import", "-", "-o", "data.zarr", "\(option)=\(value)"], in: scratch)
    #expect(outcome.exitCode == 64)
    #expect(outcome.errors.contains(range), "\(outcome.errors)")
  }
}
