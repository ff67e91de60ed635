import TestSupport
import Testing
import Zarr

@Suite("Array metadata")
struct ArrayMetadataTests {
  /// Reads the sample document after a change to it.
  private func decode(_ change: (inout JSONObject) -> Void) throws -> ArrayMetadata {
    var document = try sampleDocument()
    change(&document)
    return try ArrayMetadata(decoding: JSONWriter().bytes(of: .object(document)))
  }

  @Test("A document of zarr-python is read")
  func decoding() throws {
    let metadata = try ArrayMetadata(decoding: Array(SampleDocument.array.utf8))
    #expect(metadata.shape == [5, 7])
    #expect(metadata.elementCount == 35)
    #expect(metadata.dataType == .bytes)
    #expect(metadata.dataTypeName == "variable_length_bytes")
    #expect(metadata.chunkGrid.chunkShape == [2, 3])
    #expect(metadata.chunkGrid.chunkCounts(of: metadata.shape) == [3, 3])
    #expect(metadata.chunkKeyEncoding == ChunkKeyEncoding(.default, separator: .slash))
    #expect(metadata.fillValue == [0, 255])
    #expect(metadata.codecs.map(\.name) == ["vlen-bytes", "zstd"])
    #expect(metadata.codecs[1].configuration == ["level": 0, "checksum": false])
    #expect(metadata.attributes["title"] == "é")
    #expect(metadata.dimensionNames == ["x", nil])
    #expect(metadata.storageTransformers == [])
    #expect(metadata.additionalFields.map(\.key) == ["later"])
  }

  @Test("A document of zarr-python is rewritten byte for byte")
  func rewriting() throws {
    let metadata = try ArrayMetadata(decoding: Array(SampleDocument.array.utf8))
    #expect(String(decoding: metadata.encoded(), as: UTF8.self) == SampleDocument.array)
  }

  @Test("A new array is written in the form that zarr-python and zarrs both read")
  func encoding() throws {
    let metadata = try ArrayMetadata(
      shape: [3], dataType: .bytes, chunkGrid: ChunkGrid(chunkShape: [2]), fillValue: [0, 255],
      codecs: [
        MetadataExtension(name: "vlen-bytes"),
        MetadataExtension(name: "zstd", configuration: ["level": 3, "checksum": false]),
      ])
    let document = try JSONParser().parse(metadata.encoded())
    #expect(
      document == [
        "shape": [3], "data_type": "bytes",
        "chunk_grid": ["name": "regular", "configuration": ["chunk_shape": [2]]],
        "chunk_key_encoding": ["name": "default", "configuration": ["separator": "/"]],
        "fill_value": "AP8=",
        "codecs": [
          ["name": "vlen-bytes", "configuration": [:]],
          ["name": "zstd", "configuration": ["level": 3, "checksum": false]],
        ],
        "attributes": [:], "zarr_format": 3, "node_type": "array", "storage_transformers": [],
      ])
    #expect(try ArrayMetadata(decoding: metadata.encoded()) == metadata)
  }

  @Test("Fields that may be absent or null are")
  func optionalFields() throws {
    for value in [nil, JSONValue.null] {
      let metadata = try decode {
        $0["attributes"] = value
        $0["dimension_names"] = value
        $0["storage_transformers"] = value
        $0["later"] = nil
      }
      #expect(metadata.attributes.isEmpty)
      #expect(metadata.dimensionNames == nil)
    }
  }

  @Test("An array without dimensions has one element, and a name for none")
  func rankZero() throws {
    let metadata = try decode {
      $0["shape"] = []
      $0["chunk_grid"] = ["name": "regular", "configuration": ["chunk_shape": []]]
      $0["dimension_names"] = []
    }
    #expect(metadata.elementCount == 1)
    #expect(metadata.chunkGrid.chunkCount(of: metadata.shape) == 1)
  }

  @Test("The short and the long form of a name mean the same")
  func forms() throws {
    let metadata = try decode {
      $0["data_type"] = ["name": "string"]
      $0["fill_value"] = "x"
      $0["codecs"] = ["vlen-utf8"]
      $0["chunk_key_encoding"] = "v2"
    }
    #expect(metadata.dataType == .string)
    #expect(metadata.codecs == [MetadataExtension(name: "vlen-utf8")])
    #expect(metadata.chunkKeyEncoding == ChunkKeyEncoding(.v2, separator: .dot))
    #expect(metadata.json["data_type"] == "string")
    #expect(metadata.json["codecs"] == [["name": "vlen-utf8", "configuration": [:]]])
  }

  @Test(
    "A chunk key encoding is read in every form that is known",
    arguments: [
      (#""default""#, ChunkKeyEncoding()), (#"{"name": "default"}"#, ChunkKeyEncoding()),
      (#"{"name": "default", "configuration": {}}"#, ChunkKeyEncoding()),
      (
        #"{"name": "default", "configuration": {"separator": "."}}"#,
        ChunkKeyEncoding(.default, separator: .dot)
      ),
      (#"{"name": "default", "separator": "."}"#, ChunkKeyEncoding(.default, separator: .dot)),
      (#"{"name": "v2", "separator": "/"}"#, ChunkKeyEncoding(.v2, separator: .slash)),
      (#"{"name": "v2", "configuration": {}}"#, ChunkKeyEncoding(.v2, separator: .dot)),
    ])
  func chunkKeyEncodings(text: String, encoding: ChunkKeyEncoding) throws {
    let json = try JSONParser().parse(Array(text.utf8))
    #expect(try decode { $0["chunk_key_encoding"] = json }.chunkKeyEncoding == encoding)
  }

  @Test(
    "A chunk without elements is one of one element, on a dimension without elements",
    arguments: [JSONValue.integer(0), .bool(false)])
  func emptyDimension(side: JSONValue) throws {
    let metadata = try decode {
      $0["shape"] = [0, 7]
      $0["chunk_grid"] = ["name": "regular", "configuration": ["chunk_shape": [side, 3]]]
    }
    #expect(metadata.chunkGrid.chunkShape == [1, 3])
  }

  @Test("Storage transformers that may be ignored are, and stay")
  func storageTransformers() throws {
    let transformers: JSONValue = [["name": "t", "configuration": [:], "must_understand": false]]
    let metadata = try decode { $0["storage_transformers"] = transformers }
    #expect(metadata.json["storage_transformers"] == transformers)
  }

  @Test("A codec keeps what it says about itself")
  func codecFlags() throws {
    let codecs: JSONValue = [
      ["name": "vlen-bytes", "configuration": [:]],
      ["name": "x", "configuration": ["n": 1], "must_understand": false, "note": "n"],
    ]
    let metadata = try decode { $0["codecs"] = codecs }
    #expect(metadata.codecs[1].mustUnderstand == false)
    #expect(metadata.json["codecs"] == codecs)
  }

  @Test("A resized array differs in nothing but its shape")
  func resizing() throws {
    let metadata = try ArrayMetadata(decoding: Array(SampleDocument.array.utf8))
    let larger = try metadata.resized(to: [50, 7])
    #expect(larger.elementCount == 350)
    #expect(try larger.resized(to: [5, 7]) == metadata)
    #expect(throws: MetadataError.self) { try metadata.resized(to: [5]) }
    #expect(throws: MetadataError.self) { try metadata.resized(to: [-1, 7]) }
    #expect(throws: MetadataError.self) { try metadata.resized(to: [Int.max, 2]) }
    #expect(try metadata.resized(to: [Int.max, 0]).elementCount == 0)
  }

  @Test("A broken field is an error that names it", arguments: SampleDocument.brokenFields)
  func brokenField(_ broken: BrokenField) {
    let error = #expect(throws: MetadataError.self) { try decode { $0[broken.key] = broken.value } }
    #expect(error?.field == broken.field)
    #expect(error?.code == broken.code)
  }

  @Test(
    "A field that must be there is missed by name",
    arguments: [
      "shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs", "zarr_format",
      "node_type",
    ])
  func missingField(name: String) {
    let error = #expect(throws: MetadataError.self) { try decode { $0[name] = nil } }
    #expect(error?.code == .missingField)
    #expect(error?.field == name)
  }

  @Test("Documents of GDAL for elements of one size may be without codecs and a fill value")
  func documentsOfGDAL() throws {
    let metadata = try decode {
      $0["data_type"] = "int16"
      $0["fill_value"] = .null
      $0["codecs"] = nil
    }
    #expect(metadata.fillValue == [0, 0])
    #expect(metadata.codecs == [MetadataExtension(name: "bytes", configuration: ["endian": "little"])])
    #expect(try ArrayMetadata(decoding: metadata.encoded()) == metadata)
  }

  @Test("Text that is not an object is refused", arguments: ["", "[]", "null", "{", "\u{0}"])
  func noObject(text: String) {
    #expect(throws: MetadataError.self) { try ArrayMetadata(decoding: Array(text.utf8)) }
  }

  @Test("An error says what was expected and what was found")
  func errorMessage() {
    let error = #expect(throws: MetadataError.self) { try decode { $0["shape"] = [5, "7"] } }
    #expect(
      error?.description
        == #"shape[1]: expected an integer from 0 to 9223372036854775807, found the string "7""#)
  }

  @Test("An error about a large value is short")
  func shortMessage() {
    let long = String(repeating: "x\u{301}", count: 100_000)
    for value in [
      JSONValue.string(long), .array(Array(repeating: 0, count: 100_000)), ["name": .string(long)],
    ] {
      let error = #expect(throws: MetadataError.self) { try decode { $0["data_type"] = value } }
      #expect((error?.description.utf8.count ?? .max) < 300)
    }
    let error = #expect(throws: MetadataError.self) { try decode { $0[long] = 1 } }
    #expect((error?.description.utf8.count ?? .max) < 300)
  }
}
