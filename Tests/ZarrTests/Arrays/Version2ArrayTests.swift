import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Arrays of Zarr v2")
struct Version2ArrayTests {
  private func create(
    _ type: DataType, _ change: (inout ArrayOptions) -> Void = { _ in }
  ) throws -> ZarrArray {
    var options = ArrayOptions(
      dataType: type, chunkSize: .shape([2, 3]), compressors: [.zlib()], zarrFormat: .version2)
    change(&options)
    return try ZarrArray.create(in: MemoryStore(), shape: [5, 7], options: options)
  }

  private func document(_ array: ZarrArray, _ name: String = ".zarray") throws -> JSONObject {
    let key = try StoreKey(name)
    let bytes = try #require(try array.store.bytes(of: key, limit: 1 << 20))
    return try #require(try JSONParser().parse(bytes).objectValue)
  }

  private func store(_ document: JSONObject, _ values: [String: [UInt8]] = [:]) throws -> MemoryStore {
    let store = MemoryStore()
    let bytes = JSONWriter().bytes(of: .object(document))
    try store.write(StoreKey(".zarray"), bytes.span.bytes)
    for (name, value) in values { try store.write(StoreKey(name), value.span.bytes) }
    return store
  }

  @Test("Structures of either byte order, with arrays, are created, written and copied to Zarr v3")
  func structures() throws {
    let type = DataType.structure([
      StructureField("a", .number(.int16)), StructureField("b", .subarray(of: .number(.uint16), shape: [2])),
    ])
    let dtype: JSONValue = [["a", "<i2"], ["b", ">u2", [2]]]
    let array = try create(type) {
      $0.compressors = []
      $0.serializer = MetadataExtension(name: "numpy.structure", configuration: ["dtype": dtype])
      $0.fillValue = [1, 0, 2, 0, 3, 0]
    }
    // The bytes of the fill value as they are stored: 0100 0002 0003.
    #expect(try document(array)["fill_value"] == "AQAAAgAD")
    #expect(try document(array)["dtype"] == dtype)
    try array.write(blobs: [[9, 0, 8, 0, 7, 0]] as [[UInt8]], to: [0..<1, 0..<1])
    let stored = try #require(try array.store.bytes(of: StoreKey("0.0"), limit: 1 << 20))
    #expect(Array(stored.prefix(12)) == [9, 0, 0, 8, 0, 7, 1, 0, 0, 2, 0, 3])
    #expect(try ZarrArray.open(in: array.store).read().arrays() == array.read().arrays())

    let copy = try ZarrArray.create(
      in: MemoryStore(), shape: [5, 7], options: ArrayOptions(dataType: type, chunkSize: .shape([2, 3])))
    try copy.write(contentsOf: array)
    #expect(try copy.read().arrays() == array.read().arrays())
    let item = StructureField("0", .number(.uint16))
    #expect(
      copy.dataType
        == .structure([
          StructureField("a", .number(.int16)),
          StructureField("b", .structure([item, StructureField("1", .number(.uint16))])),
        ]))
  }

  @Test("A new array has the documents that zarr-python 2 writes")
  func documents() throws {
    let array = try create(.number(.int32)) { $0.attributes = ["title": "é"] }
    #expect(
      try document(array) == [
        "zarr_format": 2, "shape": [5, 7], "chunks": [2, 3], "dtype": "<i4", "fill_value": 0, "order": "C",
        "filters": .null, "compressor": ["id": "zlib", "level": 1], "dimension_separator": ".",
      ])
    #expect(try document(array, ".zattrs") == ["title": "é"])
    #expect(array.metadata.zarrFormat == .version2)
    #expect(try ZarrArray.open(in: array.store).metadata == array.metadata)
  }

  @Test(
    "A new array has the type, filters and fill value of its elements",
    arguments: [
      (.string, "|O", #"[{"id":"vlen-utf8"}]"#, #""""#), (.bytes, "|O", #"[{"id":"vlen-bytes"}]"#, #""""#),
      (.array(of: .number(.int16)), "|O", #"[{"id":"vlen-array","dtype":"<i2"}]"#, "null"),
      (.number(.bool), "|b1", "null", "false"), (.number(.float16), "<f2", "null", "0.0"),
      (.number(.complex64), "<c8", "null", "[0.0,0.0]"),
      (.nullTerminatedBytes(byteCount: 3), "|S3", "null", #""""#),
      (.fixedLengthUTF32(length: 3), "<U3", "null", #""""#),
      (.rawBytes(byteCount: 2), "|V2", "null", #""AAA=""#),
      (.opaqueBytes(byteCount: 2), "|V2", "null", #""AAA=""#),
      (.datetime64(.seconds, scaleFactor: 25), "<M8[25s]", "null", "-9223372036854775808"),
      (.timedelta64(.generic, scaleFactor: 1), "<m8", "null", "-9223372036854775808"),
      (
        .structure([
          StructureField("a", .number(.int16)),
          StructureField("b", .structure([StructureField("c", .number(.uint8))])),
        ]),
        [["a", "<i2"], ["b", [["c", "|u1"]]]], "null", #""AAAA""#
      ),
    ] as [(DataType, JSONValue, String, String)])
  func types(type: DataType, dtype: JSONValue, filters: String, fillValue: String) throws {
    let document = try document(try create(type))
    #expect(document["dtype"] == dtype)
    #expect(document["filters"] == (try parse(filters)))
    #expect(document["fill_value"] == (try parse(fillValue)))
  }

  @Test("JSON is stored by json2")
  func json() throws {
    let array = try create(.json)
    let filter = try #require(try document(array)["filters"]?.arrayValue?.first?.objectValue)
    #expect(filter["id"] == "json2")
    let elements = ["1", #"{"a":null}"#, "[]"].map { Array($0.utf8) }
    try array.write(blobs: elements, to: ArrayRegion([0..<1, 0..<3]))
    #expect(try array.read(ArrayRegion([0..<1, 0..<4])).arrays() == elements + [Array("null".utf8)])
  }

  @Test("Codecs become filters and a compressor")
  func codecs() throws {
    let array = try create(.number(.float64)) {
      $0.filters = [
        MetadataExtension(name: "transpose", configuration: ["order": [1, 0]]),
        MetadataExtension(name: "numcodecs.delta", configuration: ["dtype": ">f8"]),
      ]
      $0.serializer = MetadataExtension(name: "bytes", configuration: ["endian": "big"])
      $0.compressors = [.crc32c, .blosc(.zstd, level: 3, shuffle: .bit)]
      $0.fillValue = [1, 0, 0, 0, 0, 0, 0xF8, 0x7F]
    }
    let stored = try document(array)
    #expect(stored["dtype"] == ">f8")
    #expect(stored["order"] == "F")
    #expect(stored["filters"] == [["id": "delta", "dtype": ">f8"], ["id": "crc32c"]])
    #expect(
      stored["compressor"] == ["id": "blosc", "cname": "zstd", "clevel": 3, "shuffle": 2, "blocksize": 0])
    #expect(stored["fill_value"] == "NaN")
    #expect(try document(try create(.bytes) { $0.compressors = [] })["compressor"] == .null)
  }

  @Test(
    "Frames of Zstandard have a checksum, of which the document says nothing",
    arguments: [
      [.zstd(level: 3), .crc32c], [.zstd(level: 3, hasChecksum: true)], [.zstd(level: 3)],
    ] as [[CodecChain.Stage]])
  func frameChecksums(codecs: [CodecChain.Stage]) throws {
    let store = MemoryStore()
    let options = ArrayOptions(
      dataType: .string, chunkSize: .rows(2), compressors: codecs, zarrFormat: .version2)
    _ = try ZarrArray.create(in: store, shape: [2], options: options)
    let array = try ZarrArray.open(in: store)
    #expect(try document(array)["compressor"] == ["id": "zstd", "level": 3])
    try array.write(["one", "two"])
    // RFC 8878, section 3.1.1.1.1: the bit that says that a checksum follows the content.
    #expect(try storedValue(at: "0", in: store)[4] & 4 != 0)
    #expect(try array.read().strings() == ["one", "two"])
  }

  @Test("Chunks are named as the options say, and with dots otherwise")
  func chunkKeys() throws {
    let array = try create(.bytes) { $0.chunkKeyEncoding = ChunkKeyEncoding(.v2, separator: .slash) }
    #expect(array.key(ofChunkAt: [1, 2]).description == "1/2")
    #expect(try create(.bytes).key(ofChunkAt: [1, 2]).description == "1.2")
  }

  @Test("What Zarr v2 does not have is refused")
  func unavailable() throws {
    let nested = DataType.optional(.number(.int8))
    for type in [.number(.bfloat16), .smallNumber(.int4), nested, .structure([StructureField("a", nested)])]
      as [DataType]
    {
      #expect(throws: ZarrError.self) { try create(type) }
    }
    let changes: [(inout ArrayOptions) -> Void] = [
      { $0.dimensionNames = ["x", "y"] }, { $0.dataTypeName = "binary" }, { $0.shardSize = .shape([4, 6]) },
      { $0.filters = [MetadataExtension(name: "reshape", configuration: ["shape": [6]])] },
      { $0.serializer = MetadataExtension(name: "zarrs.vlen") },
    ]
    for change in changes {
      let error = #expect(throws: ZarrError.self) { try create(.bytes, change) }
      guard case .metadata(_, let reason)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(reason.code == .unsupported)
    }
    #expect(throws: ZarrError.self) {
      try create(.json) { $0.serializer = MetadataExtension(name: "vlen-utf8") }
    }
  }

  @Test("Elements are written, found, grown and appended to", arguments: [false, true])
  func elements(isColumnMajor: Bool) throws {
    let array = try create(.string) {
      if isColumnMajor {
        $0.filters = [MetadataExtension(name: "transpose", configuration: ["order": [1, 0]])]
      }
    }
    let elements = (0..<35).map { Array("element \($0)".utf8) }
    try array.write(blobs: elements)
    #expect(try ZarrArray.open(in: array.store).read().arrays() == elements)
    let appender = try Appender(to: array)
    for element in elements.prefix(7) { try appender.append(blob: element.span.bytes) }
    try appender.finish()
    #expect(try ZarrArray.open(in: array.store).read().arrays() == elements + elements.prefix(7))
    #expect(try document(array)["shape"] == [6, 7])
  }

  @Test("A group of Zarr v2 holds arrays of Zarr v2")
  func group() throws {
    let root = try ZarrGroup.create(in: MemoryStore(), zarrFormat: .version2)
    try root.createArray(at: "a/labels", writing: ["x", "y"])
    let array = try root.createArray(at: "b", shape: [3], options: ArrayOptions(chunkSize: .shape([2])))
    #expect(array.metadata.zarrFormat == .version2)
    guard case .array(let labels) = try ZarrNode.open(in: root.store, at: "a/labels") else {
      Issue.record("no array")
      return
    }
    #expect(labels.metadata.zarrFormat == .version2)
    #expect(try labels.read().strings() == ["x", "y"])
    try root.consolidate()
    #expect(try ZarrGroup.open(in: root.store).children().count == 2)
  }

  @Test("Where both versions have a document, that of version 3 counts")
  func bothVersions() throws {
    let array = try create(.number(.int32))
    let other = try ZarrArray.create(in: MemoryStore(), writing: ["x"])
    let bytes = try #require(try other.store.bytes(of: StoreKey("zarr.json"), limit: 1 << 20))
    try array.store.write(StoreKey("zarr.json"), bytes.span.bytes)
    #expect(try ZarrArray.open(in: array.store).dataType == .string)
  }

  @Test(
    "Chunks of the fill value are stored if others could find something else in their place",
    arguments: [("null", true), ("0", true), (#""""#, false)])
  func undefinedFillValue(text: String, isStored: Bool) throws {
    let store = try store(
      version2Document {
        $0["dtype"] = "|O"
        $0["filters"] = [["id": "vlen-utf8"]]
        $0["fill_value"] = try? parse(text)
      })
    let array = try ZarrArray.open(in: store)
    try array.write(blobs: (0..<35).map { _ in [UInt8]() })
    #expect(try store.list("").contains { $0.description == "0.0" } == isStored)
  }

  @Test(
    "An array of pickles opens, and says why it is not read",
    arguments: [
      #"[{"id":"pickle","protocol":5}]"#, #"[{"id":"vlen-utf8"},{"id":"pickle"}]"#,
      #"[{"id":"zlib","level":1},{"id":"pickle"}]"#,
    ])
  func pickle(filters: String) throws {
    let chunk: [UInt8] = Array("cos\nsystem\n(S'true'\ntR.".utf8)
    let store = try store(
      version2Document {
        $0["dtype"] = "|O"
        $0["filters"] = try? parse(filters)
        $0["fill_value"] = ["any": ["thing"]]
      }, ["0.0": chunk])
    let array = try ZarrArray.open(in: store)
    #expect(array.shape == [5, 7])
    #expect(array.metadata.json["fill_value"] == ["any": ["thing"]])
    #expect(try array.storedBytes(ofChunkAt: [0, 0]) == chunk)
    let reading = #expect(throws: ZarrError.self) { try array.read() }
    #expect(reading?.description.contains("json2") == true)
    #expect(throws: (any Error).self) { try array.scan { _, _ in } }
    let writing = #expect(throws: ZarrError.self) {
      try array.write(blobs: [[UInt8]()], to: ArrayRegion([0..<1, 0..<1]))
    }
    guard case .notWritable? = writing else {
      Issue.record("\(String(describing: writing))")
      return
    }
    try array.setAttributes(["seen": true])
    #expect(try ZarrArray.open(in: store).metadata.attributes == ["seen": true])
  }
}
