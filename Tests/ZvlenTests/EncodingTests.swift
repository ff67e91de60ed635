import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Encodings of new arrays")
struct EncodingTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  private let lines = [#"{"a": [1, 2.50], "b": null}"#, "42", #""foo""#, "[]"]

  private var input: [UInt8] { lines.flatMap { Array($0.utf8) + [UInt8(ascii: "\n")] } }

  private func document(_ path: String) throws -> JSONObject {
    try #require(JSONParser().parse(scratch.read(path)).objectValue)
  }

  @Test(
    "Zarr v2 has the codecs for objects that zarr-python 2 knows",
    arguments: [
      ("bytes", "vlen-bytes"), ("string", "vlen-utf8"), ("json", "json2"), ("json-string", "vlen-utf8"),
    ])
  func version2(type: String, filter: String) throws {
    try Tool.succeed(
      "import", "-", "-o", "data.zarr", "--zarr-format", "2", "--type", type, "--chunk-count", "3",
      in: scratch, input: input)

    let metadata = try document("data.zarr/.zarray")
    #expect(metadata["zarr_format"] == 2)
    #expect(metadata["dtype"] == "|O")
    #expect(metadata["filters"]?.arrayValue?.map { $0.objectValue?["id"] } == [.string(filter)])
    #expect(metadata["compressor"]?.objectValue?["id"] == "zstd")
    #expect(try Set(scratch.files(below: "data.zarr").keys) == [".zarray", ".zattrs", "0", "1"])
    // json2 keeps values, but not how they are spelled.
    let expected = type == "json" ? [#"{"a":[1,2.50],"b":null}"#] + lines.dropFirst() : lines
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).lines == expected)

    try Tool.succeed("import", "-", "-o", "data.zarr", "--append", in: scratch, input: input)
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).lines == expected + expected)
    let found = try PythonEnvironment.run(
      "data_types.py", ["read", "--library", "zarr2", scratch.path("data.zarr")], environment: "zarr2")
    let elements = try #require(
      JSONParser().parse(Array(found.utf8)).objectValue?["elements"]?.arrayValue?.map(\.stringValue))
    #expect(elements.count == 2 * lines.count)
    #expect(elements[2] == "22666f6f22")
  }

  @Test("A directory becomes a group of Zarr v2")
  func version2Directory() throws {
    try scratch.write("one", to: "tree/a")
    try scratch.write("two", to: "tree/deep/b")
    try Tool.succeed("import", "tree", "-o", "data.zarr", "--zarr-format", "2", in: scratch)
    #expect(try document("data.zarr/.zgroup") == ["zarr_format": 2])
    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)
    #expect(try scratch.files(below: "again") == scratch.files(below: "tree"))
    try Tool.succeed("import", "tree", "-o", "data.zarr", "--overwrite", in: scratch)
    #expect(
      try ZarrGroup.open(in: FileStore(opening: scratch.path("data.zarr"))).metadata.zarrFormat == .version3)
  }

  @Test("Chunks go to shards, from lines and from files", arguments: [false, true])
  func shards(fromFiles: Bool) throws {
    var generator = SeededGenerator(seed: 5)
    let elements = (0..<3000).map { _ in
      (0..<Int.random(in: 20...60, using: &generator)).map { _ in
        UInt8.random(in: 97...122, using: &generator)
      }
    }
    if fromFiles {
      for (index, element) in elements.prefix(300).enumerated() {
        try scratch.write(element, to: "tree/\(100_000 + index)")
      }
    }
    let count = fromFiles ? 300 : 3000
    try Tool.succeed(
      "import", fromFiles ? "tree" : "-", "-o", "data.zarr", "--type", "bytes", "--chunk-bytes", "1KiB",
      "--shard-bytes", "8KiB", in: scratch, input: Array(elements.joined(separator: [10])))
    let array = try ZarrArray.open(
      in: FileStore(opening: scratch.path("data.zarr")), at: fromFiles ? "blobs" : "")
    let shard = try #require(array.shardShape?[0])
    #expect((18...28).contains(array.chunkShape[0]))
    #expect((130...200).contains(shard) && shard.isMultiple(of: array.chunkShape[0]))
    #expect(try array.read().arrays() == Array(elements.prefix(count)))
    try Tool.succeed("verify", "data.zarr", in: scratch)
    guard !fromFiles else { return }
    try Tool.succeed(
      "import", "-", "-o", "data.zarr", "--append", in: scratch, input: Array("end".utf8))
    #expect(try array.read([0..<3000]).arrays() == elements)
    #expect(try Tool.succeed("cat", "data.zarr", "3000", in: scratch).text == "end")
    try Tool.fail(
      "import", "-", "-o", "data.zarr", "--append", "--shard-bytes", "1MiB", in: scratch,
      saying: "leave out --shard-bytes")
  }

  @Test("bz2 and lzma compress, and are named as zarr-python has them", arguments: ["2", "3"])
  func codecs(format: String) throws {
    for codec in ["bz2:9", "lzma", "lzma:0"] {
      try Tool.succeed(
        "import", "-", "-o", "data.zarr", "--codec", codec, "--zarr-format", format, "--overwrite",
        in: scratch, input: input)
      let text = try Tool.succeed("tree", "data.zarr", in: scratch).text
      #expect(text.contains("numcodecs.\(codec.prefix { $0 != ":" })"))
      #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).output == input)
    }
  }

  @Test("An array becomes a member of the hierarchy that it is put into")
  func intoHierarchy() throws {
    let root = try ZarrGroup.create(in: FileStore(creating: scratch.path("data.zarr")))
    try root.consolidate()
    try Tool.succeed("import", "-", "-o", "data.zarr/deep/er/lines", in: scratch, input: input)
    let again = try ZarrGroup.open(in: FileStore(opening: scratch.path("data.zarr")))
    #expect(again.usesConsolidatedMetadata)
    #expect(try again.array(at: "deep/er/lines").count == lines.count)
    try Tool.fail(
      "import", "-", "-o", "data.zarr/old", "--zarr-format", "2", in: scratch, input: input,
      saying: "use --zarr-format 3")
    try Tool.fail(
      "import", "-", "-o", "data.zarr/deep/er/lines/more", in: scratch, input: input, saying: "is an array")
    #expect(try again.children().map(\.name) == ["deep"])
  }

  @Test("An import that fails leaves no directories")
  func noDirectories() throws {
    try Tool.fail(
      "import", "-", "-o", "new/deep/data.zarr", "--type", "json", in: scratch, input: Array("{".utf8),
      saying: "is not JSON")
    #expect(try scratch.names() == [])
  }
}
