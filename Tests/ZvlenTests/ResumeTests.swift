import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Imports that are stopped", .serialized)
struct ResumeTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  /// Lines of many lengths.
  private func lines(_ count: Int, label: String = "line") -> String {
    (0..<count).map { "\(label) \($0) \(String(repeating: "x", count: $0 % 97))\n" }.joined()
  }

  /// Runs the tool and kills it after a while; returns its exit code, or nil if it was killed.
  private func runAndKill(
    _ arguments: [String], afterMicroseconds delay: UInt32, input: String? = nil
  ) throws -> Int32? {
    let streams = try ScratchDirectory()
    let input = try FileHandle(
      forReadingFrom: URL(fileURLWithPath: input.map(scratch.path) ?? "/dev/null"))
    let process = try Tool.start(arguments, in: scratch, input: input, streams: streams)
    usleep(delay)
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    guard process.terminationReason == .exit else { return nil }
    let outcome = try Tool.outcome(of: process, streams)
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    return outcome.exitCode
  }

  /// Runs an import until it ends by itself, and kills it sooner or later before.
  ///
  /// - Returns: How often it was killed.
  private func importWithKills(_ arguments: [String], input: String? = nil, seed: UInt64) throws -> Int {
    var generator = SeededGenerator(seed: seed)
    var kills = 0
    // More and more time, so that there is an end to it.
    var longest = 10_000.0
    while longest < 600e6 {
      let delay = UInt32.random(in: 1000...UInt32(longest), using: &generator)
      if try runAndKill(arguments, afterMicroseconds: delay, input: input) != nil { return kills }
      kills += 1
      longest *= 1.5
    }
    Issue.record("the import does not end")
    return kills
  }

  private static let settings = [
    ["--chunk-bytes", "4KiB"], ["--chunk-count", "100", "--durability", "durable"],
    ["--chunk-bytes", "4KiB", "--even-chunks"],
  ]

  @Test("Lines go on where a killed import was", arguments: settings, ["file", "-"])
  func lines(settings: [String], source: String) throws {
    let text = lines(50_000)
    try scratch.write(text, to: "file")
    let arguments =
      ["import", source, "-o", "data.zarr", "--resume", "--checkpoint-seconds", "0"] + settings
    let kills = try importWithKills(arguments, input: "file", seed: 7)
    #expect(kills > 0)
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == text)
    try Tool.succeed("verify", "data.zarr", in: scratch)
    #expect(try scratch.names() == ["data.zarr", "file"])
    #expect(try !scratch.files(below: "data.zarr").keys.contains { $0.hasSuffix(".partial") })
  }

  @Test("Lines are appended once, however often the import is killed and given again")
  func appending() throws {
    try scratch.write(lines(1000, label: "old"), to: "old")
    try scratch.write(lines(50_000), to: "new")
    try Tool.succeed("import", "old", "-o", "data.zarr", "--chunk-count", "64", in: scratch)
    let arguments = [
      "import", "new", "-o", "data.zarr", "--append", "--resume", "--checkpoint-seconds", "0",
    ]
    _ = try importWithKills(arguments, seed: 3)
    let expected = lines(1000, label: "old") + lines(50_000)
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == expected)
    // It is done already.
    #expect(try Tool.run(arguments, in: scratch).exitCode == 0)
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == expected)
    // More lines are added.
    try scratch.write(lines(50_000) + "more\n", to: "new")
    for _ in 0..<2 { #expect(try Tool.run(arguments, in: scratch).exitCode == 0) }
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == expected + "more\n")
    // Another file is another import.
    try scratch.write("other\n", to: "other")
    #expect(
      try Tool.run(["import", "other", "-o", "data.zarr", "--append", "--resume"], in: scratch).exitCode == 0)
    #expect(
      try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == expected + "more\nother\n")
  }

  @Test("A log that has changed is refused, and one that has grown is not imported twice")
  func logs() throws {
    func run(_ sources: String...) throws -> Tool.Outcome {
      try Tool.run(["import"] + sources + ["-o", "data.zarr", "--append", "--resume"], in: scratch)
    }
    func stored() throws -> String { try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text }
    try scratch.write("1\n2\n", to: "a")
    try scratch.write("x\ny", to: "b")
    #expect(try run("a", "b").exitCode == 0)
    #expect(try stored() == "1\n2\nx\ny\n")
    // Others append in between.
    try scratch.write("between\n", to: "c")
    try Tool.succeed("import", "c", "-o", "data.zarr", "--append", in: scratch)
    try scratch.write("1\n2\n3\n", to: "a")
    try scratch.write("x\ny\nz\n", to: "b")
    for _ in 0..<2 { #expect(try run("a", "b").exitCode == 0) }
    let expected = "1\n2\nx\ny\nbetween\n3\nz\n"
    #expect(try stored() == expected)

    // Rotated, changed, truncated, empty.
    for (text, message) in [
      ("1\n2\n4\n", "begins in another way"), ("0\n2\n3\n4\n", "begins in another way"),
      ("1\n2\n", "has only 4 bytes"), ("", "has only 0 bytes"),
    ] {
      try scratch.write(text, to: "a")
      let outcome = try run("a", "b")
      #expect(outcome.exitCode == 1)
      #expect(outcome.errors.contains(message), "\(outcome.errors)")
      #expect(outcome.errors.contains("3 lines (6 bytes) were imported from a"), "\(outcome.errors)")
      #expect(try stored() == expected)
    }
    // A line that had no end and goes on was another line.
    try scratch.write("1\n2\n3\n4", to: "a")
    #expect(try run("a", "b").exitCode == 0)
    try scratch.write("1\n2\n3\n45\n", to: "a")
    #expect(try run("a", "b").errors.contains("goes on in line 4"))
    try scratch.write("1\n2\n3\n4\n5\n", to: "a")
    #expect(try run("a", "b").exitCode == 0)
    #expect(try stored() == expected + "4\n5\n")
  }

  @Test(
    "A log that was imported without a record and has grown is not imported twice",
    arguments: [[], ["--resume"], ["--type", "json", "--zarr-format", "2"]])
  func logWithoutRecord(options: [String]) throws {
    let text = "{\"a\": 1}\n[2]\n"
    try scratch.write(text, to: "log")
    try Tool.succeed(["import", "log", "-o", "data.zarr", "--chunk-count", "1"] + options, in: scratch)
    let stored = try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text
    try scratch.write(text + "3\n4\n", to: "log")
    let arguments = ["import", "log", "-o", "data.zarr", "--append", "--resume"]
    let outcome = try Tool.run(arguments, in: scratch)
    #expect(outcome.exitCode == 0)
    #expect(
      outcome.errors.hasPrefix("zvlen: note: ") && outcome.errors.contains("has the first 2 lines already"))
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == stored + "3\n4\n")
    try Tool.succeed(arguments, in: scratch)
    try scratch.write(text + "3\n5\n", to: "log")
    #expect(try Tool.run(arguments, in: scratch).errors.contains("begins in another way"))
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == stored + "3\n4\n")
  }

  @Test("Logs are remembered one by one, whatever others are named with them")
  func otherLogs() throws {
    func run(_ arguments: String...) throws -> Tool.Outcome {
      try Tool.run(["import"] + arguments + ["-o", "data.zarr", "--append", "--resume"], in: scratch)
    }
    func stored() throws -> String { try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text }
    try scratch.write("1\n", to: "a")
    try scratch.write("x\n", to: "b")
    #expect(try run("a").exitCode == 0)
    #expect(try run("a", "b").exitCode == 0)
    #expect(try stored() == "1\nx\n")
    try scratch.write("x\ny\n", to: "b")
    #expect(try run("b").exitCode == 0)
    try scratch.write("1\n2\n", to: "a")
    try scratch.write("c\n", to: "c")
    // The options for a new array say nothing of the lines of one that is there.
    for _ in 0..<2 { #expect(try run("c", "b", "a", "--type", "string").exitCode == 0) }
    #expect(try stored() == "1\nx\ny\nc\n2\n")
    #expect(try run("a", "--chunk-count", "3").errors.contains("leave out --chunk-count"))
    // A missing or changed one does no harm.
    try FileManager.default.removeItem(atPath: scratch.path("a"))
    try scratch.write("changed\n", to: "b")
    try scratch.write("c\nd\n", to: "c")
    #expect(try run("c").exitCode == 0)
    #expect(try run("c", "b").errors.contains("were imported from b"))
    #expect(try stored() == "1\nx\ny\nc\n2\nd\n")
    // One that is named twice is imported twice, and once each time.
    try scratch.write("e\n", to: "e")
    for _ in 0..<2 { #expect(try run("e", "e").exitCode == 0) }
    #expect(try stored().hasSuffix("d\ne\ne\n"))
  }

  @Test("Files and their paths stay together, however often the import is killed", arguments: [false, true])
  func trees(appends: Bool) throws {
    var expected: [String: [UInt8]] = [:]
    for number in 0..<700 {
      let name = "\(number % 7)/\(number % 11)/file \(number)"
      let bytes = [UInt8](repeating: UInt8(number % 251), count: number * 37 % 5000)
      try scratch.write(bytes, to: "tree/\(name)")
      expected[name] = bytes
    }
    if appends {
      try scratch.write("first", to: "first/file")
      try Tool.succeed("import", "first", "-o", "data.zarr", in: scratch)
      expected["file"] = Array("first".utf8)
    }
    let arguments = [
      "import", "tree", "-o", "data.zarr", "--resume", "--checkpoint-seconds", "0",
    ]
    _ = try importWithKills(arguments + (appends ? ["--append"] : ["--chunk-bytes", "16KiB"]), seed: 5)
    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)
    #expect(try scratch.files(below: "again") == expected)
    try Tool.succeed("verify", "data.zarr", in: scratch)
    #expect(try Tool.succeed("info", "data.zarr", in: scratch).text.contains("size index     has all sizes"))
  }

  @Test("What is stored is not imported again, and what has changed is refused")
  func changes() throws {
    try scratch.write(lines(150_000), to: "file")
    let arguments = ["import", "file", "-o", "data.zarr", "--resume", "--checkpoint-seconds", "0"]
    var delay: UInt32 = 20_000
    // Until some of it is stored, and not all.
    while true {
      let isDone = try runAndKill(arguments, afterMicroseconds: delay) != nil
      try #require(!isDone)
      if let store = try? FileStore(opening: scratch.path(".data.zarr.import.partial")),
        let array = try? ZarrArray.open(in: store), array.count > 0
      {
        break
      }
      delay += 10_000
    }
    // The kill may have come while the record was replaced.
    let names = try scratch.names().filter { !TemporaryName.matches($0) }
    #expect(names == [".data.zarr.import.json", ".data.zarr.import.partial", "file"])
    try Tool.fail(
      "import", "file", "-o", "data.zarr", "--resume", "--codec", "none", in: scratch, saying: "options were")
    try Tool.fail(
      "import", "file", "-o", "data.zarr", "--resume", "--null", in: scratch, saying: "terminator were 10")
    let chunk = ".data.zarr.import.partial/c/0"
    let before =
      try FileManager.default.attributesOfItem(atPath: scratch.path(chunk))[.modificationDate] as? Date
    try Tool.succeed("import", "file", "-o", "data.zarr", "--resume", in: scratch)
    let after = try FileManager.default.attributesOfItem(atPath: scratch.path("data.zarr/c/0"))
    #expect(after[.modificationDate] as? Date == before)
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == lines(150_000))
  }

  @Test("A file that was put right is imported when the same command is given again")
  func changedFile() throws {
    try scratch.write("bad \u{0}\n", to: "file")
    try scratch.write([0x61, 10, 0xff, 10], to: "file")
    try Tool.fail("import", "file", "-o", "data.zarr", "--resume", in: scratch, saying: "line 2 is not UTF-8")
    // Nothing of it was stored.
    try scratch.write("a\nb\n", to: "file")
    try Tool.succeed("import", "file", "-o", "data.zarr", "--resume", in: scratch)
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == "a\nb\n")
    try scratch.write("a\nb\nc\n", to: "file")
    try Tool.fail("import", "file", "-o", "data.zarr", "--resume", in: scratch, saying: "exists already")
  }

  @Test("Standard input that begins in another way is refused")
  func otherInput() throws {
    let arguments = ["import", "-", "-o", "data.zarr", "--append", "--resume"]
    func run(_ text: String) throws -> Tool.Outcome {
      try Tool.run(arguments, in: scratch, input: Array(text.utf8))
    }
    #expect(try run("1\n2\n3\n").exitCode == 0)
    #expect(try run("1\n2\n3\n").exitCode == 0)
    #expect(try run("1\n2\n3\n4\n").exitCode == 0)
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == "1\n2\n3\n4\n")
    #expect(try run("1\n3\n").errors.contains("4 lines (8 bytes) were imported from standard input"))
    #expect(try run("1\n3\n5\n7\n").errors.contains("begins in another way"))
    #expect(try run("1\n").errors.contains("has only 2 bytes"))
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == "1\n2\n3\n4\n")
  }

  @Test("An import that was stopped between its last two steps is at its end")
  func atTheEnd() throws {
    try scratch.write("a\nb\n", to: "file")
    let arguments = ["import", "file", "-o", "data.zarr", "--resume"]
    // The record is that of an import which appends, and stays.
    #expect(try Tool.run(arguments + ["--append"], in: scratch).exitCode == 0)
    #expect(try scratch.names() == [".data.zarr.import.json", "data.zarr", "file"])
    // As if it had been killed in front of the move.
    try FileManager.default.moveItem(
      atPath: scratch.path("data.zarr"), toPath: scratch.path(".data.zarr.import.partial"))
    #expect(try Tool.run(arguments + ["--append"], in: scratch).exitCode == 0)
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == "a\nb\n")
    // As if it had been killed in front of the removal of the record.
    #expect(try Tool.run(arguments, in: scratch).exitCode == 0)
    #expect(try scratch.names() == ["data.zarr", "file"])
  }

  @Test("An import that was stopped when it had ended is at its end", arguments: ["file", "tree"])
  func afterTheEnd(source: String) throws {
    try scratch.write("a\nb\n", to: "file")
    try scratch.write("first", to: "tree/1")
    try scratch.write("", to: "tree/2")
    for _ in 0..<2 {
      try Tool.succeed("import", source, "-o", "data.zarr", "--resume", in: scratch)
      #expect(try scratch.names() == ["data.zarr", "file", "tree"])
    }
    try scratch.write("other", to: "tree/1")
    try scratch.write("a\n", to: "file")
    try Tool.fail("import", source, "-o", "data.zarr", "--resume", in: scratch, saying: "exists already")
    try FileManager.default.removeItem(atPath: scratch.path("tree/2"))
    try Tool.fail("import", source, "-o", "data.zarr", "--resume", in: scratch, saying: "exists already")
  }

  @Test(
    "What is there and is not what the import makes is in its way",
    arguments: ["a\n", "a\nb\nc\n", "a\nc\n", "", "a\nbb\n"])
  func inTheWay(lines: String) throws {
    try scratch.write("a\nb\n", to: "file")
    try Tool.succeed("import", "file", "-o", "data.zarr", in: scratch)
    try scratch.write(lines, to: "file")
    try Tool.fail("import", "file", "-o", "data.zarr", "--resume", in: scratch, saying: "exists already")
  }

  @Test("An import that has appended to others' elements is not taken for one that has made the array")
  func appended() throws {
    try scratch.write("a\n", to: "old")
    try scratch.write("b\n", to: "new")
    try Tool.succeed("import", "old", "-o", "data.zarr", in: scratch)
    for _ in 0..<2 {
      try Tool.succeed("import", "new", "-o", "data.zarr", "--resume", "--append", in: scratch)
      try Tool.fail("import", "new", "-o", "data.zarr", "--resume", in: scratch, saying: "exists already")
    }
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == "a\nb\n")
  }

  @Test("Options that exclude each other")
  func usage() throws {
    for options in [["--overwrite"], ["--durability", "none"], ["--checkpoint-seconds", "-1"]] {
      #expect(try Tool.run(["import", "-", "-o", "a", "--resume"] + options, in: scratch).exitCode == 64)
    }
    #expect(try Tool.run(["import", "-", "-o", "a", "--durability", "some"], in: scratch).exitCode == 64)
  }
}
