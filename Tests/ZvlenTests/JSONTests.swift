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
      "deep/three.json": Array("\"x\"".utf8),
    ]
    for (name, bytes) in files { try scratch.write(bytes, to: "tree/\(name)") }
    // The mark is no part of the value.
    try scratch.write("\u{FEFF}\"x\"", to: "tree/deep/three.json")

    try Tool.succeed("import", "tree", "-o", "data.zarr", "--type", type, in: scratch)
    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)

    #expect(try scratch.files(below: "again") == files)
    try Tool.succeed("verify", "data.zarr", in: scratch)
    if type == "json" {
      // In lines there is no room for line feeds.
      #expect(
        try Tool.succeed("export", "data.zarr/blobs", "-o", "-", in: scratch).lines.sorted()
          == [#"{"a":[1,2]}"#, "null", "\"x\""].sorted())
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
    let array = try ZarrArray.create(
      in: store, shape: [2], options: ArrayOptions(dataType: .json, chunkSize: .rows(2)))
    try array.write(checked: ["1", "{]"])
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

  @Test(
    "A byte order mark in front of a source is no part of its first value",
    arguments: ["json", "json-string"], ["2", "3"])
  func byteOrderMark(type: String, format: String) throws {
    try scratch.write("\u{FEFF}[1]\n[2]\n", to: "a.jsonl")
    try scratch.write("\u{FEFF}[3] \n", to: "b.jsonl")
    let options = ["--type", type, "--zarr-format", format]
    let sources = ["a.jsonl", "b.jsonl"]
    for arguments in [
      ["-o", "data.zarr"], ["-o", "parts.zarr", "--part", "1/1"], ["-o", "resumed.zarr", "--resume"],
      // Compares what is there.
      ["-o", "resumed.zarr", "--resume"],
    ] {
      let outcome = try Tool.run(["import"] + sources + options + arguments, in: scratch)
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
    }
    try Tool.succeed("import", "b.jsonl", "-o", "data.zarr", "--append", "--type", type, in: scratch)
    for (name, count) in [("data.zarr", 4), ("parts.zarr", 3), ("resumed.zarr", 3)] {
      let lines = try Tool.succeed("export", name, "-o", "-", in: scratch).lines
      #expect(lines.map { $0.replacing(" ", with: "") } == Array(["[1]", "[2]", "[3]", "[3]"][..<count]))
    }
    // It is part of text, and elsewhere it is no JSON.
    try Tool.succeed("import", "a.jsonl", "-o", "text.zarr", in: scratch)
    #expect(try Tool.succeed("cat", "text.zarr", "0", in: scratch).text == "\u{FEFF}[1]")
    for text in ["1\n\u{FEFF}2\n", "\u{FEFF}\u{FEFF}1\n", "\u{FEFF}", "\u{FEFF}\n"] {
      try Tool.fail(
        "import", "-", "-o", "no.zarr", "--type", type, "--zarr-format", format, in: scratch,
        input: Array(text.utf8), saying: "is not JSON: ")
    }
  }

  @Test(
    "What JSON lacks is refused on every way in, and nothing is stored",
    arguments: ["NaN", "[1, -Infinity]", "Infinity", "1 2", "", "\0", "'a'", "{\"a\":}", "\u{FEFF}1"])
  func refused(element: String) throws {
    for (type, format) in [("json", "2"), ("json", "3"), ("json-string", "2"), ("json-string", "3")] {
      try Tool.fail(
        "import", "-", "-o", "data.zarr", "--type", type, "--zarr-format", format, in: scratch,
        input: Array("0\n\(element)\n".utf8), saying: "line 2 is not JSON: ")
      try scratch.write("0", to: "tree/a")
      try scratch.write(element, to: "tree/b")
      if !element.hasPrefix("\u{FEFF}") {
        try Tool.fail(
          "import", "tree", "-o", "data.zarr", "--type", type, "--zarr-format", format, in: scratch,
          saying: "tree/b is not JSON: ")
      }
    }
    try Tool.succeed(
      "import", "-", "-o", "text.zarr", "--null", in: scratch,
      input: Array("0".utf8) + [0] + Array(element.utf8) + [0])
    guard !element.contains("\0") else { return }
    for format in ["2", "3"] {
      let outcome = try Tool.fail(
        "copy", "text.zarr", "data.zarr", "--type", "json", "--zarr-format", format, in: scratch,
        saying: "text.zarr: element 1: ")
      #expect(!outcome.errors.contains("partial"))
    }
    #expect(try scratch.names().sorted() == ["text.zarr", "tree"])
    #expect(throws: ZarrError.self) {
      try ZarrArray.create(
        in: MemoryStore(), blobs: [element], options: ArrayOptions(dataType: .json, chunkSize: .rows(1)))
    }
  }

  @Test("What the grammar of JSON has is taken on every way in", arguments: ["2", "3"])
  func accepted(format: String) throws {
    let elements = [
      " 1 ", "1e999", "123456789012345678901234567890", #""\ud800""#, #"{"a":1,"a":2}"#,
      String(repeating: "[", count: 512) + String(repeating: "]", count: 512),
    ]
    let input = Array(elements.joined(separator: "\n").utf8)
    try Tool.succeed("import", "-", "-o", "text.zarr", in: scratch, input: input)
    for type in ["json", "json-string"] {
      try Tool.succeed(
        "import", "-", "-o", "\(type).zarr", "--type", type, "--zarr-format", format, in: scratch,
        input: input)
      try Tool.succeed("verify", "\(type).zarr", in: scratch)
    }
    try Tool.succeed(
      "copy", "text.zarr", "copy.zarr", "--type", "json", "--zarr-format", format, in: scratch)
    let lines = [
      elements[0].trimmingCharacters(in: .whitespaces), elements[1], elements[2], elements[3], #"{"a":2}"#,
      elements[5],
    ]
    for name in ["json.zarr", "copy.zarr"] {
      #expect(try Tool.succeed("dump", name, in: scratch).lines == lines)
    }
    // One more is too deep everywhere.
    let deep = Array((String(repeating: "[", count: 513) + String(repeating: "]", count: 513)).utf8)
    try Tool.succeed("import", "-", "-o", "deep.zarr", in: scratch, input: deep)
    try Tool.fail(
      "import", "-", "-o", "no.zarr", "--type", "json", "--zarr-format", format, in: scratch, input: deep,
      saying: "more than 512 deep")
    try Tool.fail(
      "copy", "deep.zarr", "no.zarr", "--type", "json", "--zarr-format", format, in: scratch,
      saying: "more than 512 deep")
  }

  @Test(
    "What others have stored with NaN is read, and dump writes JSON",
    arguments: [ZarrFormat.version2, .version3])
  func notANumber(format: ZarrFormat) throws {
    let array = try ZarrArray.create(
      in: FileStore(creating: scratch.path("data.zarr")), shape: [3],
      options: ArrayOptions(dataType: .json, chunkSize: .rows(2), zarrFormat: format))
    try array.write(checked: [#"{"b":NaN,"a":[-Infinity,1]}"#, "Infinity", "2"])
    let lines = try Tool.succeed("dump", "data.zarr", in: scratch).lines
    let first =
      format == .version2 ? #"{"a":["-Infinity",1],"b":"NaN"}"# : #"{"b":"NaN","a":["-Infinity",1]}"#
    #expect(lines == [first, #""Infinity""#, "2"])
    for line in lines {
      _ = try JSONSerialization.jsonObject(with: Data(line.utf8), options: .fragmentsAllowed)
    }
    try Tool.succeed("verify", "data.zarr", in: scratch)
    #expect(throws: ZarrError.self) {
      try ZarrArray.create(
        in: MemoryStore(), writing: [JSONValue.number(JSONNumber(.nan))],
        options: ArrayOptions(dataType: .json, chunkSize: .rows(1)))
    }
  }
}
