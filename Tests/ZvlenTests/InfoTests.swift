import ChunkEngine
import Foundation
import Testing
import Zarr

@Suite("info")
struct InfoTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test("An array is described in JSON")
  func json() throws {
    // 100 elements of 0, 10, …, 990 bytes.
    let elements = (0..<100).map { [UInt8](repeating: UInt8($0), count: $0 * 10) }
    let store = try FileStore(creating: scratch.path("data.zarr"))
    try ZarrArray.create(
      in: store, writing: elements,
      options: ArrayOptions(chunkSize: .rows(30), compressors: [.zstd(level: 5), .crc32c]))

    let info = try object(Tool.succeed("info", "data.zarr", "--json", in: scratch).text)

    let chunks = try scratch.files(below: "data.zarr/c")
    let storedByteCount = chunks.values.reduce(0) { $0 + $1.count }
    #expect(info["path"] as? String == "data.zarr")
    #expect(info["node_type"] as? String == "array")
    #expect(info["shape"] as? [Int] == [100])
    #expect(info["data_type"] as? String == "bytes")
    #expect(info["chunk_shape"] as? [Int] == [30])
    #expect(info["chunk_count"] as? Int == 4)
    #expect(info["stored_chunk_count"] as? Int == 4)
    #expect(info["fill_value"] as? String == "")
    #expect(info["stored_bytes"] as? Int == storedByteCount)
    #expect(info["decoded_bytes"] as? Int == 49_500)
    let ratio = try #require(info["ratio"] as? Double)
    #expect(abs(ratio - 49_500 / Double(storedByteCount)) < 1e-9)
    let codecs = try #require(info["codecs"] as? [[String: Any]])
    #expect(codecs.map { $0["name"] as? String } == ["vlen-bytes", "zstd", "crc32c"])
    #expect((codecs[1]["configuration"] as? [String: Any])?["level"] as? Int == 5)
    #expect(
      info["element_bytes"] as? [String: Int]
        == ["min": 0, "p25": 240, "median": 490, "p75": 740, "p99": 980, "max": 990])
  }

  @Test("Chunks that are not stored count as fill values")
  func absentChunks() throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    let array = try ZarrArray.create(
      in: store, shape: [10, 10], options: ArrayOptions(chunkSize: .shape([3, 3]), fillValue: [1, 2, 3]))
    try array.write(blobs: [[9]] as [[UInt8]], to: [9..<10, 9..<10])

    let info = try object(Tool.succeed("info", "data.zarr", "--json", in: scratch).text)

    #expect(info["chunk_count"] as? Int == 16)
    #expect(info["stored_chunk_count"] as? Int == 1)
    #expect(info["fill_value"] as? String == "AQID")
    #expect(info["decoded_bytes"] as? Int == 99 * 3 + 1)
    #expect((info["element_bytes"] as? [String: Int])?["min"] == 1)
  }

  @Test("A group is described with all below it")
  func group() throws {
    let store = try FileStore(creating: scratch.path("root.zarr"))
    try ZarrArray.create(in: store, at: "inner/names", writing: ["a", "bb"])
    try ZarrArray.create(in: store, at: "blobs", writing: [[UInt8]]())

    let info = try object(Tool.succeed("info", "root.zarr", "--json", in: scratch).text)

    let members = try #require(info["members"] as? [[String: Any]])
    #expect(members.map { $0["path"] as? String } == ["root.zarr/blobs", "root.zarr/inner"])
    #expect(members[0]["ratio"] is NSNull)
    #expect((members[0]["element_bytes"] as? [String: Int])?.isEmpty == true)
    let inner = try #require(members[1]["members"] as? [[String: Any]])
    #expect(inner.map { $0["data_type"] as? String } == ["string"])
  }

  @Test("An imported directory is described with its files, and whether the index of their paths fits")
  func files() throws {
    for name in ["a", "b/c", "b/d"] { try scratch.write(name, to: "tree/\(name)") }
    try Tool.succeed("import", "tree", "-o", "run/tree.zarr", in: scratch)
    try scratch.write(#"{"zarr_format":3,"node_type":"group"}"#, to: "run/zarr.json")
    try Tool.succeed("rm", "run/tree.zarr", "b/c", in: scratch)
    func lines() throws -> [String] {
      try Tool.succeed("info", "run/tree.zarr", in: scratch).lines.prefix(4).map { $0 }
    }
    func index() throws -> [String: Any]? {
      let info = try object(Tool.succeed("info", "run", "--json", in: scratch).text)
      let tree = try #require((info["members"] as? [[String: Any]])?.first)
      #expect(tree["file_count"] as? Int == 2)
      return tree["path_index"] as? [String: Any]
    }
    let size = try scratch.files(below: "run/tree.zarr/path_index/c").values.reduce(0) { $0 + $1.count }
    let sizesByteCount = try scratch.read("run/tree.zarr/size_index/c/0").count
    #expect(
      try lines() == [
        "run/tree.zarr: group of 4 members", "  files          2",
        "  path index     leads to all paths, \(size) bytes stored",
        "  size index     has all sizes, \(sizesByteCount) bytes stored",
      ])
    #expect(try index()?["is_sound"] as? Bool == true && index()?["stored_bytes"] as? Int == size)

    try ZarrArray.open(in: FileStore(opening: scratch.path("run/tree.zarr")), at: "paths").write("x", at: [0])
    #expect(try lines()[2].hasPrefix("  path index     does not lead to all paths; zvlen compact"))
    #expect(try index()?["is_sound"] as? Bool == false)
    try FileManager.default.removeItem(atPath: scratch.path("run/tree.zarr/path_index"))
    #expect(try lines()[2] == "  path index     none; zvlen compact makes one")
    #expect(try index() == nil)
    try ZarrArray.open(in: FileStore(opening: scratch.path("run/tree.zarr")), at: "blobs")
      .write(blob: Array("another".utf8), at: [0])
    #expect(try lines()[3].hasPrefix("  size index     has 0 of 3 sizes; zvlen compact"))

    // Files whose paths are damaged are not counted.
    try scratch.write([1, 2, 3], to: "run/tree.zarr/paths/c/0")
    #expect(try Tool.run(["info", "run/tree.zarr"], in: scratch).lines[1] == "run/tree.zarr/blobs: array")
  }

  @Test("People get lines")
  func lines() throws {
    try Tool.succeed("import", "-", "-o", "data.zarr", in: scratch, input: Array("a\nbbb\n".utf8))

    let lines = try Tool.succeed("info", "data.zarr", in: scratch).lines

    #expect(lines.first == "data.zarr: array")
    #expect(lines.contains("  shape          2"))
    #expect(lines.contains("  data type      string"))
    #expect(lines.contains("  element bytes  min 1, p25 1, median 1, p75 3, p99 3, max 3"))
  }

  @Test("An array of Zarr v2 is described, even if its elements are pickles, which are not read")
  func pickles() throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    let document = """
      {"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "|O", "fill_value": 0, "order": "C",
       "compressor": null, "filters": [{"id": "pickle", "protocol": 5}]}
      """
    try store.write(StoreKey(".zarray"), Array(document.utf8).span.bytes)
    try store.write(StoreKey("0"), Array("cos\nsystem\n(S'true'\ntR.".utf8).span.bytes)

    let info = try object(Tool.succeed("info", "data.zarr", "--json", in: scratch).text)
    #expect(info["zarr_format"] as? Int == 2)
    #expect(info["data_type"] as? String == "|O")
    #expect(info["stored_chunk_count"] as? Int == 1)
    #expect(info["decoded_bytes"] is NSNull)
    #expect((info["not_readable"] as? String)?.contains("json2") == true)
    let lines = try Tool.succeed("info", "data.zarr", in: scratch).text
    #expect(lines.contains("Zarr v2"))
    #expect(lines.contains("not readable   its elements are pickles"))
  }

  @Test("Shards are described with the chunks in them")
  func shards() throws {
    let array = try ZarrArray.create(
      in: FileStore(creating: scratch.path("data.zarr")), shape: [9, 10],
      options: ArrayOptions(
        dataType: .number(.int16), chunkSize: .shape([2, 5]), shardSize: .shape([4, 10]), compressors: []))
    try array.write([1] as [Int16], to: [3..<4, 2..<3])
    let lines = try Tool.succeed("info", "data.zarr", in: scratch).lines
    #expect(lines.contains("  chunk shape    2 x 5") && lines.contains("  chunks         10"))
    #expect(lines.contains("  shard shape    4 x 10") && lines.contains("  shards         3, 1 stored"))
    let text = try Tool.succeed("info", "data.zarr", "--json", in: scratch).text
    let json = try #require(JSONParser().parse(Array(text.utf8)).objectValue)
    #expect(json["chunk_shape"] == [2, 5] && json["shard_shape"] == [4, 10])
    #expect(json["chunk_count"] == 10 && json["shard_count"] == 3 && json["stored_shard_count"] == 1)
    // Numbers are lines of JSON.
    #expect(try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).lines[32] == "1")
  }

  @Test("Pickles are told once, and not taken for damage of a chunk")
  func verifiedPickles() throws {
    try scratch.write(
      #"{"zarr_format":2,"shape":[3],"chunks":[2],"dtype":"|O","fill_value":0,"order":"C","compressor":null,"filters":[{"id":"pickle","protocol":5}]}"#,
      to: "data.zarr/.zarray")
    for chunk in ["0", "1"] { try scratch.write([1, 2, 3], to: "data.zarr/\(chunk)") }
    let outcome = try Tool.run(["verify", "data.zarr"], in: scratch)
    #expect(outcome.exitCode == 2)
    #expect(outcome.lines.count == 1 && outcome.text.contains("not checked: data.zarr: "))
  }
}
