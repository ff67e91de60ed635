import ChunkEngine
import TestSupport
import Testing

@testable import Zarr

@Suite("Shards in metadata")
struct ShardingMetadataTests {
  private let indexCodecs: JSONValue = [
    ["name": "bytes", "configuration": ["endian": "little"]], ["name": "crc32c"],
  ]

  private func codec(_ settings: JSONObject) -> JSONValue {
    ["name": "sharding_indexed", "configuration": .object(settings)]
  }

  private func sharding(_ settings: JSONObject, chunkShape: [Int]? = [8]) throws -> ShardingCodec {
    let chain = try CodecChain([codec(settings)], for: .string, chunkShape: chunkShape)
    return try #require(chain.arrayToBytes as? ShardingCodec)
  }

  @Test("All settings are read")
  func settings() throws {
    let settings: JSONObject = [
      "chunk_shape": [2],
      "codecs": [["name": "vlen-utf8"], ["name": "zstd", "configuration": ["level": 3]]],
      "index_codecs": [["name": "bytes", "configuration": ["endian": "big"]]], "index_location": "start",
    ]
    let codec = try sharding(settings)
    #expect(codec.chunkShape == [2])
    #expect(codec.chain.arrayToBytes is VlenUTF8Codec)
    #expect(codec.chain.stages.count == 1)
    #expect(codec.chain.elementsAreText)
    #expect(codec.index.location == .start)
    #expect((codec.index.chain.arrayToBytes as? BytesCodec)?.byteOrder == .big)
    #expect(codec.index.chain.stages.isEmpty)
  }

  @Test("Without codecs inner chunks have the usual one, and the index a checksum at the end")
  func defaults() throws {
    let codec = try sharding(["chunk_shape": [4]])
    #expect(codec.chain.arrayToBytes is VlenUTF8Codec)
    #expect(codec.chain.stages.isEmpty)
    #expect(codec.index.location == .end)
    #expect((codec.index.chain.arrayToBytes as? BytesCodec)?.byteOrder == .little)
    #expect(codec.index.chain.stages.count == 1)
    let numbers = try CodecChain(
      [self.codec(["chunk_shape": [4]])], for: .number(.int32), chunkShape: [8])
    #expect((numbers.arrayToBytes as? ShardingCodec)?.chain.arrayToBytes is BytesCodec)
  }

  @Test(
    "A setting that is wrong is an error that names it",
    arguments: [
      ("chunk_shape", 4, "chunk_shape"), ("chunk_shape", [], "chunk_shape"),
      ("chunk_shape", [4, 4], "chunk_shape"),
      ("chunk_shape", [0], "chunk_shape[0]"), ("chunk_shape", ["4"], "chunk_shape[0]"),
      ("codecs", [], "codecs"), ("codecs", "vlen-utf8", "codecs"), ("codecs", ["zfp"], "codecs[0]"),
      ("codecs", ["vlen-utf8", "vlen-utf8"], "codecs[1]"), ("codecs", [4], "codecs[0]"),
      ("index_codecs", [], "index_codecs"), ("index_codecs", ["vlen-bytes"], "index_codecs[0]"),
      ("index_codecs", ["bytes"], "index_codecs[0].configuration.endian"),
      ("index_location", "middle", "index_location"), ("index_location", 0, "index_location"),
      ("subchunk_write_order", "morton", "subchunk_write_order"),
    ] as [(String, JSONValue, String)])
  func wrongSetting(name: String, value: JSONValue, field: String) {
    var settings: JSONObject = ["chunk_shape": [4]]
    settings[name] = value
    expectRefused(
      [codec(settings)], for: .string, chunkShape: [8], field: "codecs[0].configuration.\(field)")
  }

  @Test("An index with a compressor is refused")
  func compressedIndex() {
    let settings: JSONObject = [
      "chunk_shape": [4],
      "index_codecs": [
        ["name": "bytes", "configuration": ["endian": "little"]],
        ["name": "zstd", "configuration": ["level": 1]],
      ],
    ]
    expectRefused(
      [codec(settings)], for: .string, chunkShape: [8], field: "codecs[0].configuration.index_codecs")
  }

  @Test("Shards of shards divide what they are given, evenly or not", arguments: [2, 3, 5])
  func nested(side: Int) throws {
    let inner = codec(["chunk_shape": [.integer(side)]])
    let outer = try sharding(["chunk_shape": [4], "codecs": [inner]])
    #expect((outer.chain.arrayToBytes as? ShardingCodec)?.chunkShape == [side])
  }

  @Test("An array with a codec that is left out inside of its shards is only read", arguments: [false, true])
  func unknownCodec(isIndex: Bool) throws {
    let store = MemoryStore()
    let unknown: JSONValue = ["name": "example.unknown", "must_understand": false]
    var settings: JSONObject = ["chunk_shape": [2], "codecs": ["vlen-bytes"], "index_codecs": indexCodecs]
    settings[isIndex ? "index_codecs" : "codecs"] = .array(
      (settings[isIndex ? "index_codecs" : "codecs"]?.arrayValue ?? []) + [unknown])
    _ = try ZarrArray.create(
      in: store, shape: [4], options: ArrayOptions(chunkSize: .rows(4), compressors: []))
    var document = try storedDocument(in: store)
    document["codecs"] = [codec(settings)]
    try store.put(JSONWriter().bytes(of: .object(document)), at: "zarr.json")
    let array = try ZarrArray.open(in: store)
    #expect(try array.read().arrays() == [[], [], [], []])
    let error = #expect(throws: ZarrError.self) { try array.write(blobs: [[1], [2], [3], [4]] as [[UInt8]]) }
    guard case .notWritable? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
  }
}
