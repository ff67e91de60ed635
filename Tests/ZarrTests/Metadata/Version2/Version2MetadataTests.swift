import ChunkEngine
import TestSupport
import Testing
import Zarr

/// The document of an array of Zarr v2, as zarr-python 2 writes it, after a change to it.
func version2Document(_ change: (inout JSONObject) -> Void = { _ in }) -> JSONObject {
  var document: JSONObject = [
    "chunks": [2, 3], "compressor": ["id": "zlib", "level": 1], "dtype": "<i4", "fill_value": 0,
    "filters": .null, "order": "C", "shape": [5, 7], "zarr_format": 2,
  ]
  change(&document)
  return document
}

@Suite("Array metadata of Zarr v2")
struct Version2MetadataTests {
  private func metadata(_ change: (inout JSONObject) -> Void = { _ in }) throws -> ArrayMetadata {
    try ArrayMetadata(version2: version2Document(change))
  }

  /// The codecs as compact JSON text, without empty settings.
  private func codecs(_ change: (inout JSONObject) -> Void) throws -> [String] {
    try metadata(change).codecs.map { codec in
      codec.configuration.isEmpty ? codec.name : "\(codec.name) \(JSONValue.object(codec.configuration))"
    }
  }

  @Test("A document of zarr-python 2 is read, and written as it was")
  func reading() throws {
    let document = version2Document { $0["later"] = [1, .null] }
    let metadata = try ArrayMetadata(version2: document, attributes: ["title": "é"])
    #expect(metadata.zarrFormat == .version2)
    #expect(metadata.shape == [5, 7])
    #expect(metadata.chunkGrid.chunkShape == [2, 3])
    #expect(metadata.dataType == .number(.int32))
    #expect(metadata.dataTypeName == "<i4")
    #expect(metadata.fillValue == [0, 0, 0, 0])
    #expect(metadata.chunkKeyEncoding == ChunkKeyEncoding(.v2, separator: .dot))
    #expect(metadata.attributes == ["title": "é"])
    #expect(metadata.codecs.map(\.name) == ["bytes", "numcodecs.zlib"])
    #expect(metadata.json == document)
    #expect(
      try metadata.resized(to: [6, 7]).json
        == version2Document { document in
          document["later"] = [1, .null]
          document["shape"] = [6, 7]
        })
  }

  @Test(
    "A checksum of Zstandard may be said in the words of GDAL, which stay in the document",
    arguments: [("YES", true), ("NO", false), ("off", false), ("True", true)])
  func wordsOfGDAL(word: String, hasChecksum: Bool) throws {
    let document = version2Document {
      $0["compressor"] = ["id": "zstd", "level": 13, "checksum": .string(word)]
    }
    let metadata = try ArrayMetadata(version2: document)
    #expect(metadata.codecs.last?.configuration["checksum"] == .bool(hasChecksum))
    #expect(metadata.json == document)
    let other = version2Document { $0["compressor"] = ["id": "zstd", "checksum": "maybe"] }
    let store = MemoryStore()
    try store.put(Array(JSONValue.object(other).description.utf8), at: ".zarray")
    #expect(throws: ZarrError.self) { try ZarrArray.open(in: store) }
  }

  @Test(
    "Items that are shuffled have the size of the data type where netCDF-C does not say it",
    arguments: [("<f8", 8), ("<i2", 2), ("|u1", 1), ("|S1", 1), ("|S128", 8)])
  func sizeOfNetCDF(dtype: String, byteCount: Int) throws {
    let document = version2Document {
      $0["dtype"] = .string(dtype)
      $0["fill_value"] = .null
      $0["filters"] = [["id": "shuffle", "elementsize": 0]]
    }
    let metadata = try ArrayMetadata(version2: document)
    #expect(metadata.codecs.map(\.name) == ["bytes", "numcodecs.shuffle", "numcodecs.zlib"])
    #expect(metadata.codecs[1].configuration["elementsize"] == .integer(byteCount))
    #expect(metadata.json == document)
  }

  @Test(
    "A data type of NumPy is read, with its byte order",
    arguments: [
      ("|b1", .number(.bool), "little"), ("<b1", .number(.bool), "little"),
      (">u1", .number(.uint8), "little"),
      ("|i1", .number(.int8), "little"), ("<i2", .number(.int16), "little"), (">i4", .number(.int32), "big"),
      ("i8", .number(.int64), "little"), ("=u2", .number(.uint16), "little"),
      (">u8", .number(.uint64), "big"),
      ("<f2", .number(.float16), "little"), (">f8", .number(.float64), "big"),
      ("<c8", .number(.complex64), "little"),
      (">c16", .number(.complex128), "big"), ("|S5", .nullTerminatedBytes(byteCount: 5), "little"),
      ("|a5", .nullTerminatedBytes(byteCount: 5), "little"), (">U3", .fixedLengthUTF32(length: 3), "big"),
      ("|V7", .rawBytes(byteCount: 7), "little"),
      ("<M8[ns]", .datetime64(.nanoseconds, scaleFactor: 1), "little"),
      (">M8[25s]", .datetime64(.seconds, scaleFactor: 25), "big"),
      ("<m8", .timedelta64(.generic, scaleFactor: 1), "little"),
      ("<m8[2147483647D]", .timedelta64(.days, scaleFactor: 2_147_483_647), "little"),
      ("bfloat16", .number(.bfloat16), "little"), ("int4", .smallNumber(.int4), "little"),
      (
        [["a", "<i2"], ["b", [["c", "<f4"]]]],
        .structure([
          StructureField("a", .number(.int16)),
          StructureField("b", .structure([StructureField("c", .number(.float32))])),
        ]), "little"
      ),
      (
        [["", "|V3"], [["title", "x"], ">i4"], ["z", ">f4", [2, 3]], ["w", "|u1", 2]],
        .structure([
          StructureField("f0", .rawBytes(byteCount: 3)), StructureField("x", .number(.int32)),
          StructureField("z", .subarray(of: .number(.float32), shape: [2, 3])),
          StructureField("w", .subarray(of: .number(.uint8), shape: [2])),
        ]), "big"
      ),
    ] as [(JSONValue, DataType, JSONValue)])
  func dataTypes(dtype: JSONValue, type: DataType, endian: JSONValue) throws {
    let metadata = try metadata {
      $0["dtype"] = dtype
      $0["fill_value"] = .null
    }
    #expect(metadata.dataType == type)
    #expect(metadata.codecs[0] == MetadataExtension(name: "bytes", configuration: ["endian": endian]))
    #expect(metadata.json["dtype"] == dtype)
  }

  @Test("Fields of a structure may differ in byte order")
  func mixedByteOrders() throws {
    let dtype: JSONValue = [["x", "<i4"], ["p", [["y", ">i2"], ["z", "<f4"]], [2]]]
    let metadata = try metadata {
      $0["dtype"] = dtype
      $0["fill_value"] = "AQAAAAACAABAQAADAACAQA=="
    }
    let inner = DataType.structure([
      StructureField("y", .number(.int16)), StructureField("z", .number(.float32)),
    ])
    #expect(
      metadata.dataType
        == .structure([
          StructureField("x", .number(.int32)), StructureField("p", .subarray(of: inner, shape: [2])),
        ]))
    #expect(
      try metadata.dataType.json(ofFillValue: metadata.fillValue)
        == ["x": 1, "p": [["y": 2, "z": 3.0], ["y": 3, "z": 4.0]]])
    #expect(metadata.codecs[0].configuration == ["dtype": dtype])
    #expect(metadata.json["dtype"] == dtype)
  }

  @Test(
    "A data type that is broken or too large is an error that names it",
    arguments: [
      "", "<", "i3", "<f16", "<c32", "|b2", "|S0", "|S", "<U-1", "|V99999999999999999999", "|S16777217",
      "<U4194305",
      "<M8[x]", "<M8[]", "<M8[0s]", "<M8[2147483648s]", "<M8[s", "M8s]", "<i4i4", "|S5 ", "|S٣", "<<i4", "O8",
      .null,
      4, [], [[]], [["x"]], [["x", "<i4", [0]]], [["x", "<i4", [-1]]], [["x", "<i4", [4_194_305]]],
      [["x", "<i4", [.integer(.max), .integer(.max)]]], [["x", "<i4", "y"]], [["x", "|O"]],
      [["x", "<i4"], ["x", "<i4"]],
      [[1, "<i4"]], [["x", "|S16777216"], ["y", "|u1"]], [["x", "<i4", [1], 2]], ["<i4"],
    ] as [JSONValue])
  func brokenDataTypes(dtype: JSONValue) throws {
    let error = #expect(throws: MetadataError.self) {
      try metadata {
        $0["dtype"] = dtype
        $0["fill_value"] = .null
      }
    }
    #expect(error?.field.hasPrefix("dtype") == true, "\(String(describing: error))")
  }

  @Test("Structures are nested as deeply as the limit and no deeper")
  func depth() throws {
    func nested(_ depth: Int) -> JSONValue {
      (0..<depth).reduce("<i4") { inner, _ in [["x", inner]] }
    }
    #expect(
      try metadata {
        $0["dtype"] = nested(32)
        $0["fill_value"] = .null
      }.dataType.layout == .fixed(byteCount: 4))
    #expect(throws: MetadataError.self) { try metadata { $0["dtype"] = nested(33) } }
  }

  @Test(
    "Objects are what their codec says",
    arguments: [
      ("vlen-utf8", .string, "vlen-utf8"), ("vlen-bytes", .bytes, "vlen-bytes"),
      ("json2", .json, "numcodecs.json2"), ("msgpack2", .json, "numcodecs.msgpack2"),
      ("categorize", .string, "numcodecs.categorize"),
    ] as [(JSONValue, DataType, String)])
  func objects(id: JSONValue, type: DataType, codec: String) throws {
    let metadata = try metadata {
      $0["dtype"] = "|O"
      $0["filters"] = [["id": id]]
    }
    #expect(metadata.dataType == type)
    #expect(metadata.dataTypeName == "|O")
    #expect(metadata.codecs.map(\.name) == [codec, "numcodecs.zlib"])
  }

  @Test("Arrays of objects have the items of their codec")
  func arrays() throws {
    let metadata = try metadata {
      $0["dtype"] = "|O"
      $0["filters"] = [["id": "vlen-array", "dtype": ">f4"]]
    }
    #expect(metadata.dataType == .array(of: .number(.float32)))
    #expect(
      metadata.codecs[0] == MetadataExtension(name: "numcodecs.vlen-array", configuration: ["dtype": ">f4"]))
  }

  @Test(
    "Objects without a codec that tells what they are cannot be read",
    arguments: [.null, [], [["id": "zlib"]], [["id": "vlen-array", "dtype": "|O"]], [["id": "vlen-array"]]]
      as [JSONValue])
  func unknownObjects(filters: JSONValue) throws {
    #expect(throws: MetadataError.self) {
      try metadata {
        $0["dtype"] = "|O"
        $0["filters"] = filters
      }
    }
  }

  @Test("Filters are put where Zarr v3 has codecs of their kind")
  func filters() throws {
    #expect(
      try codecs { $0["filters"] = [] } == [#"bytes {"endian":"little"}"#, #"numcodecs.zlib {"level":1}"#])
    #expect(
      try codecs {
        $0["dtype"] = ">i4"
        $0["filters"] = [
          ["id": "delta", "dtype": ">i4", "astype": "<i2"], ["id": "shuffle", "elementsize": 2],
        ]
      } == [
        #"numcodecs.delta {"dtype":">i4","astype":"<i2"}"#, #"bytes {"endian":"little"}"#,
        #"numcodecs.shuffle {"elementsize":2}"#, #"numcodecs.zlib {"level":1}"#,
      ])
    #expect(
      try codecs {
        $0["filters"] = [
          ["id": "fixedscaleoffset", "scale": 10, "offset": 0, "dtype": "<f8", "astype": ">i2"]
        ]
        $0["compressor"] = .null
      }[1] == #"bytes {"endian":"big"}"#)
    #expect(try codecs { $0["compressor"] = ["id": "pcodec"] } == ["numcodecs.pcodec"])
    #expect(
      try codecs { $0["compressor"] = ["id": "blosc", "shuffle": 1] }[1]
        == #"numcodecs.blosc {"shuffle":1,"typesize":4}"#)
    #expect(
      try codecs {
        $0["dtype"] = "|O"
        $0["filters"] = [["id": "vlen-utf8"], ["id": "crc32"]]
        $0["compressor"] = ["id": "blosc"]
      } == ["vlen-utf8", "numcodecs.crc32", "numcodecs.blosc"])
  }

  @Test("The order of Fortran is a transposition, except where chunks are lists of lists")
  func order() throws {
    let flipped = #"transpose {"order":[1,0]}"#
    #expect(try codecs { $0["order"] = "F" }[0] == flipped)
    let isObject: (inout JSONObject, JSONValue) -> Void = { document, id in
      document["order"] = "F"
      document["dtype"] = "|O"
      document["filters"] = [["id": id]]
    }
    for id in ["vlen-utf8", "vlen-bytes", "categorize"] as [JSONValue] {
      #expect(try codecs { isObject(&$0, id) }[0] == flipped)
    }
    for id in ["json2", "msgpack2"] as [JSONValue] {
      #expect(try codecs { isObject(&$0, id) }.count == 2)
    }
    #expect(
      try codecs {
        $0["order"] = "F"
        $0["shape"] = [5]
        $0["chunks"] = [2]
      }.count == 2)
  }

  @Test("Chunks are named with the separator of the document, which is a dot")
  func separators() throws {
    #expect(try metadata { $0["dimension_separator"] = "/" }.chunkKeyEncoding.key(for: [1, 2]) == "1/2")
    #expect(try metadata { $0["dimension_separator"] = "." }.chunkKeyEncoding.key(for: [1, 2]) == "1.2")
    #expect(try metadata { $0["dimension_separator"] = .null }.chunkKeyEncoding.key(for: [1, 2]) == "1.2")
  }

  @Test("A dimension without elements may have chunks without elements")
  func emptyDimension() throws {
    #expect(
      try metadata {
        $0["shape"] = [0, 7]
        $0["chunks"] = [0, 3]
      }.chunkGrid.chunkShape == [1, 3])
  }

  @Test(
    "A broken field is an error that names it",
    arguments: [
      ("zarr_format", 3, "zarr_format"), ("zarr_format", "2", "zarr_format"), ("shape", [5, -7], "shape[1]"),
      ("shape", .null, "shape"), ("shape", [.integer(.max), 7], "shape"), ("chunks", [2], "chunks"),
      ("chunks", [2, 0], "chunks[1]"), ("chunks", [2, "3"], "chunks[1]"), ("chunks", [2, -3], "chunks[1]"),
      ("order", "A", "order"), ("order", .null, "order"), ("compressor", "zlib", "compressor"),
      ("compressor", [:], "compressor.id"), ("compressor", ["id": 1], "compressor.id"),
      ("filters", "delta", "filters"), ("filters", ["delta"], "filters[0]"),
      ("filters", [["id": ""]], "filters[0].id"),
      ("dimension_separator", "-", "dimension_separator"), ("dimension_separator", 1, "dimension_separator"),
      ("fill_value", 1.5, "fill_value"), ("fill_value", "x", "fill_value"), ("fill_value", [1], "fill_value"),
      ("dtype", "<i3", "dtype"),
    ] as [(String, JSONValue, String)])
  func broken(key: String, value: JSONValue, field: String) {
    let error = #expect(throws: MetadataError.self) { try metadata { $0[key] = value } }
    #expect(error?.field == field)
  }

  @Test(
    "A field that must be there is missed by name",
    arguments: ["zarr_format", "shape", "chunks", "dtype", "order"])
  func missing(key: String) {
    let error = #expect(throws: MetadataError.self) { try metadata { $0[key] = nil } }
    #expect(error?.code == .missingField)
    #expect(error?.field == key)
  }

  @Test("Documents that are changed by chance are valid or an error", arguments: 0..<10)
  func mutation(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let documents = [
      version2Document(),
      version2Document {
        $0["dtype"] = [["x", ">f4"], ["y", "|S3", [2]], ["z", [["t", "<M8[10ns]"]]]]
        $0["fill_value"] = "AAAAAAAAAAAAAAAAAAAAAAAA"
        $0["order"] = "F"
      },
      version2Document {
        $0["dtype"] = "|O"
        $0["filters"] = [["id": "vlen-array", "dtype": "<i4"], ["id": "shuffle", "elementsize": 4]]
      },
    ]
    for document in documents {
      let bytes = JSONWriter(style: .compact).bytes(of: .object(document))
      for _ in 0..<200 {
        var damaged = bytes
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        let meaningful = Array("{}[]\",:\\-.eE019NItfnu<>|OSUVM".utf8).randomElement(using: &generator) ?? 0
        damaged[index] =
          Bool.random(using: &generator) ? meaningful : UInt8(truncatingIfNeeded: generator.next())
        guard let object = try? JSONParser().parse(damaged).objectValue,
          let metadata = try? ArrayMetadata(version2: object)
        else { continue }
        #expect(try ArrayMetadata(version2: metadata.json) == metadata)
      }
    }
  }
}
