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

  static let numcodecsSettings = [
    Setting(name: "numcodecs.bz2", stage: .transform(BZ2Codec()), configuration: ["level": 1]),
    Setting(name: "numcodecs.bz2", stage: .transform(BZ2Codec(level: 9)), configuration: ["level": 9]),
    Setting(
      name: "numcodecs.lzma", stage: .transform(LZMACodec()),
      configuration: ["format": 1, "check": -1, "preset": .null, "filters": .null]),
    Setting(
      name: "numcodecs.lzma", stage: .transform(LZMACodec(check: .sha256, preset: 9)),
      configuration: ["format": 1, "check": 10, "preset": 9, "filters": .null]),
    Setting(
      name: "numcodecs.lzma", stage: .transform(LZMACodec(format: .alone, preset: 1 << 31)),
      configuration: ["format": 2, "check": -1, "preset": .integer(1 << 31), "filters": .null]),
    Setting(
      name: "numcodecs.lzma",
      stage: .transform(
        LZMACodec(
          format: .raw,
          filters: [
            .delta(distance: 256), .processor(.armThumb, startOffset: 2), .lzma1(allLZMAOptions),
          ])),
      configuration: [
        "format": 3, "check": -1, "preset": .null,
        "filters": [
          ["id": 3, "dist": 256], ["id": 8, "start_offset": 2],
          [
            "id": .integer(0x4000_0000_0000_0001), "preset": 2, "dict_size": 8192, "lc": 1, "lp": 2, "pb": 3,
            "mode": 1, "nice_len": 100, "mf": 3, "depth": 7,
          ],
        ],
      ]),
    Setting(name: "numcodecs.base64", stage: .transform(Base64Codec()), configuration: [:]),
    Setting(
      name: "numcodecs.shuffle", stage: .transform(ShuffleCodec(itemByteCount: 1)),
      configuration: ["elementsize": 1]),
    Setting(name: "numcodecs.crc32", stage: .checksum(CRC32Codec()), configuration: ["location": "start"]),
    Setting(
      name: "numcodecs.crc32", stage: .checksum(CRC32Codec(location: .end)),
      configuration: ["location": "end"]),
    Setting(
      name: "numcodecs.crc32c", stage: .checksum(NumcodecsCRC32CCodec()), configuration: ["location": "end"]),
    Setting(
      name: "numcodecs.adler32", stage: .checksum(Adler32Codec()), configuration: ["location": "start"]),
    Setting(name: "numcodecs.fletcher32", stage: .checksum(Fletcher32Codec()), configuration: [:]),
    Setting(
      name: "numcodecs.jenkins_lookup3", stage: .checksum(JenkinsLookup3Codec()),
      configuration: ["initval": 0]),
    Setting(
      name: "numcodecs.jenkins_lookup3",
      stage: .checksum(JenkinsLookup3Codec(initialValue: .max, prefix: [0, 255])),
      configuration: ["initval": 4_294_967_295, "prefix": [0, 255]]),
  ]

  private static var allLZMAOptions: LZMAOptions {
    var options = LZMAOptions()
    options.preset = 2
    options.dictionaryByteCount = 8192
    options.literalContextBits = 1
    options.literalPositionBits = 2
    options.positionBits = 3
    options.mode = .fast
    options.niceLength = 100
    options.matchFinder = .hashChain3
    options.depth = 7
    return options
  }

  @Test("All settings are spelled out, and read again as they were", arguments: settings + numcodecsSettings)
  func roundTrip(setting: Setting) throws {
    let store = MemoryStore()
    let options = ArrayOptions(chunkSize: .rows(5), compressors: [setting.stage])
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
    _ = try ZarrArray.create(
      in: store, shape: [1], options: ArrayOptions(chunkSize: .rows(1), compressors: []))
    var document = try storedDocument(in: store)
    document["codecs"] = [["name": "vlen-bytes"], codec]
    try store.put(JSONWriter().bytes(of: .object(document)), at: "zarr.json")
    return try ZarrArray.open(in: store)
  }

  @Test(
    "Settings that are left out have the default of their specification",
    arguments: [
      "zstd", "numcodecs.lz4", "gzip", "numcodecs.zlib", "blosc", "crc32c", "numcodecs.zstd",
      "numcodecs.gzip", "numcodecs.blosc", "numcodecs.bz2", "numcodecs.lzma", "numcodecs.base64",
      "numcodecs.crc32", "numcodecs.crc32c", "numcodecs.adler32", "numcodecs.fletcher32",
      "numcodecs.jenkins_lookup3", "zlib", "lz4", "bz2", "lzma",
    ])
  func defaults(name: String) throws {
    let array = try open(.string(name))
    try array.write(blobs: [[1, 2, 3]] as [[UInt8]])
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
      ("numcodecs.zstd", "level", 23), ("numcodecs.gzip", "level", 10), ("numcodecs.blosc", "shuffle", 3),
      ("numcodecs.blosc", "shuffle", "shuffle"), ("numcodecs.blosc", "shuffle", -2),
      ("numcodecs.blosc", "typesize", 0), ("numcodecs.bz2", "level", 0), ("numcodecs.bz2", "level", 10),
      ("bz2", "level", "1"), ("numcodecs.lzma", "format", 0), ("numcodecs.lzma", "format", 4),
      ("numcodecs.lzma", "check", 2), ("numcodecs.lzma", "check", "crc32"), ("numcodecs.lzma", "preset", 10),
      ("numcodecs.lzma", "preset", -1), ("numcodecs.lzma", "preset", 4_294_967_296),
      ("numcodecs.lzma", "filters", 1), ("numcodecs.lzma", "filters", []),
      ("numcodecs.lzma", "filters", [["id": 3]]), ("lzma", "level", 1), ("numcodecs.base64", "level", 1),
      ("numcodecs.shuffle", "elementsize", 0), ("numcodecs.shuffle", "elementsize", "4"),
      ("numcodecs.crc32", "location", "middle"), ("numcodecs.crc32c", "location", 1),
      ("numcodecs.adler32", "initval", 0), ("numcodecs.fletcher32", "location", "end"),
      ("numcodecs.jenkins_lookup3", "initval", -1), ("numcodecs.jenkins_lookup3", "initval", 4_294_967_296),
      ("numcodecs.jenkins_lookup3", "prefix", "ab"),
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
    "What is wrong with a filter of lzma is an error that names it",
    arguments: [
      (1, "[0]"), ([:], "[0].id"), (["id": 2], "[0].id"), (["id": "33"], "[0].id"),
      (["id": 33, "level": 1], "[0].level"), (["id": 33, "preset": 10], "[0].preset"),
      (["id": 33, "dict_size": -1], "[0].dict_size"), (["id": 33, "lc": 5], "[0].lc"),
      (["id": 33, "mode": 3], "[0].mode"), (["id": 33, "mf": 5], "[0].mf"),
      (["id": 33, "nice_len": 274], "[0].nice_len"), (["id": 3, "dist": 257], "[0].dist"),
      (["id": 3, "preset": 1], "[0].preset"), (["id": 4, "start_offset": -1], "[0].start_offset"),
      (["id": 33, "lc": 4, "lp": 4], ""), (["id": 33, "dict_size": 1], ""),
    ] as [(JSONValue, String)])
  func wrongFilter(filter: JSONValue, place: String) throws {
    let error = #expect(throws: ZarrError.self) {
      try open(["name": "numcodecs.lzma", "configuration": ["format": 3, "filters": [filter]]])
    }
    guard case .metadata(_, let reason)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(reason.field == "codecs[1].configuration.filters\(place)")
  }

  @Test("lzma says which of two settings does not go with the other")
  func conflictingSettings() throws {
    for (settings, field) in [
      (["preset": 1, "filters": [["id": 33]]], "preset"), (["format": 2, "check": 1], "check"),
      (["format": 3], "filters"), (["format": 2, "filters": [["id": 33]]], "filters"),
    ] as [(JSONObject, String)] {
      let error = #expect(throws: ZarrError.self) {
        try open(["name": "numcodecs.lzma", "configuration": .object(settings)])
      }
      #expect(error?.description.contains("codecs[1].configuration.\(field)") == true)
    }
  }

  @Test(
    "Settings as GDAL writes them are read",
    arguments: [
      ("numcodecs.blosc", ["cname": "lz4", "shuffle": "BIT"]), ("numcodecs.blosc", ["shuffle": "NONE"]),
      ("numcodecs.blosc", ["shuffle": "BYTE"]), ("numcodecs.lzma", ["preset": 6, "delta": 1]),
    ] as [(String, JSONObject)])
  func settingsOfGDAL(name: String, settings: JSONObject) throws {
    let array = try open(["name": .string(name), "configuration": .object(settings)])
    try array.write(blobs: [[1, 2, 3]] as [[UInt8]])
    #expect(try array.read().arrays() == [[1, 2, 3]])
  }

  @Test("Bytes may be in the codec of text if they are text, and text in that of bytes")
  func crossedCodecs() throws {
    let store = MemoryStore()
    _ = try ZarrArray.create(
      in: store, shape: [1], options: ArrayOptions(chunkSize: .rows(1), compressors: []))
    for (type, codec) in [("bytes", "vlen-utf8"), ("string", "vlen-bytes")] as [(JSONValue, JSONValue)] {
      var document = try storedDocument(in: store)
      document["data_type"] = type
      document["codecs"] = [codec]
      try store.put(JSONWriter().bytes(of: .object(document)), at: "zarr.json")
      let array = try ZarrArray.open(in: store)
      try array.write(blobs: [Array("é".utf8)])
      #expect(try store.value(of: "c/0") == [1, 0, 0, 0, 2, 0, 0, 0, 0xC3, 0xA9])
      #expect(try array.read().arrays() == [Array("é".utf8)])
      #expect(throws: ZarrError.self) { try array.write(blobs: [[0xFF]] as [[UInt8]]) }
    }
  }

  @Test(
    "A name that stands for a codec stays when metadata is written again",
    arguments: ["zlib", "lz4", "bz2", "lzma", "numcodecs.zstd", "numcodecs.gzip", "numcodecs.blosc"])
  func aliases(name: String) throws {
    let array = try open(["name": .string(name), "configuration": [:]])
    try array.write(blobs: [[1, 2, 3]] as [[UInt8]])
    try array.resize(to: [2])
    #expect(
      try storedDocument(in: array.store)["codecs"]
        == [["name": "vlen-bytes", "configuration": [:]], ["name": .string(name), "configuration": [:]]])
    #expect(try array.read().arrays() == [[1, 2, 3], []])
  }

  @Test(
    "Codecs that are unknown, or in a place where they cannot be, are errors that name them",
    arguments: [
      (["vlen-bytes", "zfp"], "codecs[1]", "zfp"),
      (["zstd", "vlen-bytes"], "codecs[0]", "zstd"),
      (["vlen-bytes", "vlen-bytes"], "codecs[1]", "vlen-bytes"),
      (["zstd"], "codecs[0]", "vlen-bytes"),
      (["transpose", "vlen-bytes"], "codecs[0].configuration.order", "missing"),
      (["sharding_indexed"], "codecs[0].configuration.chunk_shape", "missing"),
      (["bytes"], "codecs[0]", "bytes"),
    ])
  func wrongChain(codecs: [String], field: String, name: String) throws {
    let store = MemoryStore()
    _ = try ZarrArray.create(
      in: store, shape: [1], options: ArrayOptions(chunkSize: .rows(1), compressors: []))
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
    let options = ArrayOptions(chunkSize: .rows(1), compressors: [.checksum(NamelessChecksum())])
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
