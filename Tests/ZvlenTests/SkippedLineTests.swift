import Foundation
import Testing
import Zarr

@Suite("Lines that are left out")
struct SkippedLineTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  private static let lines = [#"{"a":1}"#, #"{"a":"#, "[2]", "", #""x""#, "nul"]
  private static let broken = "in.jsonl:2:{\"a\":\nin.jsonl:4:\nin.jsonl:6:nul\n"

  private func makeSource(_ lines: [String] = Self.lines) throws {
    try scratch.write(lines.map { $0 + "\n" }.joined(), to: "in.jsonl")
  }

  private func run(_ arguments: String...) throws -> Tool.Outcome {
    try Tool.run(
      ["import", "in.jsonl", "-o", "a.zarr", "--type", "json", "--skip-bad", "bad"] + arguments, in: scratch)
  }

  private func elements() throws -> [String] {
    try ZarrArray.open(in: FileStore(opening: scratch.path("a.zarr"))).read(as: JSONText.self).map(\.text)
  }

  @Test("Broken lines go to a file with their numbers, and the others become elements")
  func broken() throws {
    try makeSource()
    let outcome = try run()
    #expect(outcome.exitCode == 0)
    #expect(outcome.errors == "")
    #expect(
      outcome.report.contains("imported 3 elements")
        && outcome.report.contains("3 broken lines left out, see bad"))
    #expect(try elements() == [#"{"a":1}"#, "[2]", #""x""#])
    #expect(try scratch.read("bad") == Array(Self.broken.utf8))
  }

  @Test("Without the option, a broken line ends the import, and the error names the option")
  func withoutOption() throws {
    try makeSource()
    try Tool.fail(
      "import", "in.jsonl", "-o", "a.zarr", "--type", "json", in: scratch,
      saying: "--skip-bad leaves such lines out")
  }

  @Test("Without broken lines there is no file, and an existing one stays as it is")
  func noFile() throws {
    try makeSource(["1", "2"])
    #expect(try run().exitCode == 0)
    #expect(try scratch.names() == ["a.zarr", "in.jsonl"])
    try scratch.write("mine", to: "bad")
    let outcome = try run("--overwrite")
    #expect(outcome.exitCode == 1 && outcome.errors.contains("bad exists already"))
    #expect(try scratch.read("bad") == Array("mine".utf8))
  }

  @Test("A log that grows adds its new broken lines, each once")
  func growing() throws {
    try makeSource()
    for _ in 0..<2 { #expect(try run("--append", "--resume").exitCode == 0) }
    #expect(try scratch.read("bad") == Array(Self.broken.utf8))
    try makeSource(Self.lines + ["3", "]"])
    for _ in 0..<2 { #expect(try run("--append", "--resume").exitCode == 0) }
    #expect(try elements() == [#"{"a":1}"#, "[2]", #""x""#, "3"])
    #expect(try scratch.read("bad") == Array((Self.broken + "in.jsonl:8:]\n").utf8))
  }

  @Test("A stopped import goes on, and has each broken line once", arguments: [15, 9, 15])
  func resume(signal: Int32) throws {
    let lines = (0..<40_000).map { $0 % 7 == 3 ? "{\($0)" : "\($0)" }
    try makeSource(lines)
    let arguments = [
      "import", "-", "-o", "a.zarr", "--type", "json", "--skip-bad", "bad", "--resume",
      "--checkpoint-seconds", "0",
      "--chunk-count", "1000",
    ]
    let streams = try ScratchDirectory()
    let input = Pipe()
    let process = try Tool.start(arguments, in: scratch, input: input, streams: streams)
    let bytes = try scratch.read("in.jsonl")
    try input.fileHandleForWriting.write(contentsOf: Data(bytes[..<(bytes.count / 2)]))
    while process.isRunning, try !scratch.names().contains("bad") { usleep(1000) }
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    // What was written after the last saved position is written again.
    let outcome = try Tool.run(arguments, in: scratch, input: bytes)
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(try elements() == lines.filter { !$0.hasPrefix("{") })
    let expected = lines.enumerated().filter { $1.hasPrefix("{") }.map { "standard input:\($0 + 1):\($1)\n" }
      .joined()
    #expect(try scratch.read("bad") == Array(expected.utf8))
    #expect(try Tool.run(arguments, in: scratch, input: bytes).exitCode == 0)
    #expect(try scratch.read("bad") == Array(expected.utf8))
  }
}

@Suite("What a command says at its end")
struct WorkReportTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  private func json(_ arguments: String...) throws -> [JSONObject] {
    let outcome = try Tool.run(arguments, in: scratch)
    return try outcome.lines.map { try #require(try JSONParser().parse(Array($0.utf8)).objectValue) }
  }

  @Test("Long work ends with its elements, bytes and time, unless it has to be quiet")
  func line() throws {
    try scratch.write("one\ntwo\n", to: "lines")
    try scratch.write("file", to: "tree/a")
    for (arguments, words) in [
      (["import", "lines", "-o", "a.zarr"], "imported 2 elements, 6 bytes"),
      (["import", "tree", "-o", "t.zarr"], "imported 1 file, 4 bytes"),
      (["import", "lines", "-o", "a.zarr", "--append"], "imported 2 elements, 6 bytes"),
      (["export", "a.zarr", "-o", "again"], "exported 4 elements, 12 bytes"),
      (["export", "t.zarr", "-o", "all"], "exported 1 file, 4 bytes"),
      (["export", "t.zarr", "-o", "some", "a"], "exported 1 file, 4 bytes"),
      (["rm", "-f", "t.zarr", "b"], "removed 0 files; in 0."),
      (["rm", "t.zarr", "a"], "removed 1 file; 4 bytes of contents stay in old chunks until zvlen"),
      (["compact", "t.zarr"], "freed 4 bytes of contents in 1 chunk; 0 files left; in 0."),
      (["consolidate", "t.zarr"], "copied the metadata of 4 nodes; in 0."),
      (["consolidate", "t.zarr", "--remove"], "removed the copies; in 0."),
      (["gc", "a.zarr"], "found 0 leftovers; 0 bytes; in 0."),
      (["copy", "a.zarr", "b.zarr"], "copied 4 elements"),
      (["verify", "a.zarr"], "checked 4 elements, 12 bytes"),
      (["compare", "a.zarr", "b.zarr"], "compared "),
    ] {
      let outcome = try Tool.run(arguments, in: scratch)
      #expect(outcome.exitCode == 0 && outcome.errors == "", "\(arguments): \(outcome.errors)")
      #expect(outcome.report.hasPrefix("zvlen: done: \(words)"), "\(outcome.report)")
      #expect(outcome.report.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
    }
    for command in ["verify", "compact", "consolidate"] {
      #expect(try Tool.succeed(command, "t.zarr", "--quiet", in: scratch).report == "")
    }
  }

  @Test("With --json, all of standard output is JSON")
  func json() throws {
    try scratch.write("one\ntwo\n", to: "lines")
    let imported = try json("import", "lines", "-o", "a.zarr", "--json")
    #expect(imported.count == 1)
    #expect(
      imported[0]["command"] == "import" && imported[0]["elements"] == 2 && imported[0]["element_bytes"] == 6)
    let verified = try json("verify", "a.zarr", "--json")
    #expect(verified.map { $0["kind"] } == ["ok", nil])
    try Tool.succeed("import", "lines", "-o", "b.zarr", "--type", "bytes", in: scratch)
    try scratch.write("one\ntwx\n", to: "lines")
    try Tool.succeed("import", "lines", "-o", "c.zarr", in: scratch)
    let compared = try json("compare", "a.zarr", "c.zarr", "--json")
    #expect(compared.count == 1 && compared[0]["difference"]?.stringValue != nil)
    #expect(try Tool.run(["export", "a.zarr", "-o", "-", "--json"], in: scratch).exitCode == 64)

    for name in ["a", "line\nfeed"] { try scratch.write(name, to: "tree/\(name)") }
    try Tool.succeed("import", "tree", "-o", "t.zarr", in: scratch)
    let chosen = try json("rm", "--json", "-n", "t.zarr", "*")
    #expect(chosen.map { $0["path"] } == ["a", "line\nfeed", nil] && chosen[2]["files"] == 2)
    let removed = try json("rm", "--json", "t.zarr", "*")
    #expect(removed.count == 1 && removed[0]["files"] == 2 && removed[0]["content_bytes"] == 10)
    #expect(removed[0]["elements"] == nil && removed[0]["command"] == "rm")
    let compacted = try json("compact", "--json", "t.zarr")
    #expect(compacted.count == 1 && compacted[0]["freed_bytes"] == 10 && compacted[0]["files"] == 0)
    #expect(try json("consolidate", "--json", "t.zarr").map { $0["copies"] } == [4])
  }

  @Test("An import that was killed is named by the next one")
  func killed() throws {
    for (options, words) in [
      ([], "was stopped before it was complete"), (["--resume"], "goes on with --resume"),
    ] {
      let streams = try ScratchDirectory()
      let input = Pipe()
      let process = try Tool.start(
        ["import", "-", "-o", "a.zarr"] + options, in: scratch, input: input, streams: streams)
      while process.isRunning, try scratch.names().isEmpty { usleep(1000) }
      usleep(100_000)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let outcome = try Tool.run(["import", "-", "-o", "a.zarr"], in: scratch, input: [97])
      #expect(outcome.exitCode == 0)
      #expect(
        outcome.errors.hasPrefix("zvlen: note: ") && outcome.errors.contains(words), "\(outcome.errors)")
      try FileManager.default.removeItem(atPath: scratch.path("a.zarr"))
    }
  }
}
