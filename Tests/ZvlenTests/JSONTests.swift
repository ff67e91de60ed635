import ChunkEngine
import Foundation
import Testing
import Zarr

@Suite("JSON")
struct JSONTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  private let lines = [
    #"{"name": "Zürich", "tags": [1, 2.50, null]}"#, "42", #""foo""#, "[]", "  true ", "null",
    "123456789012345678901234567890", #""\ud83d\ude00 \u0000""#, "-0.0e1",
  ]

  @Test(
    "Lines of JSON come back as they were", arguments: [("json", DataType.json), ("json-string", .string)],
    ["-", "data.jsonl"])
  func roundTrip(type: (name: String, dataType: DataType), source: String) throws {
    let text = lines.map { $0 + "\n" }.joined()
    try scratch.write(text, to: "data.jsonl")

    try Tool.succeed(
      "import", source, "-o", "data.zarr", "--type", type.name, in: scratch, input: Array(text.utf8))

    let array = try ZarrArray.open(in: FileStore(opening: scratch.path("data.zarr")))
    #expect(array.dataType == type.dataType)
    let values = try array.read(as: JSONValue.self)
    #expect(values.count == lines.count)
    #expect(values[0] == ["name": "Zürich", "tags": [1, .number(try #require(JSONNumber("2.50"))), .null]])
    #expect(values[4] == true)
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == text)
    try Tool.succeed("verify", "data.zarr", in: scratch)
  }

  @Test(
    "A line that is not JSON is an error with its number, and no array",
    arguments: [
      ("{}\n\n1\n", 2, "found the end of the text"), ("1\n[1,]\n", 2, "expected a value"),
      ("{'a': 1}", 1, "a key"),
      ("1\n2\n3 4\n", 3, "the end"), ("\"a\"\n\"\tb\"\n", 2, "control character"), ("nul\n", 1, "null"),
      ("01\n", 1, "leading zero"), ("1\r\n2,\r\n", 2, "the end"),
    ], ["json", "json-string"])
  func notJSON(lines: (text: String, number: Int, reason: String), type: String) throws {
    try scratch.write(lines.text, to: "data.jsonl")
    let outcome = try Tool.fail(
      "import", "data.jsonl", "-o", "data.zarr", "--type", type, in: scratch,
      saying: "data.jsonl, line \(lines.number) is not JSON: ")
    #expect(outcome.errors.contains(lines.reason))
    #expect(try scratch.names() == ["data.jsonl"])
  }

  @Test("A line that is not UTF-8 is not JSON")
  func notText() throws {
    try Tool.fail(
      "import", "-", "-o", "data.zarr", "--type", "json", in: scratch,
      input: Array("1\n\"".utf8) + [0xFF, 0x22, 0x0A], saying: "standard input, line 2 is not JSON: ")
  }

  @Test("Lines go to the end of an array of JSON, and are checked")
  func appending() throws {
    try Tool.succeed(
      "import", "-", "-o", "data.zarr", "--type", "json", in: scratch, input: Array("1\n2\n".utf8))
    try Tool.succeed("import", "-", "-o", "data.zarr", "--append", in: scratch, input: Array("[3]\n".utf8))
    try Tool.fail(
      "import", "-", "-o", "data.zarr", "--append", in: scratch, input: Array("4\nfive\n".utf8),
      saying: "standard input, line 2 is not JSON")
    try Tool.fail(
      "import", "-", "-o", "data.zarr", "--append", "--type", "string", in: scratch, input: Array("x\n".utf8),
      saying: "has elements of type json, not string")
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text == "1\n2\n[3]\n")
    // Text that is JSON, in an array of text that need not be.
    try Tool.succeed("import", "-", "-o", "text.zarr", in: scratch, input: Array("any text\n".utf8))
    try Tool.fail(
      "import", "-", "-o", "text.zarr", "--append", "--type", "json-string", in: scratch,
      input: Array("more text\n".utf8), saying: "line 1 is not JSON")
  }

  @Test("A directory of documents comes back byte by byte", arguments: ["json", "json-string"])
  func directory(type: String) throws {
    let files: [String: [UInt8]] = [
      "one.json": Array("{\n  \"a\": [1, 2]\n}\n".utf8), "deep/two.json": Array("null".utf8),
      "deep/three.json": Array("\u{FEFF}\"x\"".utf8),
    ]
    for (name, bytes) in files { try scratch.write(bytes, to: "tree/\(name)") }

    try Tool.succeed("import", "tree", "-o", "data.zarr", "--type", type, in: scratch)
    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)

    #expect(try scratch.files(below: "again") == files)
    try Tool.succeed("verify", "data.zarr", in: scratch)
    if type == "json" {
      // In lines there is no room for line feeds.
      #expect(
        try Tool.succeed("export", "data.zarr/blobs", "-o", "-", in: scratch).lines.sorted()
          == [#"{"a":[1,2]}"#, "null", "\u{FEFF}\"x\""].sorted())
    }
    try scratch.write(Array("{".utf8), to: "tree/deep/wrong.json")
    let outcome = try Tool.fail(
      "import", "tree", "-o", "other.zarr", "--type", type, in: scratch,
      saying: "tree/deep/wrong.json is not JSON: ")
    #expect(outcome.errors.contains("a key"))
  }

  @Test("verify finds elements that are not JSON")
  func verify() throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    try ZarrArray.create(
      in: store, writing: [Array("1".utf8), Array("{]".utf8)],
      options: ArrayOptions(dataType: .json, chunkSize: .count(2)))
    let outcome = try Tool.run(["verify", "data.zarr"], in: scratch)
    #expect(outcome.exitCode != 0)
    #expect(outcome.text.contains("element 1 is not JSON"))
  }

  @Test("The elements of an array of JSON are seen as they are")
  func looking() throws {
    try Tool.succeed(
      "import", "-", "-o", "data.zarr", "--type", "json", in: scratch, input: Array("[1, 2.50]\n\"é\"\n".utf8)
    )
    #expect(try Tool.succeed("dump", "data.zarr", in: scratch).lines == ["[1,2.50]", "\"é\""])
    #expect(try Tool.succeed("cat", "data.zarr", "0", in: scratch).text == "[1, 2.50]")
    #expect(try Tool.succeed("info", "data.zarr", in: scratch).text.contains("json"))
  }
}
