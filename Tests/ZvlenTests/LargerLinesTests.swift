import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

/// Imports in which later elements are much larger than the first ones.
@Suite("Elements that get larger")
struct LargerLinesTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  private static let text =
    (0..<4000).map { "\($0)\n" }.joined()
    + (0..<300).map { "\($0) \(String(repeating: "x", count: 300))\n" }.joined()

  /// The bytes of the largest chunk, with the lengths of the elements.
  private func largestChunk(_ name: String) throws -> Int {
    let array = try ZarrArray.open(in: FileStore(opening: scratch.path(name)))
    let elements = try array.read().arrays()
    return stride(from: 0, to: elements.count, by: array.chunkShape[0]).map { start in
      elements[start..<min(elements.count, start + array.chunkShape[0])].reduce(4) { $0 + $1.count + 4 }
    }.max() ?? 0
  }

  @Test(
    "Lines that are larger than the first ones make chunks that are not",
    arguments: [
      [], ["--shard-bytes", "8KiB"], ["--zarr-format", "2"], ["--resume", "--checkpoint-seconds", "0"],
      ["--part", "1/1"], ["--part", "1/1", "--shard-bytes", "8KiB"], ["--even-chunks"],
    ], ["file", "-"])
  func lines(options: [String], source: String) throws {
    guard source == "file" || !options.contains("--part") else { return }
    try scratch.write(Self.text, to: "file")
    let outcome = try Tool.run(
      ["import", source, "-o", "data.zarr", "--chunk-bytes", "1KiB"] + options, in: scratch,
      input: Array(Self.text.utf8))
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == Self.text)
    let largest = try largestChunk("data.zarr")
    #expect(options == ["--even-chunks"] || largest <= 17 << 10)
    #expect(try scratch.names() == ["data.zarr", "file"])
    try Tool.succeed("verify", "data.zarr", in: scratch)
  }

  @Test("Files that are larger than the mean make chunks that are not", arguments: [[], ["--part", "1/1"]])
  func trees(options: [String]) throws {
    var expected: [String: [UInt8]] = [:]
    for number in 0..<400 {
      let name = "\(1000 + number)"
      expected[name] = [UInt8](repeating: UInt8(number % 251), count: number < 350 ? 2 : 3000)
      try scratch.write(expected[name] ?? [], to: "tree/\(name)")
    }
    let outcome = try Tool.run(
      ["import", "tree", "-o", "data.zarr", "--chunk-bytes", "16KiB", "--memory-budget", "64KiB"] + options,
      in: scratch)
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(try largestChunk("data.zarr/blobs") <= 68 << 10)
    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)
    #expect(try scratch.files(below: "again") == expected)
  }

  @Test("What does not fit in the chunks of an array is refused before it is written, with a way out")
  func append() throws {
    try scratch.write("a\nb\nc\n", to: "old")
    let large = (0..<300).map { "\($0) \(String(repeating: "x", count: 10_000))\n" }.joined()
    try scratch.write(large, to: "new")
    try Tool.succeed("import", "old", "-o", "data.zarr", in: scratch)
    let outcome = try Tool.fail(
      "import", "new", "-o", "data.zarr", "--append", "--chunk-limit", "2MiB", in: scratch,
      saying: "zvlen copy --chunk-count ")
    #expect(outcome.errors.contains("--chunk-limit"))
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == "a\nb\nc\n")

    let count = try #require(
      outcome.errors.split(separator: "--chunk-count ").last?.prefix { $0.isNumber }.description)
    try Tool.succeed("copy", "data.zarr", "copy.zarr", "--chunk-count", count, in: scratch)
    try Tool.succeed("import", "new", "-o", "copy.zarr", "--append", in: scratch)
    #expect(
      try Tool.succeed("export", "copy.zarr", "-o", "-", in: scratch).text == "a\nb\nc\n" + large)
    try Tool.fail(
      "import", "new", "-o", "other.zarr", "--chunk-count", "100", "--chunk-limit", "64KiB", in: scratch,
      saying: "use --chunk-count")
    #expect(try scratch.names() == ["copy.zarr", "data.zarr", "new", "old"])
  }

  @Test("An element that no reader would take is refused, with the option that writes it")
  func oneElement() throws {
    try scratch.write(String(repeating: "x", count: 3_000_000), to: "tree/file")
    for source in ["tree", "tree/file"] {
      try Tool.fail(
        "import", source, "-o", "data.zarr", "--chunk-limit", "2MiB", in: scratch, saying: "--chunk-limit 4MB"
      )
      try Tool.succeed("import", source, "-o", "data.zarr", "--chunk-limit", "4MiB", in: scratch)
      try FileManager.default.removeItem(atPath: scratch.path("data.zarr"))
    }
  }
}
