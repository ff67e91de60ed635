import ChunkEngine
import Testing
import Zarr

/// A data type, the text of a value, the bytes of the element, and the text that is written for it if that is
/// another.
struct FillValueCase: CustomTestStringConvertible, Sendable {
  let type: DataType
  let text: String
  let bytes: [UInt8]
  let written: String

  init(_ type: DataType, _ text: String, _ bytes: [UInt8], _ written: String? = nil) {
    self.type = type
    self.text = text
    self.bytes = bytes
    self.written = written ?? text
  }

  var testDescription: String { "\(type.name) \(text)" }
}

@Suite("Fill values")
struct FillValueTests {
  private static let time = DataType.datetime64(.seconds, scaleFactor: 1)
  private static let structure = DataType.structure([
    StructureField("a", .number(.int16)), StructureField("t", time),
    StructureField("s", .structure([StructureField("x", .rawBytes(byteCount: 1))])),
  ])

  static let cases: [FillValueCase] = [
    .init(.number(.bool), "true", [1]), .init(.number(.bool), "false", [0]),
    .init(.number(.bool), "1", [1], "true"), .init(.number(.bool), "null", [0], "false"),
    .init(.number(.bool), #""False""#, [0], "false"),
    .init(.number(.int8), "-128", [0x80]), .init(.number(.int8), "-1.0", [0xFF], "-1"),
    .init(.number(.int8), #""7""#, [7], "7"), .init(.number(.int8), "true", [1], "1"),
    .init(.number(.uint8), "255", [255]), .init(.number(.int16), "-2", [0xFE, 0xFF]),
    .init(.number(.uint16), "1e3", [0xE8, 3], "1000"),
    .init(.number(.uint32), "4294967295", [255, 255, 255, 255]),
    .init(.number(.int64), "-9223372036854775808", [0, 0, 0, 0, 0, 0, 0, 0x80]),
    .init(.number(.uint64), "18446744073709551615", [UInt8](repeating: 255, count: 8)),
    .init(.number(.float16), "1.5", [0, 0x3E]),
    .init(.number(.float16), "0.1", [0x66, 0x2E], "0.0999755859375"),
    .init(.number(.float16), "5.960464477539063e-08", [1, 0]),
    .init(.number(.float16), "65504", [0xFF, 0x7B], "65504.0"),
    .init(.number(.float16), "1e30", [0, 0x7C], #""Infinity""#),
    .init(.number(.float16), "65519.9", [0xFF, 0x7B], "65504.0"),
    .init(.number(.float16), "65520", [0, 0x7C], #""Infinity""#),
    .init(.number(.float16), "-0.0", [0, 0x80]), .init(.number(.float16), #""NaN""#, [0, 0x7E]),
    .init(.number(.float16), #""0x7e01""#, [1, 0x7E]),
    .init(.number(.float16), #""0x7c00""#, [0, 0x7C], #""Infinity""#),
    .init(.number(.float16), "1.0009765625", [1, 0x3C]),
    .init(.number(.float16), "1.00048828125", [0, 0x3C], "1.0"),
    .init(.number(.float16), "1.00146484375", [2, 0x3C], "1.001953125"),
    .init(.number(.bfloat16), "1.5", [0xC0, 0x3F]), .init(.number(.bfloat16), #""0x7fc1""#, [0xC1, 0x7F]),
    .init(.number(.float32), "0.1", [0xCD, 0xCC, 0xCC, 0x3D], "0.10000000149011612"),
    .init(.number(.float32), "0.10000000149011612", [0xCD, 0xCC, 0xCC, 0x3D]),
    .init(.number(.float32), "1e-45", [1, 0, 0, 0], "1.401298464324817e-45"),
    .init(.number(.float32), "3.4028235e+38", [0xFF, 0xFF, 0x7F, 0x7F], "3.4028234663852886e+38"),
    // A number just above the middle of two: by way of a `Double` it would be the lower one.
    .init(
      .number(.float32), "1.000000059604644775390625000000000001", [1, 0, 0x80, 0x3F], "1.0000001192092896"),
    .init(.number(.float32), #""NaN""#, [0, 0, 0xC0, 0x7F]),
    .init(.number(.float32), #""0x7fc00000""#, [0, 0, 0xC0, 0x7F], #""NaN""#),
    .init(.number(.float32), #""0x7fc00001""#, [1, 0, 0xC0, 0x7F]),
    .init(.number(.float32), #""0xFFC00000""#, [0, 0, 0xC0, 0xFF], #""0xffc00000""#),
    .init(.number(.float32), #""-Infinity""#, [0, 0, 0x80, 0xFF]),
    .init(.number(.float32), #""+inf""#, [0, 0, 0x80, 0x7F], #""Infinity""#),
    .init(.number(.float32), "NaN", [0, 0, 0xC0, 0x7F], #""NaN""#),
    .init(.number(.float32), "-Infinity", [0, 0, 0x80, 0xFF], #""-Infinity""#),
    .init(.number(.float32), #""1.5""#, [0, 0, 0xC0, 0x3F], "1.5"),
    .init(.number(.float32), "true", [0, 0, 0x80, 0x3F], "1.0"),
    .init(.number(.float64), "0.1", [0x9A, 0x99, 0x99, 0x99, 0x99, 0x99, 0xB9, 0x3F]),
    .init(.number(.float64), "-0.0", [0, 0, 0, 0, 0, 0, 0, 0x80]),
    .init(.number(.float64), "5e-324", [1, 0, 0, 0, 0, 0, 0, 0]),
    .init(.number(.float64), "1e400", [0, 0, 0, 0, 0, 0, 0xF0, 0x7F], #""Infinity""#),
    .init(.number(.float64), #""0x7ff8000000000001""#, [1, 0, 0, 0, 0, 0, 0xF8, 0x7F]),
    .init(.number(.complex64), #"[1.5,"NaN"]"#, [0, 0, 0xC0, 0x3F, 0, 0, 0xC0, 0x7F]),
    .init(.number(.complex64), #"["0x7fc00001",0]"#, [1, 0, 0xC0, 0x7F, 0, 0, 0, 0], #"["0x7fc00001",0.0]"#),
    .init(.number(.complex128), "[0.0,-0.0]", [UInt8](repeating: 0, count: 15) + [0x80]),
    .init(.complex(of: .number(.float16)), "[1.5,0.0]", [0, 0x3E, 0, 0]),
    .init(.complex(of: .smallNumber(.float8E4M3)), #"["0x01",1]"#, [1, 0x38], #"["0x01","0x38"]"#),
    .init(.smallNumber(.int2), "-2", [0xFE]), .init(.smallNumber(.int4), "-8", [0xF8]),
    .init(.smallNumber(.uint2), "3", [3]), .init(.smallNumber(.uint4), "15", [15]),
    .init(.smallNumber(.float4E2M1FN), "1.5", [3], #""0x03""#),
    .init(.smallNumber(.float4E2M1FN), "-6", [15], #""0x0f""#),
    .init(.smallNumber(.float8E4M3FNUZ), #""NaN""#, [0x80], #""0x80""#),
    .init(.smallNumber(.float8E8M0FNU), "2", [128], #""0x80""#),
    .init(.smallNumber(.float8E5M2), #""Infinity""#, [0x7C], #""0x7c""#),
    .init(.smallNumber(.float8E3M4), #""0x12""#, [0x12]),
    .init(.rawBytes(byteCount: 3), "[1,2,255]", [1, 2, 255]),
    .init(.rawBytes(byteCount: 3), #""AQL/""#, [1, 2, 255], "[1,2,255]"),
    .init(.opaqueBytes(byteCount: 3), #""AQL/""#, [1, 2, 255]),
    .init(.opaqueBytes(byteCount: 1), "[7]", [7], #""Bw==""#),
    .init(.nullTerminatedBytes(byteCount: 3), #""AQA=""#, [1, 0, 0], #""AQ==""#),
    .init(.nullTerminatedBytes(byteCount: 3), #""""#, [0, 0, 0]),
    .init(.nullTerminatedBytes(byteCount: 3), #""AQAC""#, [1, 0, 2]),
    .init(.fixedLengthUTF32(length: 2), #""é""#, [0xE9, 0, 0, 0, 0, 0, 0, 0]),
    .init(.fixedLengthUTF32(length: 2), #""😀\u0000\u0000""#, [0, 0xF6, 1, 0, 0, 0, 0, 0], #""😀""#),
    .init(.fixedLengthUTF32(length: 3), #""a\u0000b""#, [97, 0, 0, 0, 0, 0, 0, 0, 98, 0, 0, 0]),
    .init(.string, #""""#, []), .init(.string, #""日""#, [0xE6, 0x97, 0xA5]),
    .init(.string, #""AA==""#, Array("AA==".utf8)),
    .init(.bytes, #""""#, []), .init(.bytes, #""AP8=""#, [0, 255]),
    .init(.bytes, #""+/+/""#, [0xFB, 0xFF, 0xBF]),
    .init(.bytes, "[]", [], #""""#), .init(.bytes, "[0,255,7]", [0, 255, 7], #""AP8H""#),
    .init(.json, "null", Array("null".utf8)),
    .init(
      .json, #"{ "b" : [1.10, "é"] , "a":NaN}"#, Array(#"{"b":[1.10,"é"],"a":NaN}"#.utf8),
      #"{"b":[1.10,"é"],"a":NaN}"#),
    .init(.array(of: .number(.int16)), "[1,-1]", [1, 0, 255, 255]),
    .init(.array(of: .number(.int16)), "[]", []),
    .init(time, #""NaT""#, [0, 0, 0, 0, 0, 0, 0, 0x80]),
    .init(time, "-9223372036854775808", [0, 0, 0, 0, 0, 0, 0, 0x80], #""NaT""#),
    .init(time, "5", [5, 0, 0, 0, 0, 0, 0, 0]),
    .init(structure, #"{"a":-2,"t":1,"s":{"x":[9]}}"#, [0xFE, 0xFF, 1, 0, 0, 0, 0, 0, 0, 0, 9]),
    .init(
      structure, #"{"s":{}}"#, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0], #"{"a":0,"t":"NaT","s":{"x":[0]}}"#),
    .init(
      structure, #""/v8BAAAAAAAAAAk=""#, [0xFE, 0xFF, 1, 0, 0, 0, 0, 0, 0, 0, 9],
      #"{"a":-2,"t":1,"s":{"x":[9]}}"#),
    .init(.optional(.number(.int16)), "null", [0, 0, 0]),
    .init(.optional(.number(.int16)), "[5]", [1, 5, 0]),
    .init(.optional(.optional(.number(.int8))), "[null]", [1, 0, 0]),
    .init(.optional(.optional(.number(.int8))), "[[5]]", [1, 1, 5]),
    .init(.optional(.optional(.number(.int8))), "null", [0, 0, 0]),
    .init(.optional(.string), "null", [0]), .init(.optional(.string), #"["x"]"#, [1, 120]),
    .init(.optional(.string), #"[""]"#, [1]),
    .init(.optional(.json), "[null]", [1] + Array("null".utf8)),
  ]

  @Test("A fill value is read, and written in the form that most libraries read", arguments: cases)
  func values(_ value: FillValueCase) throws {
    let bytes = try value.type.fillValue(from: try parse(value.text))
    #expect(bytes == value.bytes)
    let written = try value.type.json(ofFillValue: bytes)
    #expect(written.description == value.written)
    #expect(try value.type.fillValue(from: written) == bytes)
  }

  @Test(
    "A fill value that does not fit is refused",
    arguments: [
      (.number(.bool), ["2", #""yes""#, "[]", "{}", "0.5", #""""#]),
      (
        .number(.int8),
        ["1.5", "128", "-129", #""a""#, "null", "[]", "{}", "1e300", #""1.5""#, "NaN", #""""#]
      ),
      (.number(.uint64), ["-1", "18446744073709551616", "1e19", "1e999999999"]),
      (.number(.int64), ["9223372036854775808", "170141183460469231731687303715884105728"]),
      (
        .number(.float32),
        [
          "null", "[]", "{}", #""x""#, #""""#, #""0x""#, #""0x7fc0""#, #""0x7fc000000""#, #""0x+fc00000""#,
          #""0xzzzzzzzz""#, #""1.5 ""#, #""--1""#,
        ]
      ), (.number(.complex64), ["0", "[1]", "[1,2,3]", #"["a",1]"#, "null", "[[1,2],3]"]),
      (.smallNumber(.int2), ["2", "-3", "1.5", #""0x01""#]), (.smallNumber(.uint4), ["16", "-1"]),
      (.smallNumber(.float4E2M1FN), [#""NaN""#, #""Infinity""#, "7", "1e300", #""0x1""#, #""0x003""#]),
      (.smallNumber(.float8E8M0FNU), ["0", "-1", "1e39"]),
      (.smallNumber(.float8E4M3FNUZ), [#""Infinity""#, "1000"]),
      (.rawBytes(byteCount: 2), ["[1]", "[1,2,3]", #""AQ==""#, "0", "null", "[1,256]", "[1,-1]"]),
      (.nullTerminatedBytes(byteCount: 1), [#""AQI=""#, #""A""#, "0"]),
      (.fixedLengthUTF32(length: 2), [#""abc""#, "0", "null", "[]"]), (.json, []),
      (.string, ["null", "0", "true", "[]", "{}"]),
      (
        .bytes,
        [
          "null", "0", "false", "{}", #""AP8""#, #""AP8==""#, #""AP8=\n""#, #""A P8=""#, #""-_-_""#,
          #""====""#,
          #""AA==AA==""#, #""AB==""#, #""é""#, #""A""#, "[256]", "[-1]", "[1.0]", #"["a"]"#, "[0,[1]]",
        ]
      ), (.array(of: .number(.int8)), ["null", "0", #""""#, "[300]", "[[1]]"]),
      (time, ["1.5", #""nat""#, "null", "9223372036854775808", "[]"]),
      (structure, ["null", "[]", #"{"b":1}"#, #"{"a":"x"}"#, #"{"s":5}"#, #""AAAA""#]),
      (.optional(.number(.int8)), ["5", "[]", "[1,2]", "[300]", "{}"]),
    ] as [(DataType, [String])])
  func unfit(type: DataType, texts: [String]) throws {
    for text in texts {
      let error = #expect(throws: MetadataError.self, "\(text)") { try type.fillValue(from: try parse(text)) }
      #expect(error?.code == .unexpectedValue)
      #expect(error?.field.hasPrefix("fill_value") == true)
    }
  }

  @Test("A structure of very many fields is read without comparing each with each")
  func manyFields() throws {
    let fields = (0..<30_000).map { StructureField("field \($0)", .number(.uint8)) }
    let values = fields.map { ($0.name, JSONValue.integer(7)) }
    let bytes = try DataType.structure(fields).fillValue(from: .object(JSONObject(values)))
    #expect(bytes == [UInt8](repeating: 7, count: 30_000))
    #expect(try DataType(DataType.structure(fields).metadata) == .structure(fields))
  }

  @Test(
    "Bytes that are not an element are refused",
    arguments: [
      (.number(.int16), []), (.number(.int16), [1]), (.number(.int16), [1, 2, 3]), (.string, [0xC3]),
      (.json, []), (.json, Array("{".utf8)), (.fixedLengthUTF32(length: 1), [0, 0xD8, 0, 0]),
      (.fixedLengthUTF32(length: 1), [0, 0, 0x11, 0]), (.array(of: .number(.int16)), [1]),
      (.optional(.string), []), (.optional(.string), [2]), (.optional(.string), [0, 0]),
      (.optional(.number(.int8)), [2, 0]), (.optional(.number(.int8)), [1]), (time, [0]),
    ] as [(DataType, [UInt8])])
  func unfitBytes(type: DataType, bytes: [UInt8]) {
    #expect(throws: MetadataError.self) { try type.json(ofFillValue: bytes) }
  }
}
