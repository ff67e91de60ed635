import ChunkEngine
import Foundation
import Testing
import Zarr

@Suite("tree and consolidate")
struct HierarchyTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  /// A store with a group `run` and arrays `labels` and `run/images`.
  @discardableResult
  private func makeStore() throws -> ZarrGroup {
    let root = try ZarrGroup.create(in: FileStore(creating: scratch.path("data.zarr")))
    let options = ArrayOptions(
      dataType: .string, chunkSize: .rows(2), compressors: [.zstd(level: 3), .crc32c])
    try root.createArray(at: "labels", writing: ["a", "b", "c"], options: options)
    try root.createArray(
      at: "run/images", shape: [4, 6], options: ArrayOptions(chunkSize: .shape([2, 3]), compressors: []))
    return root
  }

  private func objects(_ text: String) throws -> [[String: Any]] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
  }

  @Test("A hierarchy is drawn with what its arrays hold")
  func lines() throws {
    try makeStore()
    #expect(
      try Tool.succeed("tree", "data.zarr", "--no-sizes", in: scratch).lines == [
        "data.zarr: group",
        "├── labels: string [3], chunks [2], vlen-utf8, zstd(level 3, checksum false), crc32c",
        "└── run: group",
        "    └── images: bytes [4, 6], chunks [2, 3], vlen-bytes",
      ])
    #expect(try Tool.succeed("tree", "data.zarr", "--depth", "1", in: scratch).lines.count == 3)
    #expect(try Tool.succeed("tree", "data.zarr", "--depth", "0", in: scratch).lines == ["data.zarr: group"])
    #expect(
      try Tool.succeed("tree", "data.zarr/run", "--no-sizes", in: scratch).lines == [
        "data.zarr/run: group", "└── images: bytes [4, 6], chunks [2, 3], vlen-bytes",
      ])
    #expect(
      try Tool.succeed("tree", "data.zarr/run/images", "--no-sizes", in: scratch).lines == [
        "data.zarr/run/images: bytes [4, 6], chunks [2, 3], vlen-bytes"
      ])
  }

  @Test("Lines of the tree continue beside nodes that others follow")
  func branches() throws {
    let root = try ZarrGroup.create(in: FileStore(creating: scratch.path("data.zarr")))
    for path in ["a/b/c", "a/d", "e"] { try root.createGroup(at: path) }
    #expect(
      try Tool.succeed("tree", "data.zarr", in: scratch).lines == [
        "data.zarr: group", "├── a: group", "│   ├── b: group", "│   │   └── c: group", "│   └── d: group",
        "└── e: group",
      ])
  }

  @Test("A hierarchy is listed in JSON, without sizes on request")
  func json() throws {
    try makeStore()
    let plain = try objects(Tool.succeed("tree", "data.zarr", "--json", "--no-sizes", in: scratch).text)
    #expect(
      plain.map { $0["path"] as? String } == [
        "data.zarr", "data.zarr/labels", "data.zarr/run", "data.zarr/run/images",
      ])
    #expect(plain.map { $0["node_type"] as? String } == ["group", "array", "group", "array"])
    #expect(plain.allSatisfy { $0["zarr_format"] as? Int == 3 && $0["stored_bytes"] == nil })
    #expect(plain[3]["shape"] as? [Int] == [4, 6])
    #expect(plain[3]["chunk_shape"] as? [Int] == [2, 3])
    #expect(plain[3]["data_type"] as? String == "bytes")
    let codecs = try #require(plain[1]["codecs"] as? [[String: Any]])
    #expect(codecs.map { $0["name"] as? String } == ["vlen-utf8", "zstd", "crc32c"])

    let sized = try objects(Tool.succeed("tree", "data.zarr", "--json", in: scratch).text)
    let files = try scratch.files(below: "data.zarr/labels").values.reduce(0) { $0 + $1.count }
    #expect(sized.map { $0["stored_bytes"] as? Int }[1] == files)
    #expect(sized[0]["stored_bytes"] == nil)
    #expect(try objects(Tool.succeed("tree", "data.zarr/labels", "--json", in: scratch).text).count == 1)
    #expect(
      try Tool.succeed("tree", "data.zarr/labels", in: scratch).text.contains(", \(files) bytes\n")
    )
  }

  @Test("Shards are shown with the chunks in them")
  func shards() throws {
    try makeStore()
    try scratch.write(
      """
      {"zarr_format":3,"node_type":"array","shape":[9],"data_type":"string","fill_value":"",
       "chunk_grid":{"name":"regular","configuration":{"chunk_shape":[6]}},
       "chunk_key_encoding":{"name":"default"},
       "codecs":[{"name":"sharding_indexed","configuration":{"chunk_shape":[3],
        "codecs":[{"name":"vlen-utf8"},{"name":"gzip","configuration":{"level":1}}],
        "index_codecs":[{"name":"bytes","configuration":{"endian":"little"}},{"name":"crc32c"}]}}]}
      """, to: "data.zarr/sharded/zarr.json")
    let text = try Tool.succeed("tree", "data.zarr/sharded", in: scratch).text
    #expect(text.contains("string [9], chunks [3] in shards [6], sharding_indexed("))
    #expect(text.contains("codecs vlen-utf8 + gzip(level 1)"))
    let json = try objects(Tool.succeed("tree", "data.zarr/sharded", "--json", in: scratch).text)
    #expect(json[0]["chunk_shape"] as? [Int] == [3])
    #expect(json[0]["shard_shape"] as? [Int] == [6])
  }

  @Test("Nodes that are damaged or not supported are listed with the reason")
  func damaged() throws {
    try makeStore()
    try scratch.write("{", to: "data.zarr/broken/zarr.json")
    try scratch.write(
      #"{"zarr_format":3,"node_type":"group","attributes":[]}"#, to: "data.zarr/group/zarr.json")
    try scratch.write(#"{"zarr_format":2}"#, to: "data.zarr/old/.zgroup")
    let lines = try Tool.succeed("tree", "data.zarr", in: scratch).lines
    #expect(lines.count == 7)
    #expect(lines[1].hasPrefix("├── broken: damaged, "))
    #expect(lines[2].hasPrefix("├── group: group, attributes: expected an object"))
    #expect(lines[4] == "├── old: group, Zarr v2")
    let json = try objects(Tool.succeed("tree", "data.zarr", "--json", in: scratch).text)
    #expect(json[1]["node_type"] is NSNull)
    #expect((json[1]["error"] as? String)?.isEmpty == false)
    #expect(json[2]["node_type"] as? String == "group")
  }

  @Test("Names cannot write to the terminal what they want")
  func hostileNames() throws {
    try makeStore()
    try scratch.write(
      #"{"zarr_format":3,"node_type":"group"}"#, to: "data.zarr/\u{1B}]0;evil\u{7}\nnext/zarr.json")
    let text = try Tool.succeed("tree", "data.zarr", in: scratch).text
    #expect(text.split(separator: "\n").count == 5)
    #expect(!text.unicodeScalars.contains { $0.value < 32 && $0 != "\n" })
    // JSON keeps the name.
    let json = try objects(Tool.succeed("tree", "data.zarr", "--json", in: scratch).text)
    #expect(json.contains { $0["path"] as? String == "data.zarr/\u{1B}]0;evil\u{7}\nnext" })
  }

  @Test("Metadata is consolidated, consolidated again, and separated")
  func consolidate() throws {
    try makeStore()
    try Tool.succeed("consolidate", "data.zarr", in: scratch)
    let store = try FileStore(opening: scratch.path("data.zarr"))
    #expect(try ZarrGroup.open(in: store).usesConsolidatedMetadata)
    // What the documents say counts, also while there are copies.
    try scratch.write(#"{"zarr_format":3,"node_type":"group"}"#, to: "data.zarr/new/zarr.json")
    #expect(try Tool.succeed("tree", "data.zarr", in: scratch).lines.count == 5)
    #expect(try ZarrGroup.open(in: store).children().count == 2)
    try Tool.succeed("consolidate", "data.zarr", in: scratch)
    #expect(try ZarrGroup.open(in: store).children().count == 3)
    try Tool.succeed("consolidate", "data.zarr/run", in: scratch)
    #expect(try ZarrGroup.open(in: store, at: "run").usesConsolidatedMetadata)
    try Tool.succeed("consolidate", "data.zarr", "--remove", in: scratch)
    #expect(try !ZarrGroup.open(in: store).usesConsolidatedMetadata)
    #expect(try ZarrGroup.open(in: store, at: "run").usesConsolidatedMetadata)
  }

  @Test("What cannot be consolidated is an error")
  func notConsolidated() throws {
    try makeStore()
    try Tool.fail("consolidate", "data.zarr/labels", in: scratch, saying: "is an array")
    try scratch.write("{", to: "data.zarr/broken/zarr.json")
    try Tool.fail("consolidate", "data.zarr", in: scratch, saying: "data.zarr/broken")
    try Tool.fail("consolidate", "data.zarr/broken", in: scratch, saying: "data.zarr/broken")
  }
}
