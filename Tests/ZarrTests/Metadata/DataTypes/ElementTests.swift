import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Elements as JSON")
struct ElementTests {
  private func json(_ type: DataType, _ bytes: [UInt8]) throws -> JSONValue {
    try type.json(ofElement: bytes.span.bytes)
  }

  @Test(
    "An element is written as JSON, and read back",
    arguments: [
      .init(.number(.bool), "true", [1]), .init(.number(.int8), "-1", [255]),
      .init(.number(.float32), "0.10000000149011612", [0xCD, 0xCC, 0xCC, 0x3D]),
      .init(.number(.float32), #""NaN""#, [0, 0, 0xC0, 0x7F]),
      .init(.number(.complex64), #"[1.5,"Infinity"]"#, [0, 0, 0xC0, 0x3F, 0, 0, 0x80, 0x7F]),
      .init(.smallNumber(.float4E2M1FN), "1.5", [3]), .init(.smallNumber(.float8E5M2), #""NaN""#, [0x7E]),
      .init(.smallNumber(.int4), "-8", [0xF8]),
      .init(.bytes, #""AP8=""#, [0, 255]), .init(.string, #""é""#, [0xC3, 0xA9]),
      .init(.json, #"{"a":[1,null]}"#, Array(#"{"a":[1,null]}"#.utf8)),
      .init(.rawBytes(byteCount: 2), #""AQI=""#, [1, 2]), .init(.opaqueBytes(byteCount: 1), #""AQ==""#, [1]),
      .init(.timedelta64(.days, scaleFactor: 2), #""NaT""#, [0, 0, 0, 0, 0, 0, 0, 0x80]),
      .init(.timedelta64(.days, scaleFactor: 2), "-1", [UInt8](repeating: 255, count: 8)),
      .init(.structure([StructureField("x", .number(.int8))]), #"{"x":5}"#, [5]),
      .init(.array(of: .number(.uint8)), "[1,2,3]", [1, 2, 3]),
      .init(.subarray(of: .number(.uint8), shape: [2, 1]), "[[1],[2]]", [1, 2]),
      .init(.optional(.number(.int8)), "null", [0, 0]), .init(.optional(.number(.int8)), "5", [1, 5]),
      .init(.optional(.string), "null", [0]), .init(.optional(.string), #""""#, [1]),
      .init(.optional(.optional(.number(.int8))), "[null]", [1, 0, 0]),
      .init(.optional(.optional(.number(.int8))), "[5]", [1, 1, 5]),
      .init(.optional(.json), "[null]", [1] + Array("null".utf8)),
    ] as [FillValueCase])
  func elements(_ value: FillValueCase) throws {
    #expect(try json(value.type, value.bytes).description == value.text)
    #expect(try value.type.elementBytes(from: try parse(value.text)) == value.bytes)
  }

  @Test("All values of NaN are written alike")
  func notANumber() throws {
    #expect(try json(.number(.float32), [1, 0, 0xC0, 0x7F]) == "NaN")
    #expect(try json(.number(.float64), [0, 0, 0, 0, 0, 0, 0xF8, 0xFF]) == "NaN")
    #expect(try json(.smallNumber(.float8E5M2), [0x7F]) == "NaN")
  }

  @Test(
    "An element that is there is wrapped if that is asked for, and its numbers are written by their value")
  func wrapped() throws {
    func wrapped(_ type: DataType, _ bytes: [UInt8]) throws -> JSONValue {
      try type.json(ofElement: bytes.span.bytes, wrapsPresent: true)
    }
    #expect(try wrapped(.optional(.number(.float32)), [1, 1, 0, 0xC0, 0x7F]) == ["NaN"])
    #expect(try wrapped(.optional(.number(.float32)), [0, 0, 0, 0, 0]) == .null)
    #expect(try wrapped(.optional(.smallNumber(.float8E5M2)), [1, 0x3C]) == [1.0])
    #expect(try wrapped(.optional(.optional(.string)), [1, 1, 0x61]) == [["a"]])
  }

  @Test("Bits that do not belong to a small integer are ignored")
  func unusedBits() throws {
    #expect(try json(.smallNumber(.int4), [0x78]) == -8)
    #expect(try json(.smallNumber(.int2), [0xFE]) == -2)
    #expect(try json(.smallNumber(.uint2), [0xFE]) == 2)
    #expect(try json(.smallNumber(.uint4), [0xFE]) == 14)
  }

  @Test(
    "Every pattern of bits of a number becomes JSON and the same bits again",
    arguments: SmallNumberType.allCases.map(DataType.smallNumber) + [.number(.float16), .number(.bfloat16)])
  func everyPattern(type: DataType) throws {
    let byteCount = try #require(type.layout.fixedByteCount)
    for bits in 0..<(1 << (8 * byteCount)) {
      let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
      let value = try json(type, bytes)
      let again = try type.elementBytes(from: value)
      // Unused bits may differ; what they stand for may not.
      #expect(try json(type, again) == value)
      if byteCount == 2, value != "NaN" { #expect(again == bytes) }
    }
  }

  @Test(
    "Random numbers become JSON and the same bits again",
    arguments: [NumberType.float32, .float64, .complex128])
  func randomNumbers(type: NumberType) throws {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<2000 {
      let bytes = (0..<type.byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let value = try json(.number(type), bytes)
      guard !value.description.contains("NaN") else { continue }
      #expect(try DataType.number(type).elementBytes(from: value) == bytes)
    }
  }

  @Test("JSON that is nested far too deeply is an error")
  func deepJSON() {
    let bytes = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
    #expect(throws: MetadataError.self) { try json(.json, bytes) }
  }
}
