import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Importing in parts")
struct PartTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  /// Lines of sizes by chance, in two files, the first of which ends without a line feed.
  private func writeLines(count: Int, seed: UInt64 = 1) throws {
    var generator = SeededGenerator(seed: seed)
    let lines = (0..<count).map { index in
      "\(index) " + String(repeating: "x", count: Int.random(in: 0...60, using: &generator))
    }
    try scratch.write(lines[..<(count / 3)].joined(separator: "\n"), to: "a.txt")
    try scratch.write(lines[(count / 3)...].map { $0 + "\n" }.joined(), to: "b.txt")
  }

  @Test(
    "All parts together are the same as one import, byte for byte, in any order and also if one is run twice",
    arguments: [["--chunk-bytes", "1KiB"], ["--chunk-count", "7", "--codec", "none"], []],
    [[1], [2, 1], [3, 1, 2], [5, 2, 4, 1, 2, 3, 5], [2, 3, 4, 1, 9, 8, 7, 6, 5]])
  func lines(options: [String], order: [Int]) throws {
    try writeLines(count: 500)
    #expect(
      try Tool.run(["import", "a.txt", "b.txt", "-o", "one.zarr"] + options, in: scratch).exitCode == 0)

    for number in order {
      let part = "\(number)/\(Set(order).count)"
      let arguments = ["import", "a.txt", "b.txt", "-o", "parts.zarr", "--part", part] + options
      let outcome = try Tool.run(arguments, in: scratch)
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
    }

    #expect(try scratch.files(below: "parts.zarr") == scratch.files(below: "one.zarr"))
    #expect(try scratch.names() == ["a.txt", "b.txt", "one.zarr", "parts.zarr"])
  }

  @Test("The closing lines of all parts count each line once")
  func counts() throws {
    try writeLines(count: 500)
    var count = 0
    for number in 1...3 {
      let outcome = try Tool.succeed(
        "import", "a.txt", "b.txt", "-o", "parts.zarr", "--part", "\(number)/3", "--chunk-bytes", "1KiB",
        "--json",
        in: scratch)
      let object = try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any]
      count += try #require(object?["elements"] as? Int)
    }
    #expect(count == 500)
  }

  @Test("Parts of directories are the same as one import, but for sizes that compact adds")
  func trees() throws {
    var generator = SeededGenerator(seed: 5)
    for index in 0..<60 {
      let byteCount = Int.random(in: 0...300, using: &generator)
      try scratch.write(generator.bytes(count: byteCount), to: "tree/\(index % 7)/file \(index)")
    }
    let options = ["--chunk-bytes", "1KB"]
    #expect(try Tool.run(["import", "tree", "-o", "one.zarr"] + options, in: scratch).exitCode == 0)
    for number in [3, 1, 4, 2] {
      let arguments = ["import", "tree", "-o", "parts.zarr", "--part", "\(number)/4"] + options
      #expect(try Tool.run(arguments, in: scratch).exitCode == 0)
    }
    // Sizes would take the last part long, since it has not seen the other files.
    #expect(try Tool.run(["compact", "parts.zarr"], in: scratch).exitCode == 0)
    #expect(try scratch.files(below: "parts.zarr") == scratch.files(below: "one.zarr"))
  }

  @Test("Parts run at once make one array")
  func atOnce() throws {
    try writeLines(count: 3000)
    let options = ["--chunk-bytes", "2KiB"]
    #expect(
      try Tool.run(["import", "a.txt", "b.txt", "-o", "one.zarr"] + options, in: scratch).exitCode == 0)
    let runs = try (1...4).map { number in
      let streams = try ScratchDirectory()
      return (
        try Tool.start(
          ["import", "a.txt", "b.txt", "-o", "parts.zarr", "--part", "\(number)/4"] + options, in: scratch,
          input: FileHandle.nullDevice, streams: streams), streams
      )
    }
    for (process, streams) in runs {
      process.waitUntilExit()
      let outcome = try Tool.outcome(of: process, streams)
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
    }
    #expect(try scratch.files(below: "parts.zarr") == scratch.files(below: "one.zarr"))
    #expect(try scratch.names() == ["a.txt", "b.txt", "one.zarr", "parts.zarr"])
  }

  @Test("A part that was killed is run again")
  func killed() throws {
    try writeLines(count: 3000)
    let options = ["--chunk-bytes", "1KiB"]
    #expect(
      try Tool.run(["import", "a.txt", "b.txt", "-o", "one.zarr"] + options, in: scratch).exitCode == 0)
    for delay in [2_000, 10_000, 30_000, 60_000] as [useconds_t] {
      let streams = try ScratchDirectory()
      let process = try Tool.start(
        ["import", "a.txt", "b.txt", "-o", "parts.zarr", "--part", "2/2"] + options, in: scratch,
        input: FileHandle.nullDevice, streams: streams)
      usleep(delay)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    for number in 1...2 {
      let arguments = ["import", "a.txt", "b.txt", "-o", "parts.zarr", "--part", "\(number)/2"] + options
      #expect(try Tool.run(arguments, in: scratch).exitCode == 0)
    }
    let stored = try scratch.files(below: "parts.zarr").filter { !$0.key.hasSuffix(".partial") }
    #expect(try stored == scratch.files(below: "one.zarr"))
  }

  @Test(
    "The array has no elements until all parts are there, or empty ones in Zarr v2", arguments: ["2", "3"])
  func missingParts(format: String) throws {
    let lines = (0..<10).map { "\($0)" }
    try scratch.write(lines.map { $0 + "\n" }.joined(), to: "a.txt")
    func run(_ part: String) throws -> ZarrArray {
      try Tool.succeed(
        "import", "a.txt", "-o", "x.zarr", "--part", part, "--chunk-count", "5", "--zarr-format", format,
        in: scratch)
      return try ZarrArray.open(in: FileStore(opening: scratch.path("x.zarr")))
    }
    #expect(try run("2/2").read().strings() == (format == "3" ? [] : (0..<10).map { $0 < 5 ? "" : "\($0)" }))
    #expect(try run("1/2").read().strings() == lines)
  }

  @Test("A source that has changed, or other options, are no part of the same array")
  func otherArray() throws {
    try scratch.write("1\n2\n3\n", to: "a.txt")
    try Tool.succeed("import", "a.txt", "-o", "x.zarr", "--part", "1/2", in: scratch)
    let before = try scratch.files(below: "x.zarr")

    try Tool.fail(
      "import", "a.txt", "-o", "x.zarr", "--part", "2/2", "--no-checksum", in: scratch, saying: "options")
    try scratch.write("1\n2\n3\n4\n", to: "a.txt")
    try Tool.fail("import", "a.txt", "-o", "x.zarr", "--part", "2/2", in: scratch, saying: "has changed")
    #expect(try scratch.files(below: "x.zarr") == before)

    try scratch.write("precious", to: "other/file")
    try Tool.fail("import", "a.txt", "-o", "other", "--part", "1/2", in: scratch, saying: "another directory")
    try Tool.fail("import", "a.txt", "-o", "a.txt", "--part", "1/2", in: scratch, saying: "is a file")
    try Tool.fail("import", "-", "-o", "y.zarr", "--part", "1/2", in: scratch, saying: "standard input")
    try Tool.fail(
      "import", "other", "-o", "other/y.zarr", "--part", "1/2", in: scratch, saying: "imported in parts")
    #expect(try scratch.names() == ["a.txt", "other", "x.zarr"])
    #expect(try scratch.files(below: "other") == ["file": Array("precious".utf8)])
  }

  @Test("A source without elements, and one with fewer chunks than parts")
  func fewElements() throws {
    for (text, elements) in [("", []), ("a\nb", ["a", "b"])] {
      try scratch.write(text, to: "a.txt")
      for number in 1...3 {
        try Tool.succeed(
          "import", "a.txt", "-o", "x\(elements.count).zarr", "--part", "\(number)/3", in: scratch)
      }
      let array = try ZarrArray.open(in: FileStore(opening: scratch.path("x\(elements.count).zarr")))
      #expect(try array.read().strings() == elements)
    }
  }
}
