import Foundation
import TestSupport
import Testing
import Zarr

/// Files of an imported directory, by their paths.
@Suite("Files by name")
struct NameTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  private static let files = [
    "-1": "minus", "--help": "dashes", "a/1.txt": "one", "a/b/*.c": "star", "a/b/2.txt": "two",
    "line\nfeed": "feed", "sp ace/\"x' y": "quotes", "grüße/é": "accents", "top.md": "top", "[x]": "brackets",
  ]

  private func importFiles() throws {
    for (path, text) in Self.files { try scratch.write(text, to: "tree/\(path)") }
    try Tool.succeed("import", "tree", "-o", "data.zarr", in: scratch)
  }

  private func makeGroup(_ paths: [String], chunkLength: Int = 1000) throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    _ = try ZarrGroup.create(in: store)
    let options = ArrayOptions(chunkSize: .rows(chunkLength))
    try ZarrArray.create(in: store, at: "paths", writing: paths, options: options)
    try ZarrArray.create(
      in: store, at: "blobs", writing: paths.map { Array("<\($0)>".utf8) }, options: options)
    try FileManager.default.createDirectory(
      atPath: scratch.path("none"), withIntermediateDirectories: true)
  }

  /// An append of nothing, which makes the index cover all paths.
  private func index() throws {
    try Tool.succeed("import", "none", "-o", "data.zarr", "--append", in: scratch)
  }

  private func array(_ name: String) throws -> ZarrArray {
    try ZarrArray.open(in: FileStore(opening: scratch.path("data.zarr")), at: name)
  }

  @Test("Each file is found by its path, whatever its name")
  func odd() throws {
    try importFiles()

    for (path, text) in Self.files {
      #expect(try Tool.succeed("cat", "data.zarr", "--", path, in: scratch).text == text, "\(path)")
      #expect(try Tool.succeed("export", "data.zarr", "-o", "-", "--", path, in: scratch).text == text)
    }
    #expect(try Tool.succeed("cat", "data.zarr", "-1", in: scratch).text == "minus")
    #expect(try Tool.succeed("cat", "-n", "data.zarr", "top.md", "a/1.txt", in: scratch).text == "top\none\n")
    #expect(try Tool.succeed("cat", "-0", "data.zarr", "top.md", "-1", in: scratch).text == "top\0minus\0")
    #expect(
      try Tool.succeed(
        "cat", "data.zarr", "[x]", "--indices", "-", in: scratch, input: Array("a/b/2.txt\n-1\n".utf8)
      ).text == "bracketstwominus")
  }

  @Test(
    "Patterns stand for files",
    arguments: [
      ("*.md", ["top.md"]), ("**/*.txt", ["a/1.txt", "a/b/2.txt"]), ("a/*.txt", ["a/1.txt"]),
      ("**", files.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }),
      ("a/**", ["a/1.txt", "a/b/*.c", "a/b/2.txt"]), ("a/b/\\*.c", ["a/b/*.c"]), ("grüße/?", ["grüße/é"]),
      ("[!a-z]*", ["--help", "-1", "[x]"]), ("[[]x]", ["[x]"]), ("*/[0-9].*", ["a/1.txt"]),
      ("**/é", ["grüße/é"]), ("**e/**", ["grüße/é", "sp ace/\"x' y"]), ("?op.*", ["top.md"]),
    ])
  func patterns(pattern: String, expected: [String]) throws {
    try importFiles()

    let listed = try Tool.succeed("ls", "-0", "-r", "data.zarr", "--", pattern, in: scratch).text
    #expect(listed.split(separator: "\0").map(String.init) == expected)
    let contents = try Tool.succeed("cat", "-0", "data.zarr", "--", pattern, in: scratch).text
    #expect(contents.split(separator: "\0").map(String.init) == expected.map { Self.files[$0] })
    try Tool.succeed("export", "data.zarr", "-o", "some", "--", pattern, in: scratch)
    #expect(
      try scratch.files(below: "some")
        == Dictionary(uniqueKeysWithValues: expected.map { ($0, Array((Self.files[$0] ?? "").utf8)) }))
  }

  @Test("Directories are listed level by level, and exported whole")
  func directories() throws {
    try importFiles()

    #expect(
      try Tool.succeed("ls", "data.zarr", "a", in: scratch).lines == ["a/1.txt", "a/b/"])
    #expect(
      try Tool.succeed("ls", "-l", "data.zarr", "a/", "top.md", in: scratch).lines == [
        "           3  a/1.txt", "          2/  a/b/", "           3  top.md",
      ])
    #expect(try Tool.succeed("ls", "data.zarr", "a/*", in: scratch).lines == ["a/1.txt", "a/b/"])
    let top = try Tool.succeed("ls", "--null", "data.zarr", in: scratch).text.split(separator: "\0")
    #expect(top == ["--help", "-1", "[x]", "a/", "grüße/", "line\nfeed", "sp ace/", "top.md"])
    let json = try Tool.succeed("ls", "--json", "-l", "data.zarr", "line\nfeed", "a", in: scratch).output
    let list = try JSONSerialization.jsonObject(with: Data(json)) as? [NSDictionary]
    #expect(
      list == [
        ["path": "a/1.txt", "index": 3, "bytes": 3], ["path": "a/b/", "files": 2],
        ["path": "line\nfeed", "index": 7, "bytes": 4],
      ])
    try Tool.succeed("export", "data.zarr", "-o", "some", "a/b", "grüße", in: scratch)
    #expect(Set(try scratch.files(below: "some").keys) == ["a/b/*.c", "a/b/2.txt", "grüße/é"])
    try Tool.fail("cat", "data.zarr", "a", in: scratch, saying: "is a directory")
    // A pattern may also stand for directories.
    #expect(try Tool.succeed("cat", "data.zarr", "**/?", in: scratch).text == "accents")
    try Tool.fail("export", "data.zarr", "-o", "-", "a", in: scratch, saying: "takes one file")
    #expect(
      try Tool.succeed("rm", "-n", "data.zarr", "line\nfeed", in: scratch).text == "line\nfeed\n")
    for command in [["cat"], ["ls"], ["rm"], ["export", "-o", "other"]] {
      let outcome = try Tool.run(command + ["data.zarr", "top.md", "to"], in: scratch)
      #expect(outcome.exitCode == 1 && outcome.output == [] && outcome.errors.contains(" to"), "\(command)")
    }
    #expect(try !scratch.names().contains("other"))
  }

  @Test("An empty directory has no files")
  func empty() throws {
    try makeGroup([])
    try index()

    #expect(try Tool.succeed("ls", "-r", "data.zarr", in: scratch).output == [])
    #expect(try Tool.succeed("ls", "--json", "data.zarr", in: scratch).text == "[]\n")
    try Tool.fail("cat", "data.zarr", "x", in: scratch, saying: "has no file x")
    #expect(try array("path_index").shape == [0])
  }

  @Test("Elements are chosen by ranges, and from the end, as Python does it")
  func ranges() throws {
    let lines = (0..<10).map { "\($0)\n" }.joined()
    try Tool.succeed("import", "-", "-o", "lines.zarr", in: scratch, input: Array(lines.utf8))
    for (index, expected) in [
      ("2:5", "234"), ("-1", "9"), ("-3:", "789"), (":2", "01"), ("8:99", "89"), ("5:2", ""),
      (":", "0123456789"), ("-99:1", "0"), ("-2:-1", "8"), ("99:", ""),
    ] {
      #expect(try Tool.succeed("cat", "lines.zarr", index, in: scratch).text == expected, "\(index)")
      #expect(
        try Tool.succeed("cat", "lines.zarr", "--indices", "-", in: scratch, input: Array(index.utf8)).text
          == expected, "\(index)")
    }
    #expect(try Tool.succeed("cat", "-n", "lines.zarr", "1", "-1", "3:5", in: scratch).text == "1\n9\n3\n4\n")
    for index in ["10", "-11", "1,2"] {
      #expect(try Tool.run(["cat", "lines.zarr", index], in: scratch).exitCode == 1, "\(index)")
    }
    for index in ["1,", "+1", "1.5", "99999999999999999999", "1:2:3", "x"] {
      #expect(try Tool.run(["cat", "lines.zarr", index], in: scratch).exitCode == 64, "\(index)")
    }
    let store = try FileStore(creating: scratch.path("table.zarr"))
    try ZarrArray.create(in: store, writing: (0..<12).map { "\($0) " }, shape: [3, 4])
    #expect(try Tool.succeed("cat", "table.zarr", "1:,-2:", in: scratch).text == "6 7 10 11 ")
    #expect(
      try Tool.succeed("export", "lines.zarr", "-o", "-", "--start", "7", "--count", "2", in: scratch).text
        == "7\n8\n")
  }
}

/// The sizes of files, and the array that has them.
extension NameTests {
  /// Imports ten files of 1 to 10 bytes, three in each chunk.
  private func importSizes(_ options: String...) throws {
    for number in 0..<10 {
      try scratch.write(String(repeating: "x", count: number + 1), to: "tree/\(number)")
    }
    try Tool.succeed(["import", "tree", "-o", "data.zarr", "--chunk-count", "3"] + options, in: scratch)
  }

  private func sizes(_ paths: String...) throws -> [Int] {
    try Tool.succeed(["ls", "-l", "-r", "data.zarr"] + paths, in: scratch).lines.map {
      try #require(Int($0.split(separator: " ")[0]))
    }
  }

  /// Makes the contents impossible to read, in as many bytes as before, and with the same checksums.
  private func damageContents(_ chunks: Range<Int>) throws {
    for chunk in chunks {
      let key = "data.zarr/blobs/c/\(chunk)"
      let bytes = try scratch.read(key)
      let end = bytes.count - 16
      try scratch.write([UInt8](repeating: 7, count: end) + bytes[end...], to: key)
    }
  }

  @Test("Sizes are listed without reading contents, also after appends, removals and compact")
  func sizesWithoutContents() throws {
    try importSizes()
    for number in 10..<12 {
      try scratch.write(String(repeating: "y", count: number + 1), to: "more/\(number)")
    }
    try Tool.succeed("import", "more", "-o", "data.zarr", "--append", in: scratch)
    try Tool.succeed("rm", "data.zarr", "4", in: scratch)
    try Tool.succeed("compact", "data.zarr", in: scratch)
    try damageContents(0..<4)

    #expect(try sizes() == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12])
    #expect(try sizes("3", "11") == [4, 12])
    #expect(try Tool.succeed("rm", "data.zarr", "7", in: scratch).report.contains("8 bytes of contents"))
  }

  @Test("A size that does not belong to the contents is not listed")
  func wrongSizes() throws {
    try importSizes()
    let (document, chunk) = (
      try scratch.read("data.zarr/size_index/zarr.json"), try scratch.read("data.zarr/size_index/c/0")
    )
    // Another program changes contents, and a chunk is lost.
    try array("blobs").write(blob: [UInt8](repeating: 0, count: 100), at: [4])
    try FileManager.default.removeItem(atPath: scratch.path("data.zarr/blobs/c/2"))
    let expected = [1, 2, 3, 4, 100, 6, 0, 0, 0, 10]
    #expect(try sizes() == expected)
    for (key, bytes) in [
      ("c/0", Array(chunk.dropLast())), ("c/0", []), ("zarr.json", Array("{".utf8)),
      ("zarr.json", Array(String(decoding: document, as: UTF8.self).replacing("uint64", with: "int64").utf8)),
    ] {
      try scratch.write(document, to: "data.zarr/size_index/zarr.json")
      try scratch.write(chunk, to: "data.zarr/size_index/c/0")
      try scratch.write(bytes, to: "data.zarr/size_index/\(key)")
      #expect(try sizes() == expected)
    }
    try FileManager.default.removeItem(atPath: scratch.path("data.zarr/size_index"))
    #expect(try sizes() == expected)

    try Tool.succeed("compact", "data.zarr", in: scratch)
    try damageContents(0..<2)
    #expect(try sizes() == expected)
  }

  @Test("Many names are looked for together, those of files, directories and patterns")
  func manyNames() throws {
    for number in 0..<200 { try scratch.write("<\(number)>", to: "tree/\(number % 7)/\(number)") }
    try scratch.write("star", to: "tree/a*b")
    try Tool.succeed("import", "tree", "-o", "data.zarr", in: scratch)
    let names = (0..<200).map { "\($0 % 7)/\($0)" }
    try scratch.write(names.map { "\($0)\n" }.joined(), to: "names")
    #expect(
      try Tool.succeed("cat", "data.zarr", "--indices", "names", in: scratch).text
        == (0..<200).map { "<\($0)>" }.joined())
    let found = try Tool.succeed(
      ["ls", "-r", "data.zarr", "5", "1*", "a*b", "6/", "2/2"] + names.suffix(3), in: scratch)
    let expected =
      names.filter { $0.hasPrefix("5/") || $0.hasPrefix("1/") || $0.hasPrefix("6/") }
      + ["a*b", "2/2"] + names.suffix(3)
    #expect(Set(found.lines) == Set(expected))
    let missing = try Tool.run(["cat", "data.zarr"] + names + ["3/4"], in: scratch)
    #expect(missing.exitCode == 1 && missing.errors.contains("data.zarr has no file 3/4"))
    try Tool.succeed(["rm", "data.zarr"] + names.prefix(150), in: scratch)
    #expect(try Tool.succeed("ls", "-r", "data.zarr", in: scratch).lines.count == 51)
  }

  @Test("verify --deep tells of sizes that are not those of the contents")
  func sizesThatLie() throws {
    try importSizes()
    #expect(try !Tool.succeed("verify", "--deep", "data.zarr", in: scratch).text.contains("note"))
    let sizes = try array("size_index")
    for file in [2, 7] { try sizes.write(sizes.read(at: [file], as: UInt64.self) + 1, at: [file]) }
    // A size that does not count is none.
    try sizes.write(UInt64(5), at: [9])
    #expect(try !Tool.succeed("verify", "data.zarr", in: scratch).text.contains("note"))
    let words = "note: data.zarr/size_index has the wrong size of 2 files; remove this array"
    #expect(try Tool.succeed("verify", "--deep", "data.zarr", in: scratch).text.contains(words))
    try FileManager.default.removeItem(atPath: scratch.path("data.zarr/size_index"))
    try Tool.succeed("compact", "data.zarr", in: scratch)
    #expect(try !Tool.succeed("verify", "--deep", "data.zarr", in: scratch).text.contains("note"))
  }

  @Test(
    "Other layouts have sizes too",
    arguments: [
      ["--zarr-format", "2"], ["--shard-bytes", "1MB"], ["--part", "1/1"], ["--resume"], ["--workers", "1"],
    ])
  func sizesOfLayouts(options: [String]) throws {
    for number in 0..<10 { try scratch.write(String(repeating: "x", count: number), to: "tree/\(number)") }
    try Tool.succeed(["import", "tree", "-o", "data.zarr"] + options, in: scratch)
    #expect(try sizes() == Array(0..<10))
    try Tool.succeed("copy", "data.zarr", "copy.zarr", "--chunk-count", "4", in: scratch)
    try FileManager.default.removeItem(atPath: scratch.path("data.zarr"))
    try FileManager.default.moveItem(atPath: scratch.path("copy.zarr"), toPath: scratch.path("data.zarr"))
    #expect(try sizes() == Array(0..<10))
  }
}

/// The index that leads to paths.
extension NameTests {
  /// So many paths that the index is used, in chunks of 1000.
  private static let many = (0..<20_000).map { "directory \($0 % 100)/file \($0)" }

  /// Damages the stored paths from the second chunk on, so that reading all of them fails.
  private func damagePaths() throws {
    for chunk in 1..<20 { try scratch.write([1, 2, 3], to: "data.zarr/paths/c/\(chunk)") }
  }

  @Test("The index leads to a path without reading the others")
  func indexed() throws {
    try makeGroup(Self.many)
    try index()
    #expect(try array("path_index").shape == [20_000])
    try damagePaths()

    for row in [0, 1, 517, 999] {
      #expect(
        try Tool.succeed("cat", "data.zarr", Self.many[row], in: scratch).text == "<\(Self.many[row])>")
    }
    try Tool.fail("cat", "data.zarr", Self.many[1000], in: scratch, saying: "paths/c/1")
    try Tool.fail("cat", "data.zarr", "none", in: scratch, saying: "paths/c/1")
  }

  @Test("Runs are merged, and all of them lead to their paths")
  func runs() throws {
    try makeGroup(Self.many)
    try index()
    for round in 0..<5 {
      for file in 0...round { try scratch.write("\(file)", to: "more\(round)/\(round)/\(file)") }
      try Tool.succeed("import", "more\(round)", "-o", "data.zarr", "--append", in: scratch)
    }
    #expect(try array("path_index").metadata.attributes["runs"] == [0, 20_000])
    #expect(try array("path_index").shape == [20_015])
    #expect(try Tool.succeed("verify", "data.zarr", in: scratch).lines.allSatisfy { $0.hasPrefix("ok: ") })
    try damagePaths()

    #expect(try Tool.succeed("cat", "data.zarr", "4/3", in: scratch).text == "3")
    #expect(try Tool.succeed("cat", "data.zarr", Self.many[7], in: scratch).text == "<\(Self.many[7])>")
  }

  @Test("Paths with the same hash are told apart")
  func collisions() throws {
    // Both have the CRC-32 4ddb0c25.
    let same = ["plumless", "buckeroo"]
    try makeGroup([same[0]] + Self.many + [same[1], "codding"])
    try index()

    for path in same + ["codding"] {
      #expect(try Tool.succeed("cat", "data.zarr", path, in: scratch).text == "<\(path)>")
    }
    // It has the CRC-32 of codding.
    try Tool.fail("cat", "data.zarr", "gnu", in: scratch, saying: "has no file gnu")
  }

  @Test("An index that is out of date, damaged, or something else leads to no wrong answer")
  func wrongIndex() throws {
    try makeGroup(Self.many)
    try index()
    let other = "changed by another program"
    try array("paths").write(other, at: [1234])
    #expect(
      try Tool.succeed("cat", "data.zarr", other, in: scratch).text == "<\(Self.many[1234])>")
    try Tool.fail("cat", "data.zarr", Self.many[1234], in: scratch, saying: "has no file")
    let verified = try Tool.succeed("verify", "data.zarr", in: scratch).text
    #expect(verified.contains("note: data.zarr/path_index does not lead to all paths"))
    #expect(try Tool.succeed("compact", "data.zarr", in: scratch).report.contains("index of paths is new"))
    #expect(try !Tool.succeed("verify", "data.zarr", in: scratch).text.contains("note"))

    // Another program appends to the arrays that it knows.
    for (name, bytes) in [("paths", "appended"), ("blobs", "new")] {
      let appender = try Appender(to: array(name))
      try appender.append(blob: Array(bytes.utf8))
      try appender.finish()
    }
    #expect(try Tool.succeed("cat", "data.zarr", "appended", in: scratch).text == "new")

    let document = try scratch.read("data.zarr/path_index/zarr.json")
    let chunk = try scratch.read("data.zarr/path_index/c/0")
    let changes: [(String, [UInt8])] = [
      ("c/0", Array(chunk.dropLast())), ("c/0", []), ("zarr.json", Array("{".utf8)),
      (
        "zarr.json",
        Array(String(decoding: document, as: UTF8.self).replacing("crc32\"", with: "crc33\"").utf8)
      ),
    ]
    for (key, bytes) in changes {
      try scratch.write(document, to: "data.zarr/path_index/zarr.json")
      try scratch.write(chunk, to: "data.zarr/path_index/c/0")
      try scratch.write(bytes, to: "data.zarr/path_index/\(key)")
      for row in [0, 19_999] {
        #expect(
          try Tool.succeed("cat", "data.zarr", Self.many[row], in: scratch).text == "<\(Self.many[row])>")
      }
    }
  }

  @Test("A path that is there twice is the last one")
  func twice() throws {
    try makeGroup(Self.many + ["x", "y"])
    try index()
    try array("blobs").write(blob: Array("later".utf8), at: [20_001])
    try array("paths").write("x", at: [20_001])
    try Tool.succeed("compact", "data.zarr", in: scratch)

    #expect(try Tool.succeed("cat", "data.zarr", "x", in: scratch).text == "later")
  }

  @Test(
    "Zarr v2, shards and copies have an index too",
    arguments: [["--zarr-format", "2"], ["--shard-bytes", "1MB"]])
  func layouts(options: [String]) throws {
    for (path, text) in Self.files { try scratch.write(text, to: "tree/\(path)") }
    try Tool.succeed(["import", "tree", "-o", "data.zarr"] + options, in: scratch)
    #expect(try array("path_index").shape == [Self.files.count])
    try Tool.succeed("copy", "data.zarr", "copy.zarr", "--chunk-count", "4", in: scratch)
    for name in ["data.zarr", "copy.zarr"] {
      #expect(try Tool.succeed("cat", name, "a/1.txt", in: scratch).text == "one")
      try Tool.succeed("rm", name, "a/1.txt", in: scratch)
      try Tool.fail("cat", name, "a/1.txt", in: scratch, saying: "has no file")
      try Tool.succeed("compact", name, in: scratch)
      #expect(try Tool.succeed("verify", name, in: scratch).lines.allSatisfy { $0.hasPrefix("ok: ") })
      let left = try Tool.succeed("ls", "-0", "-r", name, in: scratch).text
      #expect(
        Set(left.split(separator: "\0").map(String.init)) == Set(Self.files.keys).subtracting(["a/1.txt"]))
    }
  }
}
