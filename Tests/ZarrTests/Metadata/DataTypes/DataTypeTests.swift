import ChunkEngine
import TestSupport
import Testing
import Zarr

/// Parses JSON text.
func parse(_ text: String) throws -> JSONValue {
  try JSONParser().parse(Array(text.utf8))
}

/// Reads a data type from JSON text.
func dataType(_ text: String) throws -> DataType {
  try DataType(MetadataExtension(try parse(text), field: "data_type"))
}

@Suite("Data types")
struct DataTypeTests {
  @Test(
    "Every name that another library writes is known",
    arguments: [
      (#""bytes""#, .bytes), (#""variable_length_bytes""#, .bytes), (#""binary""#, .bytes),
      (#""string""#, .string), (#""json""#, .json), (#""r8""#, .rawBytes(byteCount: 1)),
      (#""r24""#, .rawBytes(byteCount: 3)), (#""int4""#, .smallNumber(.int4)),
      (#""float8_e4m3b11fnuz""#, .smallNumber(.float8E4M3B11FNUZ)),
      (#""complex_float32""#, .number(.complex64)), (#""complex_float64""#, .number(.complex128)),
      (#""complex_bfloat16""#, .complex(of: .number(.bfloat16))),
      (#""complex_float8_e8m0fnu""#, .complex(of: .smallNumber(.float8E8M0FNU))),
      (#"{"name":"raw_bytes","configuration":{"length_bytes":3}}"#, .opaqueBytes(byteCount: 3)),
      (
        #"{"name":"null_terminated_bytes","configuration":{"length_bytes":3}}"#,
        .nullTerminatedBytes(byteCount: 3)
      ),
      (
        #"{"name":"fixed_length_utf32","configuration":{"length_bytes":12}}"#,
        .fixedLengthUTF32(length: 3)
      ),
      (
        #"{"name":"numpy.datetime64","configuration":{"unit":"ns","scale_factor":10}}"#,
        .datetime64(.nanoseconds, scaleFactor: 10)
      ),
      (
        #"{"name":"numpy.timedelta64","configuration":{"unit":"μs","scale_factor":2147483647}}"#,
        .timedelta64(.microseconds, scaleFactor: 2_147_483_647)
      ),
      (
        #"{"name":"struct","configuration":{"fields":[{"name":"x","data_type":"int8"}]}}"#,
        .structure([StructureField("x", .number(.int8))])
      ),
      (
        #"{"name":"structured","configuration":{"fields":[["x","int8"],["y",{"name":"r8"}]]}}"#,
        .structure([StructureField("x", .number(.int8)), StructureField("y", .rawBytes(byteCount: 1))])
      ),
      (
        #"{"name":"zarrs.optional","configuration":{"name":"uint8","configuration":{}}}"#,
        .optional(.number(.uint8))
      ),
      (
        #"{"name":"optional","configuration":{"name":"optional","configuration":{"name":"string"}}}"#,
        .optional(.optional(.string))
      ),
      (#"{"name":"vlen-array","configuration":{"data_type":"int32"}}"#, .array(of: .number(.int32))),
    ] as [(String, DataType)])
  func names(text: String, type: DataType) throws {
    #expect(try dataType(text) == type)
  }

  @Test("Every type without settings is known by all of its names and written as a bare name")
  func plainTypes() throws {
    let numbers =
      NumberType.allCases.map(DataType.number) + SmallNumberType.allCases.map(DataType.smallNumber)
    for type in numbers + [.bytes, .string, .json] {
      for name in type.names { #expect(try DataType(name: name) == type) }
      #expect(type.metadata == MetadataExtension(name: type.name))
    }
    #expect(DataType.bytes.name == "bytes")
    #expect(DataType.string.name == "string")
  }

  static let typesWithSettings: [DataType] = [
    .rawBytes(byteCount: 7), .opaqueBytes(byteCount: 7), .nullTerminatedBytes(byteCount: 1),
    .fixedLengthUTF32(length: 5), .datetime64(.generic, scaleFactor: 1), .timedelta64(.years, scaleFactor: 3),
    .array(of: .number(.float64)), .optional(.bytes),
    .optional(.optional(.datetime64(.days, scaleFactor: 1))),
    .array(of: .structure([StructureField("a", .number(.bool))])),
    .structure([
      StructureField("é", .number(.complex128)),
      StructureField("nested", .structure([StructureField("x", .fixedLengthUTF32(length: 2))])),
      StructureField("optional", .optional(.number(.int16))),
    ]),
    .complex(of: .smallNumber(.float4E2M1FN)),
  ]

  @Test("A type with settings is read as it was written", arguments: typesWithSettings)
  func configured(type: DataType) throws {
    #expect(try DataType(type.metadata) == type)
  }

  @Test(
    "A type that is broken, or that is not known, is an error",
    arguments: [
      #""float65""#, #""vlen-bytes""#, #""vlen-utf8""#, #""String""#, #""|O""#, #""r""#, #""r0""#, #""r9""#,
      #""r-8""#, #""r08""#, #""r99999999999999999999""#, #""r9223372036854775800""#, #""r+8""#, #""rx""#,
      #""r١٦""#, #""complex_int8""#, #""raw_bytes""#, #""numpy.datetime64""#, #""struct""#, #""optional""#,
      #"{"name":"int8","configuration":{"a":1}}"#, #"{"name":"int8","a":1}"#,
      #"{"name":"int8","must_understand":false}"#,
      #"{"name":"raw_bytes","configuration":{"length_bytes":0}}"#,
      #"{"name":"raw_bytes","configuration":{"length_bytes":-1}}"#,
      #"{"name":"raw_bytes","configuration":{"length_bytes":"1"}}"#,
      #"{"name":"raw_bytes","configuration":{"length_bytes":9223372036854775807}}"#,
      #"{"name":"raw_bytes","configuration":{"length_bytes":1,"a":1}}"#,
      #"{"name":"fixed_length_utf32","configuration":{"length_bytes":6}}"#,
      #"{"name":"fixed_length_utf32","configuration":{"length_bytes":9223372036854775804}}"#,
      #"{"name":"numpy.datetime64","configuration":{"unit":"s"}}"#,
      #"{"name":"numpy.datetime64","configuration":{"unit":"x","scale_factor":1}}"#,
      #"{"name":"numpy.datetime64","configuration":{"unit":"s","scale_factor":0}}"#,
      #"{"name":"numpy.datetime64","configuration":{"unit":"s","scale_factor":2147483648}}"#,
      #"{"name":"struct","configuration":{"fields":[]}}"#,
      #"{"name":"struct","configuration":{"fields":{}}}"#,
      #"{"name":"struct","configuration":{"fields":[{"name":"x"}]}}"#,
      #"{"name":"struct","configuration":{"fields":[{"name":"","data_type":"int8"}]}}"#,
      #"{"name":"struct","configuration":{"fields":[{"name":"x","data_type":"string"}]}}"#,
      #"{"name":"struct","configuration":{"fields":[["x","int8"],["x","int8"]]}}"#,
      #"{"name":"struct","configuration":{"fields":[["x","r134217728"],["y","int8"]]}}"#,
      #"{"name":"struct","configuration":{"fields":[["x"]]}}"#,
      #"{"name":"optional","configuration":{"data_type":"int8"}}"#,
      #"{"name":"optional","configuration":{"name":"int8","a":1}}"#,
      #"{"name":"vlen-array","configuration":{"data_type":"string"}}"#,
      #"{"name":"vlen-array","configuration":{}}"#,
    ])
  func broken(text: String) {
    let error = #expect(throws: MetadataError.self) { try dataType(text) }
    #expect(error?.field.hasPrefix("data_type") == true)
  }

  @Test("An unknown name is in the error")
  func unknownName() {
    let error = #expect(throws: MetadataError.self) { try DataType(name: "float65") }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("float65") == true)
  }

  @Test("Types are nested as deeply as the limit and no deeper")
  func depth() throws {
    func nested(_ depth: Int) -> MetadataExtension {
      (1..<depth).reduce(MetadataExtension(name: "int8")) { inner, _ in
        MetadataExtension(
          name: "optional",
          configuration: ["name": .string(inner.name), "configuration": .object(inner.configuration)])
      }
    }
    #expect(try DataType(nested(32)).layout == .fixed(byteCount: 32))
    let error = #expect(throws: MetadataError.self) { try DataType(nested(33)) }
    #expect(error?.code == .tooLarge)
  }

  @Test(
    "A layout has the bytes of its parts",
    arguments: [
      (.number(.bool), 1, [1]), (.number(.float16), 2, [2]), (.number(.complex64), 8, [4, 4]),
      (.smallNumber(.int2), 1, [1]), (.complex(of: .number(.bfloat16)), 4, [2, 2]),
      (.rawBytes(byteCount: 3), 3, [1, 1, 1]), (.nullTerminatedBytes(byteCount: 2), 2, [1, 1]),
      (.fixedLengthUTF32(length: 2), 8, [4, 4]), (.datetime64(.days, scaleFactor: 1), 8, [8]),
      (
        .structure([StructureField("a", .number(.int8)), StructureField("b", .optional(.number(.int16)))]), 4,
        [1, 1, 2]
      ), (.optional(.optional(.number(.float64))), 10, [1, 1, 8]), (.string, nil, []), (.json, nil, []),
      (.array(of: .number(.int32)), nil, []), (.optional(.bytes), nil, []),
    ] as [(DataType, Int?, [UInt8])])
  func layout(type: DataType, byteCount: Int?, scalars: [UInt8]) {
    #expect(type.layout == byteCount.map { .fixed(byteCount: $0) } ?? .variable)
    #expect(type.scalarByteCounts == scalars)
    if let byteCount { #expect(type.defaultFillValue.count == byteCount) }
  }

  @Test(
    "The usual codec says the byte order if there is one, and what is inside of it",
    arguments: [
      (.number(.int8), #"{"name":"bytes","configuration":{}}"#),
      (.number(.int16), #"{"name":"bytes","configuration":{"endian":"little"}}"#),
      (.rawBytes(byteCount: 4), #"{"name":"bytes","configuration":{}}"#),
      (
        .structure([StructureField("a", .number(.int32))]),
        #"{"name":"bytes","configuration":{"endian":"little"}}"#
      ), (.json, #"{"name":"vlen-utf8","configuration":{}}"#),
      (.array(of: .number(.int32)), #"{"name":"numcodecs.vlen-array","configuration":{"dtype":"<i4"}}"#),
      (
        .optional(.string),
        #"{"name":"zarrs.optional","configuration":{"mask_codecs":[{"name":"packbits","configuration":{}}],"#
          + #""data_codecs":[{"name":"vlen-utf8","configuration":{}}]}}"#
      ),
    ] as [(DataType, String)])
  func defaultCodec(type: DataType, codec: String) throws {
    #expect(type.defaultCodec.json == (try parse(codec)))
  }

  @Test(
    "A type is rewritten in the words in which it was read",
    arguments: [
      #""binary""#, #""complex_float32""#,
      #"{"name":"numpy.datetime64","configuration":"#
        + #"{"unit":"μs","scale_factor":1}}"#,
      #"{"name":"structured","configuration":{"fields":[["x","int8"]]}}"#,
      #"{"name":"optional","configuration":{"name":"int8"}}"#,
    ])
  func rewriting(text: String) throws {
    var document = try sampleDocument()
    let stated = try parse(text)
    document["data_type"] = stated
    let type = try dataType(text)
    document["fill_value"] = try type.json(ofFillValue: type.defaultFillValue)
    let metadata = try ArrayMetadata(document)
    #expect(metadata.json["data_type"] == stated)
    #expect(try metadata.resized(to: [6, 7]).json["data_type"] == stated)
    #expect(metadata.dataType == type)
  }
}
