import Foundation
import Testing
import Zarr

@Suite("Reading elements")
struct ReadingTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  @discardableResult
  private func makeArray(
    _ name: String, _ elements: [[UInt8]], shape: [Int], chunkShape: [Int]
  ) throws -> ZarrArray {
    let store = try FileStore(creating: scratch.path(name))
    return try ZarrArray.create(
      in: store, writing: elements, shape: shape, options: ArrayOptions(chunkSize: .shape(chunkShape)))
  }

  @Test("cat writes the bytes of elements as they are")
  func cat() throws {
    let elements = (0..<12).map { [UInt8](repeating: UInt8($0), count: $0) }
    try makeArray("one.zarr", elements, shape: [12], chunkShape: [5])
    try makeArray("two.zarr", elements, shape: [3, 4], chunkShape: [2, 3])
    try makeArray("none.zarr", [[1, 10, 0]], shape: [], chunkShape: [])

    #expect(
      try Tool.succeed("cat", "one.zarr", "3", "0", "11", "3", in: scratch).output
        == elements[3] + elements[11] + elements[3])
    #expect(
      try Tool.succeed("cat", "two.zarr", "2,3", "1,0", in: scratch).output == elements[11] + elements[4])
    #expect(try Tool.succeed("cat", "none.zarr", in: scratch).output == [1, 10, 0])
  }

  @Test("cat --indices writes the elements of a list in its order, from a file or standard input")
  func catIndices() throws {
    let elements = (0..<300).map { Array("element \($0);".utf8) }
    try makeArray("one.zarr", elements, shape: [300], chunkShape: [7])
    try makeArray("two.zarr", elements, shape: [20, 15], chunkShape: [6, 4])
    try makeArray("none.zarr", [[1, 10, 0]], shape: [], chunkShape: [])

    let wanted = (0..<9000).map { $0 * 7919 % 300 }
    let expected = wanted.flatMap { elements[$0] }
    let lines = wanted.map { "\($0)\n" }.joined()
    try scratch.write(Array(lines.utf8), to: "list")
    #expect(try Tool.succeed("cat", "one.zarr", "--indices", "list", in: scratch).output == expected)
    let outcome = try Tool.run(
      ["cat", "one.zarr", "5", "--indices", "-"], in: scratch, input: Array(lines.dropLast().utf8))
    #expect(outcome.exitCode == 0)
    #expect(outcome.output == elements[5] + expected)
    let places = "19,14\r\n-20,-15\n3,-1"
    #expect(
      try Tool.run(["cat", "two.zarr", "--indices", "-"], in: scratch, input: Array(places.utf8)).output
        == elements[299] + elements[0] + elements[59])
    #expect(try Tool.run(["cat", "one.zarr", "--indices", "-"], in: scratch).output.isEmpty)
    for (line, message) in [
      ("3\nx\n", "line 2"), ("\n", "line 1"), ("300", "outside"), ("-301", "outside"), ("1,2", "needs 1"),
      ("-0", "line 1"), ("+1", "line 1"),
    ] {
      let outcome = try Tool.run(
        ["cat", "one.zarr", "--indices", "-"], in: scratch, input: Array(line.utf8))
      #expect(outcome.exitCode != 0)
      #expect(outcome.errors.contains(message), "\(line): \(outcome.errors)")
    }
    try Tool.fail("cat", "one.zarr", "--indices", "missing", in: scratch, saying: "missing")
  }

  @Test("Elements that are not there are an error that shows the shape")
  func outside() throws {
    try makeArray("two.zarr", [[1], [2]], shape: [1, 2], chunkShape: [1, 1])

    for index in ["0,2", "1,0", "9223372036854775807,0"] {
      try Tool.fail("cat", "two.zarr", index, in: scratch, saying: "[1, 2]")
    }
    try Tool.fail("cat", "two.zarr", "0", in: scratch, saying: "needs 2")
    try Tool.fail("cat", "two.zarr", "0,0,0", in: scratch, saying: "needs 2")
  }

  @Test("dump writes bytes as base64, for every length", arguments: [1, 7, 300])
  func dumpBytes(chunkCount: Int) throws {
    let elements = (0..<300).map { count in (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + count) } }
    try makeArray("data.zarr", elements, shape: [300], chunkShape: [chunkCount])

    let expected = elements.map { "\"\(Data($0).base64EncodedString())\"" }
    #expect(try Tool.succeed("dump", "data.zarr", in: scratch).lines == expected)
    #expect(
      try Tool.succeed("dump", "data.zarr", "--start", "13", "--count", "50", in: scratch).lines
        == Array(expected[13..<63]))
  }

  @Test("dump writes text as JSON that other readers take")
  func dumpText() throws {
    let elements = ["", "plain", "\"\\/\n\r\t\u{8}\u{C}\u{0}\u{1F}\u{7F}", "ü😀\u{2028}", "e\u{301}"]
    let store = try FileStore(creating: scratch.path("data.zarr"))
    try ZarrArray.create(in: store, writing: elements)

    let lines = try Tool.succeed("dump", "data.zarr", in: scratch).lines
    let values = try lines.map {
      try JSONSerialization.jsonObject(with: Data($0.utf8), options: .fragmentsAllowed) as? String
    }
    #expect(values.map { $0.map { Array($0.utf8) } } == elements.map { Array($0.utf8) })
  }

  @Test(
    "dump goes through arrays of several dimensions in C order", arguments: [0, 5, 11, 29, 30],
    [nil, 0, 1, 7])
  func dumpOrder(start: Int, count: Int?) throws {
    let elements = (0..<30).map { Array("\($0)".utf8) }
    try makeArray("data.zarr", elements, shape: [5, 2, 3], chunkShape: [2, 2, 2])

    let arguments =
      ["dump", "data.zarr", "--start", "\(start)"] + (count.map { ["--count", "\($0)"] } ?? [])
    let end = min(30, start + (count ?? 30))
    #expect(
      try Tool.run(arguments, in: scratch).lines
        == elements[start..<end].map { "\"\(Data($0).base64EncodedString())\"" })
  }

  @Test("A start past the end is an error, and more elements than exist are not")
  func dumpBeyondEnd() throws {
    try makeArray("data.zarr", [[1]], shape: [1], chunkShape: [1])

    try Tool.fail("dump", "data.zarr", "--start", "2", in: scratch, saying: "1 element")
    #expect(
      try Tool.succeed("dump", "data.zarr", "--count", "9223372036854775807", in: scratch).text
        == "\"AQ==\"\n")
  }

  @Test("A reader that has enough is no failure")
  func brokenPipe() throws {
    let elements = (0..<20).map { _ in [UInt8](repeating: 1, count: 1 << 20) }
    try makeArray("data.zarr", elements, shape: [20], chunkShape: [1])

    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c", "{ \"$0\" dump data.zarr 2>errors; echo $? >code; } | head -c 5 >/dev/null", try Tool.path(),
    ]
    process.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
    try process.run()
    process.waitUntilExit()

    #expect(try scratch.read("code") == Array("0\n".utf8))
    #expect(try scratch.read("errors") == [])
  }

  @Test("A chunk above the limit is an error, and the option raises it")
  func chunkLimit() throws {
    try makeArray("data.zarr", [[UInt8](repeating: 1, count: 100_000)], shape: [1], chunkShape: [1])

    try Tool.fail(
      "cat", "data.zarr", "0", "--chunk-limit", "64KiB", in: scratch, saying: "--chunk-limit")
    #expect(
      try Tool.succeed("cat", "data.zarr", "0", "--chunk-limit", "128KiB", in: scratch).output.count
        == 100_000)
  }

  @Test("Damaged chunks can be replaced by the fill value, and are reported")
  func replacement() throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    try ZarrArray.create(
      in: store, writing: (0..<6).map { "e\($0)" }, options: ArrayOptions(chunkSize: .rows(2)))
    try scratch.write([1, 2, 3], to: "data.zarr/c/1")
    for (arguments, output) in [
      (["cat", "data.zarr", "1", "2", "5"], "e1e5"),
      (["dump", "data.zarr", "--start", "1"], "\"e1\"\n\"\"\n\"\"\n\"e4\"\n\"e5\"\n"),
      (["export", "data.zarr", "-o", "-"], "e0\ne1\n\n\ne4\ne5\n"),
    ] {
      #expect(try Tool.run(arguments, in: scratch).errors.hasPrefix("zvlen: error: data.zarr/c/1: "))
      let outcome = try Tool.run(arguments + ["--replace-damaged"], in: scratch)
      #expect(outcome.exitCode == 1)
      #expect(outcome.text == output)
      #expect(outcome.errors.hasPrefix("zvlen: damaged: data.zarr/c/1: "))
      #expect(outcome.errors.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
    }
  }

  @Test("Elements that can be read are written, whichever of the others cannot be")
  func othersOfDamaged() throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    try ZarrArray.create(
      in: store, writing: (0..<6).map { "e\($0)" }, options: ArrayOptions(chunkSize: .rows(2)))
    try scratch.write([1, 2, 3], to: "data.zarr/c/1")
    let outcome = try Tool.run(["cat", "data.zarr", "2", "1", "3", "5"], in: scratch)
    #expect(outcome.exitCode == 1 && outcome.text == "e1e5")
    let errors = outcome.errors.split(separator: "\n")
    #expect(errors.count == 2 && errors.allSatisfy { $0.hasPrefix("zvlen: error: data.zarr/c/1: ") })
  }

  @Test("An imported directory is exported past damage, without files of which the path is lost")
  func replacementOfFiles() throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    let options = ArrayOptions(chunkSize: .rows(2))
    _ = try ZarrGroup.create(in: store)
    try ZarrArray.create(
      in: store, at: "paths", writing: (0..<6).map { "\($0)" }, options: options)
    try ZarrArray.create(
      in: store, at: "blobs", writing: (0..<6).map { Array("content \($0)".utf8) }, options: options)
    try scratch.write([1, 2, 3], to: "data.zarr/blobs/c/1")
    try scratch.write([1, 2, 3], to: "data.zarr/paths/c/0")

    let outcome = try Tool.run(["export", "data.zarr", "-o", "again", "--replace-damaged"], in: scratch)

    #expect(outcome.exitCode == 1)
    for key in ["blobs/c/1", "paths/c/0"] { #expect(outcome.errors.contains("data.zarr/\(key): ")) }
    #expect(
      try scratch.files(below: "again") == [
        "2": [], "3": [], "4": Array("content 4".utf8), "5": Array("content 5".utf8),
      ])
  }
}
