import ChunkEngine
import ExampleExtension
import TestSupport
import Testing
import Zarr

/// A data type, codecs, elements and a store that another package adds, without a change in the library.
@Suite("Another package's types, codecs and store")
struct ExampleExtensionTests {
  private let store = ListStore()

  init() {
    ExampleExtension.register()
  }

  /// The document of the array in the store.
  private func document() throws -> JSONObject {
    let bytes = try #require(try store.bytes(of: StoreKey("zarr.json"), limit: 1 << 20))
    return try #require(try JSONParser().parse(bytes).objectValue)
  }

  @Test("The store keeps the promises of stores")
  func storeConformance() throws {
    try expectConforms(store)
  }

  @Test("The codec does what the engine relies on")
  func codecConformance() throws {
    let encoder = try ExclusiveOrCodec(key: "ab").makeEncoder()
    var arena = ByteArena()
    try arena.append(addingCapacity: 3) { output throws(ChunkError) in
      try encoder.encode(bytes(0, 0x62, 1).span.bytes, into: &output)
    }
    #expect(Array(copying: arena.bytes) == [0x61, 0, 0x60])
  }

  @Test("Elements of the data type go through the codec to the store, and come back")
  func amounts() throws {
    let amounts = (0..<100).map { Amount(units: Int64($0 - 50) * 12_345) }
    try ZarrArray.create(
      in: store, writing: amounts,
      options: ArrayOptions(
        chunkSize: .rows(30), compressors: [.transform(ExclusiveOrCodec(key: "seven")), .zstd()],
        fillValue: [0xCE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]))
    let document = try document()
    #expect(document["data_type"] == ["name": "example.decimal", "configuration": ["digits": 2]])
    #expect(document["fill_value"] == "-0.50")
    #expect(document["codecs"]?.arrayValue?[1] == ["name": "example.xor", "configuration": ["key": "seven"]])

    let array = try ZarrArray.open(in: store)
    #expect(try array.read(as: Amount.self) == amounts)
    #expect(array.dataType == Amount.dataType)
    let element = try array.read([49..<50])
    #expect(try array.dataType.json(ofElement: element[0].bytes) == "-123.45")
    try array.withWriteBack(as: Amount.self) { view in
      for index in 0..<100 { try view.write(Amount(units: Int64(index)), at: index) }
    }
    let appender = try Appender(to: array)
    try appender.append(Amount(units: 100))
    try appender.finish()
    #expect(try ZarrArray.open(in: store).read(as: Amount.self) == (0..<101).map { Amount(units: $0) })
    #expect(throws: ZarrError.self) { try array.read(as: Int64.self) }
  }

  @Test("Elements that were never written are the fill value of the data type")
  func fillValue() throws {
    let array = try ZarrArray.create(
      in: store, shape: [3], options: ArrayOptions(dataType: Amount.dataType, chunkSize: .rows(2)))
    #expect(try document()["fill_value"] == "0.00")
    #expect(try array.read(as: Amount.self) == [0, 0, 0].map(Amount.init))
  }

  @Test("A codec makes bytes of elements")
  func lines() throws {
    let texts = ["north", "", "südwest", "east", "last"]
    try ZarrArray.create(
      in: store, writing: texts,
      options: ArrayOptions(
        chunkSize: .rows(3), compressors: [], serializer: MetadataExtension(name: LinesCodec.name)))
    #expect(try store.bytes(of: StoreKey("c/0"), limit: 100) == Array("north\n\nsüdwest\n".utf8))
    let array = try ZarrArray.open(in: store)
    #expect(try array.read(as: String.self) == texts)
    #expect(throws: ZarrError.self) { try array.write(["two\nlines"], to: [0..<1]) }
    try store.write(StoreKey("c/0"), bytes(0x61, 0x0A).span.bytes)
    #expect(throws: ZarrError.self) { try array.read() }
  }

  @Test("What its settings do not allow is an error of the metadata")
  func settings() throws {
    func open(_ change: (inout JSONObject) -> Void) throws {
      try ZarrArray.create(
        in: store, writing: [Amount(units: 1)], options: ArrayOptions(overwrites: true))
      var document = try document()
      change(&document)
      let text = JSONWriter().bytes(of: .object(document))
      try store.write(StoreKey("zarr.json"), text.span.bytes)
      _ = try ZarrArray.open(in: store)
    }
    try open { _ in }
    #expect(throws: ZarrError.self) {
      try open { $0["data_type"] = ["name": "example.decimal", "configuration": ["digits": 10]] }
    }
    #expect(throws: ZarrError.self) {
      try open { $0["data_type"] = ["name": "example.decimal", "configuration": ["places": 2]] }
    }
    #expect(throws: ZarrError.self) { try open { $0["fill_value"] = "1.234" } }
    #expect(throws: ZarrError.self) { try open { $0["data_type"] = "example.other" } }
    #expect(throws: ZarrError.self) {
      try open {
        $0["codecs"] = [["name": "bytes", "configuration": ["endian": "little"]], ["name": "example.no"]]
      }
    }
    #expect(throws: ZarrError.self) { try open { $0["codecs"] = [["name": "example.lines"]] } }
    for configuration: JSONObject in [[:], ["key": 7], ["key": ""], ["key": "k", "a": 1]] {
      #expect(throws: ZarrError.self, "\(configuration)") {
        try open {
          $0["codecs"] = [
            ["name": "bytes", "configuration": ["endian": "little"]],
            ["name": "example.xor", "configuration": .object(configuration)],
          ]
        }
      }
    }
  }

  /// The codec under a name that nothing registers.
  struct StrangeCodec: BytesToBytesCodec, BytesEncoder, BytesDecoder, MetadataCodec {
    static var name: String { "example.strange" }

    init() {}
    init(_ settings: CodecSettings) throws(MetadataError) {}

    var configuration: JSONObject { [:] }

    func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int { byteCount }
    func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {}
    func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {}
  }

  @Test("An array with a codec that is not registered is not created, and the error says what to do")
  func unregistered() throws {
    let error = #expect(throws: ZarrError.self) {
      try ZarrArray.create(
        in: store, writing: ["a"], options: ArrayOptions(compressors: [.transform(StrangeCodec())]))
    }
    let message = try #require(error).description
    #expect(message.contains(#"the codec "example.strange" is not supported"#))
    #expect(message.contains("register it with CodecRegistry"))
    #expect(store.keys.isEmpty)
  }
}
