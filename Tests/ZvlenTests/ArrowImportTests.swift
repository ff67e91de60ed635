import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@testable import ZvlenCommands

/// Importing what pyarrow has written.
@Suite("Columns of Arrow")
struct ArrowImportTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
    try PythonEnvironment.run("write_arrow.py", [scratch.path])
  }

  private static let values = ["", "süß", nil, "a\nb", "", nil] + (0..<10).map { "\($0)" }
  private static let full = values.map { $0 ?? "" }

  private func array(_ name: String) throws -> ZarrArray {
    try ZarrArray.open(in: FileStore(opening: scratch.path(name)))
  }

  @Test(
    "Text and bytes come from files and streams, whatever columns are before them",
    arguments: ["stream", "file"], ["string", "large_string", "binary", "large_binary"])
  func types(form: String, type: String) throws {
    let options = ["--column", "x", "-o"]
    try Tool.succeed(["import", "\(type).\(form)"] + options + ["a"], in: scratch)
    try Tool.succeed(["import", "full-\(type).\(form)"] + options + ["full"], in: scratch)
    let dataType: DataType = type.hasSuffix("string") ? .string : .bytes
    #expect(try array("a").dataType == .optional(dataType))
    #expect(try array("full").dataType == dataType)
    if dataType == .string {
      #expect(try array("a").read(as: String?.self) == Self.values)
      #expect(try array("full").read(as: String.self) == Self.full)
    } else {
      #expect(try array("a").read(as: [UInt8]?.self) == Self.values.map { $0.map { Array($0.utf8) } })
      #expect(try array("full").read(as: [UInt8].self) == Self.full.map { Array($0.utf8) })
    }
    // What is null cannot be in an array of text, and what is optional takes it.
    try Tool.fail(
      "import", "\(type).\(form)", "--column", "x", "-o", "full", "--append", in: scratch,
      saying: "\(type).\(form), row 2 of x is null")
    #expect(try array("full").shape == [16])
    for source in [type, "full-\(type)"] {
      try Tool.succeed(["import", "\(source).\(form)"] + options + ["a", "--append"], in: scratch)
    }
    #expect(try array("a").shape == [48])
    try Tool.succeed("verify", "a", in: scratch)
  }

  @Test(
    "Messages may have no mark in front, as in old files and the schemas of polars",
    arguments: ["stream", "file"])
  func withoutMarks(form: String) throws {
    try Tool.succeed("import", "old.\(form)", "--column", "x", "-o", "a", in: scratch)
    #expect(try array("a").read(as: String?.self) == Self.values)
  }

  @Test("A stream comes from standard input, and several files go into one array")
  func sources() throws {
    let stream = try scratch.read("narrow.stream")
    try Tool.succeed("import", "-", "--column", "x", "-o", "a", in: scratch, input: stream)
    #expect(try array("a").read(as: String.self) == Self.full)
    try Tool.fail(
      "import", "-", "--column", "x", "-o", "b", in: scratch, input: try scratch.read("string.stream"),
      saying: "standard input, row 2 of x is null, and the elements of the array cannot be; import a file")
    try Tool.succeed(
      "import", "full-string.file", "string.stream", "narrow.stream", "--column", "x", "-o", "c", in: scratch)
    #expect(try array("c").read(as: String?.self) == Self.full + Self.values + Self.full)
    try Tool.fail(
      "import", "full-string.file", "binary.file", "--column", "x", "-o", "d", in: scratch,
      saying: "has string in full-string.file and bytes in binary.file")
    try Tool.succeed("import", "json.stream", "--column", "x", "-o", "json", in: scratch)
    #expect(try array("json").dataType == .json)
    try Tool.fail(
      "import", "narrow.stream", "--column", "x", "-o", "e", "--type", "json", in: scratch,
      saying: "row 0 of x is not JSON")
    // What the tool itself writes comes back.
    let dumped = try Tool.succeed("dump", "c", "--format", "arrow", in: scratch).output
    try scratch.write(dumped, to: "dumped")
    try Tool.succeed("import", "dumped", "--column", "value", "-o", "again", in: scratch)
    #expect(try array("again").read(as: String?.self) == array("c").read(as: String?.self))
  }

  private func read(_ name: String) throws -> [String?] {
    try Tool.succeed("import", name, "--column", "x", "-o", "\(name).zarr", in: scratch)
    let array = try array("\(name).zarr")
    switch array.dataType {
    case .optional(.string): return try array.read(as: String?.self)
    case .string: return try array.read(as: String.self)
    default:
      #expect(array.dataType == .optional(.bytes))
      return try array.read(as: [UInt8]?.self).map { $0.map { String(decoding: $0, as: UTF8.self) } }
    }
  }

  @Test(
    "Compressed buffers are decompressed", arguments: ["stream", "file"], ["zstd", "lz4"])
  func compressed(form: String, compression: String) throws {
    let long = Self.values.map { $0.map { String(repeating: $0, count: 1000) } }
    #expect(try read("\(compression).\(form)") == Self.values)
    #expect(try read("long-\(compression).\(form)") == long)
    #expect(try read("dictionary-\(compression).\(form)") == long)
    try Tool.fail(
      "import", "dictionary-\(compression).\(form)", "--column", "x", "-o", "small", "--chunk-limit", "4kB",
      in: scratch, saying: "--chunk-limit allows more")
  }

  @Test(
    "Values come from dictionaries", arguments: ["stream", "file"],
    [
      "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "large_string", "binary",
      "large_binary", "null",
    ])
  func dictionaries(form: String, kind: String) throws {
    #expect(try read("dictionary-\(kind).\(form)") == Self.values)
  }

  @Test("A later dictionary takes the place of the one before it")
  func replacedDictionary() throws {
    #expect(try read("replaced.stream") == ["a", "b", "b", "c", "a"])
  }

  @Test("No batches and no elements make an empty array", arguments: ["stream", "file"])
  func empty(form: String) throws {
    for name in ["none", "empty-none", "none-dictionary", "empty-none-dictionary"] {
      #expect(try read("\(name).\(form)") == [])
    }
  }

  @Test(
    "What cannot be imported is an error that says what to do",
    arguments: [
      ("view.stream", "make them large_string"), ("number.stream", "are neither text nor bytes"),
      ("delta.stream", "adds to the dictionary of column x later"),
      ("text", "no Arrow IPC"), ("empty", "does not begin with a schema"), ("parquet", "is Parquet"),
      ("directory", "the sources are directories"),
    ])
  func unsupported(name: String, message: String) throws {
    try scratch.write("text\n", to: "text")
    try scratch.write("", to: "empty")
    try scratch.write("PAR1\u{15}\u{4}", to: "parquet")
    try scratch.write("", to: "directory/file")
    try Tool.fail("import", name, "--column", "x", "-o", "a", in: scratch, saying: message)
    try Tool.fail(
      "import", "string.stream", "--column", "y", "-o", "a", in: scratch,
      saying: "has no column y; it has null, number, bool")
    for form in ["stream", "file"] {
      try Tool.fail(
        "import", "string.\(form)", "-o", "a", in: scratch,
        saying: "is Arrow, and has no lines of its own; --column")
    }
    try Tool.fail(
      "import", "string.stream", "--column", "x", "-o", "a", "--append", "--existing", "skip", in: scratch,
      saying: "--existing is for directories")
    #expect(try !scratch.names().contains("a"))
  }

  /// Reads all elements in memory, and returns how many there are.
  private func count(_ bytes: [UInt8]) throws -> Int {
    try scratch.write(bytes, to: "hostile")
    var count = 0
    let path = scratch.path("hostile")
    _ = try ArrowReader(path, column: "x", limit: 1 << 20).hasNulls()
    try ArrowReader(path, column: "x", limit: 1 << 20).forEachElement(
      limit: 1 << 20, tooLarge: { name, _ in ToolError("\(name) is too large") }
    ) { _, _ in count += 1 }
    return count
  }

  @Test("A file that ends early is an error, and so is a stream that ends within a message")
  func truncated() throws {
    let file = try scratch.read("full-string.file")
    #expect(try count(file) == 16)
    // The footer is not needed.
    for end in stride(from: 0, to: file.count / 2, by: 7) {
      #expect(throws: ToolError.self) { try count(Array(file[..<end])) }
    }
    let stream = try scratch.read("narrow.stream")
    for end in 0..<stream.count {
      if let found = try? count(Array(stream[..<end])) { #expect([0, 2, 9, 16].contains(found)) }
    }
  }

  @Test(
    "Damaged metadata is an error, or leads to other elements",
    arguments: ["narrow", "string", "long-lz4", "long-zstd", "dictionary-int8", "dictionary-zstd"])
  func damaged(name: String) throws {
    let stream = try scratch.read("\(name).stream")
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<1500 {
      var bytes = stream
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        let values: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &generator)]
        let byteCount = [1, 4, 8][Int.random(in: 0..<3, using: &generator)]
        for offset in place..<min(bytes.count, place + byteCount) {
          bytes[offset] = values[Int.random(in: 0..<6, using: &generator)]
        }
      }
      do {
        #expect(try count(bytes) <= 1 << 20)
      } catch {
        #expect(error is ToolError, "\(error)")
      }
    }
  }

  @Test("A schema whose columns contain each other is an error")
  func cycle() throws {
    // A field is its own child, 2 to the power of 60 times.
    var builder = FlatBufferBuilder()
    var field = builder.table([.byte(2, 13)])
    for _ in 0..<60 {
      let children = builder.vector(of: [field, field])
      field = builder.table([.byte(2, 13), .object(5, children)])
    }
    let fields = builder.vector(of: [field])
    let schema = builder.table([.object(1, fields)])
    let metadata = builder.finish(builder.table([.short(0, 4), .byte(1, 1), .object(2, schema)]))
    let size = (0..<4).map { UInt8(truncatingIfNeeded: metadata.count >> (8 * $0)) }
    #expect(throws: ToolError.self) { try count([255, 255, 255, 255] + size + metadata) }
  }
}
