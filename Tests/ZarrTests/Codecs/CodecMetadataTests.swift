import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Codecs in metadata")
struct CodecMetadataTests {
  /// A codec and what documents say of it.
  struct Setting: CustomTestStringConvertible, Sendable {
    let name: String
    let stage: CodecChain.Stage
    let configuration: JSONObject
    var testDescription: String { "\(name) \(JSONValue.object(configuration))" }
  }

  static let settings = [
    Setting(name: "zstd", stage: .zstd(), configuration: ["level": 1, "checksum": false]),
    Setting(
      name: "zstd", stage: .zstd(level: -7, hasChecksum: true),
      configuration: ["level": -7, "checksum": true]),
    Setting(name: "zstd", stage: .zstd(level: 22), configuration: ["level": 22, "checksum": false]),
    Setting(name: "numcodecs.lz4", stage: .lz4(), configuration: ["acceleration": 1]),
    Setting(name: "numcodecs.lz4", stage: .lz4(acceleration: 65537), configuration: ["acceleration": 65537]),
    Setting(name: "gzip", stage: .gzip(), configuration: ["level": 5]),
    Setting(name: "gzip", stage: .gzip(level: 0), configuration: ["level": 0]),
    Setting(name: "gzip", stage: .gzip(level: 9), configuration: ["level": 9]),
    Setting(name: "numcodecs.zlib", stage: .zlib(), configuration: ["level": 1]),
    Setting(name: "numcodecs.zlib", stage: .zlib(level: 9), configuration: ["level": 9]),
    Setting(
      name: "blosc", stage: .blosc(),
      configuration: ["cname": "lz4", "clevel": 5, "shuffle": "noshuffle", "typesize": 1, "blocksize": 0]),
    Setting(
      name: "blosc",
      stage: .transform(
        BloscCodec(compressor: .zstd, level: 9, shuffle: .bit, itemByteCount: 8, blockByteCount: 4096)),
      configuration: [
        "cname": "zstd", "clevel": 9, "shuffle": "bitshuffle", "typesize": 8, "blocksize": 4096,
      ]),
    Setting(
      name: "blosc",
      stage: .transform(BloscCodec(compressor: .blosclz, level: 0, shuffle: .byte, itemByteCount: 255)),
      configuration: ["cname": "blosclz", "clevel": 0, "shuffle": "shuffle", "typesize": 255, "blocksize": 0]),
    Setting(name: "crc32c", stage: .crc32c, configuration: [:]),
  ]

  @Test("All settings are spelled out, and read again as they were", arguments: settings)
  func roundTrip(setting: Setting) throws {
    let store = MemoryStore()
    let options = ArrayOptions(chunkSize: .count(5), codecs: [setting.stage])
    let elements = ArrayElements.numbered(12)
    try ZarrArray.create(in: store, writing: elements, options: options)
    let document = try storedDocument(in: store)
    #expect(
      document["codecs"] == [
        ["name": "vlen-bytes", "configuration": [:]],
        ["name": .string(setting.name), "configuration": .object(setting.configuration)],
      ])
    // Opened and written again the settings are the same, so they were read.
    let array = try ZarrArray.open(in: store)
    #expect(try array.read().arrays() == elements)
    try array.resize(to: [13])
    #expect(try storedDocument(in: store)["codecs"] == document["codecs"])
  }

  /// Opens an array whose second codec is given.
  private func open(_ codec: JSONValue, dataType: String = "bytes") throws -> ZarrArray {
    let store = MemoryStore()
    _ = try ZarrArray.create(in: store, shape: [1], options: ArrayOptions(chunkSize: .count(1), codecs: []))
    var document = try storedDocument(in: store)
    document["codecs"] = [["name": "vlen-bytes"], codec]
    try store.put(JSONWriter().bytes(of: .object(document)), at: "zarr.json")
    return try ZarrArray.open(in: store)
  }

  @Test(
    "Settings that are left out have the default of their specification",
    arguments: ["zstd", "numcodecs.lz4", "gzip", "numcodecs.zlib", "blosc", "crc32c"])
  func defaults(name: String) throws {
    let array = try open(.string(name))
    try array.write([[1, 2, 3]] as [[UInt8]])
    #expect(try array.read().arrays() == [[1, 2, 3]])
    #expect(try open(["name": .string(name), "configuration": [:]]).count == 1)
  }

  @Test(
    "A setting that is wrong is an error that names it",
    arguments: [
      ("zstd", "level", 23), ("zstd", "level", "3"), ("zstd", "level", .number(JSONNumber(1.5))),
      ("zstd", "level", .null),
      ("zstd", "checksum", 1), ("zstd", "checksum", "true"), ("zstd", "threads", 2),
      ("numcodecs.lz4", "acceleration", 2_147_483_648), ("numcodecs.lz4", "acceleration", "1"),
      ("numcodecs.lz4", "level", 1), ("gzip", "level", 10), ("gzip", "level", -1),
      ("gzip", "checksum", false),
      ("numcodecs.zlib", "level", 10), ("numcodecs.zlib", "level", -1), ("numcodecs.zlib", "wbits", 15),
      ("blosc", "cname", "snappyish"), ("blosc", "cname", 1), ("blosc", "clevel", 10),
      ("blosc", "clevel", -1),
      ("blosc", "shuffle", 1), ("blosc", "shuffle", "auto"), ("blosc", "typesize", 0),
      ("blosc", "typesize", 256),
      ("blosc", "blocksize", -1), ("blosc", "blocksize", 2_147_483_648), ("blosc", "level", 5),
      ("crc32c", "location", "end"),
    ] as [(String, String, JSONValue)])
  func wrongSetting(codec: String, setting: String, value: JSONValue) throws {
    let error = #expect(throws: ZarrError.self) {
      try open(["name": .string(codec), "configuration": .object(JSONObject([(setting, value)]))])
    }
    guard case .metadata("memory", let reason)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(reason.field == "codecs[1].configuration.\(setting)")
  }

  @Test(
    "Codecs that are unknown, or in a place where they cannot be, are errors that name them",
    arguments: [
      (["vlen-bytes", "zfp"], "codecs[1]", "zfp"),
      (["zstd", "vlen-bytes"], "codecs[0]", "zstd"),
      (["vlen-bytes", "vlen-bytes"], "codecs[1]", "vlen-bytes"),
      (["zstd"], "codecs[0]", "vlen-bytes"),
      (["vlen-utf8"], "codecs", "vlen-bytes"),
      (["transpose", "vlen-bytes"], "codecs[0].configuration.order", "missing"),
      (["sharding_indexed"], "codecs[0]", "sharding_indexed"),
      (["bytes"], "codecs[0]", "bytes"),
    ])
  func wrongChain(codecs: [String], field: String, name: String) throws {
    let store = MemoryStore()
    _ = try ZarrArray.create(in: store, shape: [1], options: ArrayOptions(chunkSize: .count(1), codecs: []))
    var document = try storedDocument(in: store)
    document["codecs"] = .array(codecs.map { ["name": .string($0), "configuration": [:]] })
    try store.put(JSONWriter().bytes(of: .object(document)), at: "zarr.json")
    let error = #expect(throws: ZarrError.self) { try ZarrArray.open(in: store) }
    guard case .metadata("memory", let reason)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(reason.field == field)
    #expect(reason.message.contains(name))
  }

  @Test("Codecs without a name in metadata cannot be stored")
  func namelessCodec() throws {
    let store = MemoryStore()
    let options = ArrayOptions(chunkSize: .count(1), codecs: [.checksum(NamelessChecksum())])
    let error = #expect(throws: ZarrError.self) {
      try ZarrArray.create(in: store, shape: [1], options: options)
    }
    guard case .metadata("memory", let reason)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(reason.field == "codecs")
    #expect(store.count == 0)
  }
}

/// A codec of the engine that documents have no name for.
private struct NamelessChecksum: ChecksumCodec {
  static var name: String { "nameless" }
  func checksum(of bytes: RawSpan) -> UInt32 { UInt32(truncatingIfNeeded: bytes.byteCount) }
}
