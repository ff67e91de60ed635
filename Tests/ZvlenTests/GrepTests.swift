import Foundation
import Testing
import Zarr

@Suite("Finding lines")
struct GrepTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  private func makeArray<Element: ZarrElement>(
    _ elements: [Element], shape: [Int]? = nil, chunkRows: Int = 7, shardRows: Int? = nil,
    _ name: String = "a"
  ) throws {
    try ZarrArray.create(
      in: FileStore(creating: scratch.path(name)), writing: elements, shape: shape,
      options: ArrayOptions(chunkSize: .rows(chunkRows), shardSize: shardRows.map { .rows($0) }))
  }

  /// What the tool finds, without a word on standard error.
  private func found(_ arguments: String..., code: Int32 = 0) throws -> String {
    let outcome = try Tool.run(["grep"] + arguments, in: scratch)
    #expect(outcome.errors == "")
    #expect(outcome.exitCode == code)
    return outcome.text
  }

  @Test(
    "The lines are those that grep finds, in order, whatever the chunks", arguments: [1, 7, 1000],
    [nil, 3000])
  func asGrep(chunkRows: Int, shardRows: Int?) throws {
    // Short elements have lengths that look like text, and some patterns are in two elements only together.
    let words = [
      "", "error", "err", "or", "a", "warning: süß", "ERROR x", "n\u{1}", "an error, an error", "l",
    ]
    let lines = (0..<3000).map { (number: Int) -> String in
      let end = number % 11 == 0 ? " \(number)" : ""
      return words[number * 7919 % 10] + end
    }
    try makeArray(lines, chunkRows: chunkRows, shardRows: shardRows)
    try scratch.write(lines.map { $0 + "\n" }.joined(), to: "lines")
    for options in [
      ["error"], ["-F", "error"], ["-i", "error"], ["-v", "error"], ["-c", "error"], ["-o", "error"],
      ["-w", "err"], ["-w", "süß"], ["-wF", "süß"],
      ["-w", "-o", "ü|error"], ["-wv", "an|1"], ["-x", "error"], ["-vc", "error"], ["-m", "5", "or"],
      ["e.*r"], ["^$"], ["[0-9]+$"],
      ["-o", "[a-z]+"], [""], ["-c", ""], ["-vx", "l"], ["-iF", "SÜSS"], ["-i", "SÜß"], ["ü"], ["errorerr"],
      ["-m", "1", ""], ["-F", "e"], ["nothing"],
    ] {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/grep")
      process.arguments =
        (options.contains("-F") || options[0].hasSuffix("F") ? [] : ["-P"]) + options + ["lines"]
      process.environment = ["LC_ALL": "C.UTF-8"]
      process.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      let expected = try output.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      let outcome = try Tool.run(["grep"] + options + ["a", "--no-index"], in: scratch)
      #expect(outcome.output == [UInt8](expected), "\(options)")
      #expect(outcome.exitCode == process.terminationStatus, "\(options)")
      #expect(outcome.errors == "")
    }
  }

  @Test("The index of an element comes before each of its lines")
  func indices() throws {
    try makeArray(["one", "two\nthree\n", "", "four\n\ntwo"])
    #expect(try found("o", "a") == "0:one\n1:two\n3:four\n3:two\n")
    #expect(try found("-n", "o", "a") == "0:1:one\n1:1:two\n3:1:four\n3:3:two\n")
    #expect(try found("-nv", "o|ee", "a") == "2:1:\n3:2:\n")
    #expect(try found("-l", "o", "a") == "0\n1\n3\n")
    #expect(try found("-lZ", "o", "a") == "0\u{0}1\u{0}3\u{0}")
    #expect(try found("-c", "o", "a") == "4\n")
    #expect(try found("-o", "o", "a") == "0:o\n1:o\n3:o\n3:o\n")
    #expect(try found("-q", "o", "a") == "")
    #expect(try found("-q", "x", "a", code: 1) == "")
    #expect(try found("-c", "x", "a", code: 1) == "0\n")
    // No line has a line feed, and none of the lines is both.
    #expect(try found("two.three", "a", code: 1) == "")
    try makeArray([String](), "none")
    #expect(try found("", "none", code: 1) == "")
    try makeArray((0..<12).map { "e\($0 % 4)" }, shape: [3, 4], chunkRows: 2, "two")
    #expect(try found("3", "two") == "0,3:e3\n1,3:e3\n2,3:e3\n")
  }

  @Test("Lines of arrays of several dimensions come in C order", arguments: [1, 4])
  func dimensions(workers: Int) throws {
    let lines = (0..<60_000).map { "\($0 * 7919 % 60_000)\($0 % 9 == 0 ? "\nx" : "")" }
    try makeArray(lines, shape: [100, 20, 30], chunkRows: 7)
    let workers = "\(workers)"
    var expected: [String] = []
    for (number, element) in lines.enumerated() {
      let index = "\(number / 600),\(number / 30 % 20),\(number % 30)"
      for line in element.split(separator: "\n") where line.contains("77") || line == "x" {
        expected.append("\(index):\(line)\n")
      }
    }
    #expect(try found("77|x", "a", "--workers", workers) == expected.joined())
    #expect(try found("77|x", "a", "-m", "40", "--workers", workers) == expected.prefix(40).joined())
    #expect(try found("-c", "77|x", "a", "--workers", workers) == "\(expected.count)\n")
    #expect(try found("missing", "a", "--workers", workers, code: 1) == "")
    try makeArray([Int32](0..<6000), shape: [60, 100], "numbers")
    #expect(try found("^59.9$", "numbers", "--workers", workers).split(separator: "\n").count == 10)
    try makeArray([String](), shape: [0, 5], "none")
    #expect(try found("", "none", code: 1) == "")
  }

  @Test("Numbers, padded text and optional elements are searched as dump writes them")
  func otherTypes() throws {
    try makeArray([1.5, 2, 15], "numbers")
    #expect(try found("^1", "numbers") == "0:1.5\n2:15.0\n")
    try makeArray(["a", nil, "null"] as [String?], "optional")
    #expect(try found("null", "optional") == "1:null\n2:\"null\"\n")
  }

  @Test("Files of a directory are found by their paths")
  func tree() throws {
    try scratch.write("first\nsecond\n", to: "tree/b/two words")
    try scratch.write("second\n", to: "tree/a")
    try scratch.write("", to: "tree/empty")
    try scratch.write([1, 0, 10] + Array("second".utf8), to: "tree/c")
    try Tool.succeed("import", "tree", "-o", "tree.zarr", in: scratch)
    #expect(
      try found("second", "tree.zarr")
        == "a:second\nb/two words:second\nc is binary, and matches\n")
    #expect(try found("-a", "second", "tree.zarr") == "a:second\nb/two words:second\nc:second\n")
    #expect(try found("-l", "second", "tree.zarr") == "a\nb/two words\nc\n")
    #expect(try found("-lZ", "first", "tree.zarr") == "b/two words\u{0}")
    #expect(try found("-c", "s", "tree.zarr") == "a:1\nb/two words:2\nc:1\n")
    #expect(try found("-c", "", "tree.zarr/paths") == "4\n")
    // An empty file has no lines.
    #expect(try found("-l", "", "tree.zarr") == "a\nb/two words\nc\n")
  }

  @Test("Lines before and after those that are found are those of grep", arguments: [1, 2, 100])
  func context(chunkCount: Int) throws {
    let words = ["one", "two", "x", "three", "", "match", "y", "z"]
    for file in 0..<9 {
      let lines = (0..<40).map { words[($0 * 7 + $0 / 8 * file + file) % 8] }
      try scratch.write(lines.joined(separator: "\n") + (file % 2 == 0 ? "\n" : ""), to: "tree/\(file)")
    }
    try scratch.write("", to: "tree/empty")
    try Tool.succeed("import", "tree", "-o", "tree.zarr", "--chunk-count", "\(chunkCount)", in: scratch)
    for options in [
      ["-A", "1"], ["-B", "2"], ["-C", "1"], ["-n", "-C", "3"], ["-n", "-A", "2", "-B", "1"], ["-C", "0"],
      ["-A1", "-B2"], ["-nA1"], ["-nvB2"], ["-nC", "2"],
      ["-n", "-v", "-A", "1"], ["-C", "100"], ["-n", "-C", "2", "-A", "0"],
    ] {
      for pattern in ["match", "^$", "x|y", "tw", "none"] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/grep")
        process.arguments =
          ["-E"] + options + [pattern] + (0..<9).map { "\($0)" } + ["empty"]
        process.currentDirectoryURL = URL(fileURLWithPath: scratch.path("tree"))
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let expected = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let outcome = try Tool.run(["grep"] + options + ["--", pattern, "tree.zarr"], in: scratch)
        #expect(outcome.output == [UInt8](expected), "\(options) \(pattern)")
      }
    }
    try makeArray(["a\nb\nc", "b", "c\na\nb\nd\nb"])
    #expect(try found("-m", "3", "-C", "1", "b", "a") == "0-a\n0:b\n0-c\n--\n1:b\n--\n2-a\n2:b\n2-d\n")
    #expect(try found("-c", "-C", "1", "b", "a") == "4\n")
    #expect(try Tool.run(["grep", "-A", "-1", "b", "a"], in: scratch).exitCode == 64)
  }

  @Test("Conditions choose elements by values inside of JSON")
  func conditions() throws {
    try makeArray([
      #"{"level":"error","n":1,"a":[{"b/c":null}],"msg":"x"}"#, #"{"level":"\u0065rror","n":2}"#,
      #"{"level":"warning","n":1,"msg":"error"}"#, "no JSON error", #"{"level":["error"],"n":1.0}"#,
    ])
    #expect(try found("-l", "", "a", "--where", "/level=error") == "0\n1\n")
    #expect(try found("-l", "", "a", "--where", "/level!=error") == "2\n4\n")
    #expect(try found("-l", "", "a", "--where", "/level=error", "--where", "/n=1") == "0\n")
    #expect(try found("-l", "", "a", "--where", "/n=1") == "0\n2\n")
    #expect(try found("-l", "", "a", "--where", "/a/0/b~1c=null") == "0\n")
    #expect(try found("-l", "", "a", "--where", "/missing!=1") == "0\n1\n2\n4\n")
    #expect(try found("-l", "msg", "a", "--where", "/level=error") == "0\n")
    #expect(try found("-c", "", "a", "--where", "/a/1=null", code: 1) == "0\n")
    for condition in ["level=error", "/level", ""] {
      #expect(try Tool.run(["grep", "", "a", "--where", condition], in: scratch).exitCode == 64)
    }
  }

  @Test("Bytes that are not UTF-8 are searched as bytes, and those in text are never part of a match")
  func notText() throws {
    try makeArray([[0xFF, 0x61], [0xC3], []] as [[UInt8]], "bytes")
    #expect(try Tool.run(["grep", #"\xFF."#, "bytes", "-c"], in: scratch).text == "1\n")
    try ZarrArray.create(
      in: FileStore(creating: scratch.path("text")), writing: ["plain"],
      options: ArrayOptions(compressors: []))
    let chunk = try scratch.read("text/c/0")
    try scratch.write(chunk.map { $0 == UInt8(ascii: "l") ? 0xFF : $0 }, to: "text/c/0")
    #expect(try found("-o", ".", "text", "--no-index") == "p\na\ni\nn\n")
  }

  @Test("A pattern that takes too long is an error of its elements, and the others are found")
  func limits() throws {
    let long = String(repeating: "a", count: 5000) + "!"
    try makeArray(["aa", long, "a"], chunkRows: 1)
    let outcome = try Tool.run(["grep", #"^(a|aa|a*a)+$"#, "a"], in: scratch)
    #expect(outcome.exitCode == 2)
    #expect(outcome.text == "0:aa\n2:a\n")
    #expect(outcome.errors.hasPrefix("zvlen: error: line 1 of element 1 takes the pattern more steps"))
    #expect(outcome.errors.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
  }

  @Test(
    "Patterns that are wrong, arrays that are not there and damage end with 2",
    arguments: [
      (["(", "a"], "missing"), (["a\nb", "a"], "line feed"), (["x", "missing"], "no such directory"),
    ])
  func failures(arguments: [String], message: String) throws {
    try makeArray(["a"])
    let outcome = try Tool.run(["grep"] + arguments, in: scratch)
    #expect(outcome.exitCode == 2)
    #expect(
      outcome.errors.hasPrefix("zvlen: error: ") && outcome.errors.contains(message), "\(outcome.errors)")
  }

  @Test("What comes before a damaged chunk is found, and what comes after it with --replace-damaged")
  func damage() throws {
    try makeArray((0..<6).map { "e\($0)" }, chunkRows: 2)
    try scratch.write([1, 2, 3], to: "a/c/1")
    let outcome = try Tool.run(["grep", "e", "a", "--workers", "1"], in: scratch)
    #expect(outcome.exitCode == 2)
    #expect(outcome.text == "0:e0\n1:e1\n")
    #expect(outcome.errors.hasPrefix("zvlen: error: a/c/1: "))
    let rest = try Tool.run(["grep", "e", "a", "--replace-damaged"], in: scratch)
    #expect(rest.exitCode == 2)
    #expect(rest.text == "0:e0\n1:e1\n4:e4\n5:e5\n")
    #expect(rest.errors.hasPrefix("zvlen: damaged: a/c/1: "))
  }
}
