import ChunkEngine
import TestSupport
import Testing

@testable import Zarr

@Suite("Codecs with codecs inside in metadata")
struct CompositeCodecMetadataTests {
  /// The settings of `zarrs.vlen`, in which `changes` replace those that there are, or remove them.
  private func vlen(_ changes: (String, JSONValue?)...) -> JSONValue {
    var settings: JSONObject = [
      "data_codecs": ["bytes"], "index_codecs": [["name": "bytes", "configuration": ["endian": "little"]]],
      "index_data_type": "uint32", "index_location": "end",
    ]
    for (name, value) in changes { settings[name] = value }
    return ["name": "zarrs.vlen", "configuration": .object(settings)]
  }

  private let wire = referenceWireForm([Array("ab".utf8), Array("c".utf8)])

  private let end = bytes(
    0x61, 0x62, 0x63, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0)

  @Test("zarrs.vlen takes elements of any size, whatever they are", arguments: [DataType.bytes, .string])
  func vlenChunks(dataType: DataType) throws {
    for shape in [[2], nil] {
      let chain = try CodecChain([vlen()], for: dataType, chunkShape: shape)
      #expect(try chain.encoded(wire, shape: [2]) == end)
      #expect(try chain.decoded(end, shape: [2]) == wire)
    }
  }

  @Test("Without a place of its own the index of zarrs.vlen is in front")
  func draft() throws {
    let chain = try CodecChain([vlen(("index_location", nil))], for: .bytes, chunkShape: [2])
    let start = Array(end[15...]) + Array(end[3..<15]) + Array(end[..<3])
    #expect(try chain.encoded(wire, shape: [2]) == start)
  }

  @Test("The codecs inside of zarrs.vlen have settings of their own")
  func inner() throws {
    let codec = vlen(
      ("data_codecs", ["bytes", ["name": "zstd", "configuration": ["level": 3, "checksum": true]]]),
      ("index_codecs", [["name": "bytes", "configuration": ["endian": "big"]], "crc32c"]),
      ("index_data_type", "uint64"))
    let chain = try CodecChain([codec], for: .string, chunkShape: [2])
    let stored = try chain.encoded(wire, shape: [2])
    let size = bytes(28, 0, 0, 0, 0, 0, 0, 0)
    #expect(stored.suffix(8) == size[...])
    let offsets: [UInt64] = [0, 2, 3]
    let index = packedBytes(offsets.map(\.bigEndian))
    #expect(stored.suffix(36).prefix(24) == index[...])
    #expect(try chain.decoded(stored, shape: [2]) == wire)
  }

  @Test(
    "A setting of zarrs.vlen that is missing or wrong is named",
    arguments: [
      ("data_codecs", nil, "data_codecs"), ("index_codecs", nil, "index_codecs"),
      ("index_data_type", nil, "index_data_type"), ("index_data_type", "uint16", "index_data_type"),
      ("index_data_type", 4, "index_data_type"), ("index_location", "middle", "index_location"),
      ("index_location", .null, "index_location"), ("data_codecs", [], "data_codecs"),
      ("data_codecs", ["vlen-bytes"], "data_codecs[0]"), ("data_codecs", "bytes", "data_codecs"),
      ("data_codecs", ["bytes", "nothing"], "data_codecs[1]"), ("data_codecs", [1], "data_codecs[0]"),
      (
        "data_codecs", ["bytes", ["name": "zstd", "configuration": ["level": 99]]],
        "data_codecs[1].configuration.level"
      ),
      ("data_codecs", ["bytes", ["name": "nothing", "must_understand": false]], "data_codecs"),
      ("index_codecs", ["bytes"], "index_codecs[0].configuration.endian"), ("codecs", [], "codecs"),
    ] as [(String, JSONValue?, String)])
  func wrongSetting(name: String, value: JSONValue?, field: String) {
    expectRefused(
      [vlen((name, value))], for: .bytes, chunkShape: [2], field: "codecs[0].configuration.\(field)")
  }

  @Test("zarrs.vlen_v2 has no settings and keeps elements as they are")
  func version2() throws {
    for dataType in [DataType.bytes, .string] {
      let chain = try CodecChain(["zarrs.vlen_v2", "crc32c"], for: dataType, chunkShape: [2])
      #expect(try chain.encoded(wire, shape: [2]).dropLast(4) == wire[...])
    }
    expectRefused(
      [["name": "zarrs.vlen_v2", "configuration": ["level": 1]]], for: .bytes, chunkShape: [2],
      field: "codecs[0].configuration.level")
  }

  @Test("Elements of one size are refused", arguments: ["zarrs.vlen", "zarrs.vlen_v2"])
  func fixedSize(name: String) {
    expectRefused(
      [name == "zarrs.vlen" ? vlen() : .string(name)], for: .number(.int32), chunkShape: [2],
      field: "codecs[0]")
  }
}
