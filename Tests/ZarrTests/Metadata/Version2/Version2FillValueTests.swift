import ChunkEngine
import Testing
import Zarr

@Suite("Fill values of Zarr v2")
struct Version2FillValueTests {
  private func fillValue(_ dtype: JSONValue, _ filters: JSONValue, _ value: JSONValue?) throws -> [UInt8] {
    let metadata = try ArrayMetadata(
      version2: version2Document {
        $0["dtype"] = dtype
        $0["filters"] = filters
        $0["fill_value"] = value
      })
    #expect(metadata.json["fill_value"] == value)
    return metadata.fillValue
  }

  @Test(
    "Numbers, times, text and bytes of fixed size",
    arguments: [
      ("|b1", "true", [1]), ("|b1", "0", [0]), ("|b1", "null", [0]), ("<i2", "-2", [0xFE, 0xFF]),
      (">i2", "-2", [0xFE, 0xFF]), ("<i2", "0.0", [0, 0]), ("<i2", "null", [0, 0]),
      ("<u8", "18446744073709551615", [UInt8](repeating: 255, count: 8)),
      ("<f4", #""NaN""#, [0, 0, 0xC0, 0x7F]),
      ("<f4", #""-Infinity""#, [0, 0, 0x80, 0xFF]), ("<f4", "NaN", [0, 0, 0xC0, 0x7F]),
      ("<f4", "0", [0, 0, 0, 0]),
      ("<c8", #"[1.5,"NaN"]"#, [0, 0, 0xC0, 0x3F, 0, 0, 0xC0, 0x7F]),
      ("<c8", "1.5", [0, 0, 0xC0, 0x3F, 0, 0, 0, 0]),
      ("|S3", #""AQI=""#, [1, 2, 0]), ("|S3", #""""#, [0, 0, 0]), ("|S3", "0", [0, 0, 0]),
      ("|S3", "null", [0, 0, 0]),
      ("<U2", #""é""#, [0xE9, 0, 0, 0, 0, 0, 0, 0]), ("<U2", "0", [UInt8](repeating: 0, count: 8)),
      ("<U2", #""""#, [UInt8](repeating: 0, count: 8)), ("|V2", #""AQI=""#, [1, 2]), ("|V2", "null", [0, 0]),
      ("<M8[s]", "5", [5, 0, 0, 0, 0, 0, 0, 0]),
      (">M8[s]", "-9223372036854775808", [0, 0, 0, 0, 0, 0, 0, 0x80]),
      ("<m8[s]", #""NaT""#, [0, 0, 0, 0, 0, 0, 0, 0x80]), ("<M8[s]", "0", [UInt8](repeating: 0, count: 8)),
      ("<M8[s]", "null", [UInt8](repeating: 0, count: 8)),
    ] as [(JSONValue, String, [UInt8])])
  func fixedSize(dtype: JSONValue, text: String, bytes: [UInt8]) throws {
    #expect(try fillValue(dtype, .null, try parse(text)) == bytes)
  }

  @Test("Structures are the bytes as they are stored")
  func structures() throws {
    let little: JSONValue = [["a", "<i2"], ["b", "|S1"]]
    let big: JSONValue = [["a", ">i2"], ["b", "|S1"]]
    #expect(try fillValue(little, .null, "AQIJ") == [1, 2, 9])
    #expect(try fillValue(big, .null, "AQIJ") == [2, 1, 9])
    #expect(try fillValue(big, .null, 0) == [0, 0, 0])
    #expect(try fillValue(big, .null, .null) == [0, 0, 0])
    for broken in ["AQI=", "x", 1, [1, 2, 3]] as [JSONValue] {
      #expect(throws: MetadataError.self) { try fillValue(big, .null, broken) }
    }
  }

  @Test(
    "Objects take what zarr-python 2 writes for nothing",
    arguments: [
      ("vlen-utf8", "0", []), ("vlen-utf8", "null", []), ("vlen-utf8", #""""#, []),
      ("vlen-utf8", #""é""#, [0xC3, 0xA9]),
      ("vlen-utf8", "7", [0x37]), ("vlen-utf8", "false", []), ("vlen-bytes", "0", []),
      ("vlen-bytes", "null", []),
      ("vlen-bytes", #""""#, []), ("vlen-bytes", #""AQI=""#, [1, 2]),
      ("vlen-bytes", #""n/a!""#, Array("n/a!".utf8)),
      ("vlen-array", "0", []), ("vlen-array", "null", []), ("vlen-array", "[1]", [1, 0]),
      ("json2", "0", Array("0".utf8)), ("json2", "null", Array("null".utf8)),
      ("json2", #"{"a": [1]}"#, Array(#"{"a":[1]}"#.utf8)), ("msgpack2", #""""#, Array(#""""#.utf8)),
      ("categorize", "0", []),
    ] as [(JSONValue, String, [UInt8])])
  func objects(id: JSONValue, text: String, bytes: [UInt8]) throws {
    #expect(try fillValue("|O", [["id": id, "dtype": "<i2"]], try parse(text)) == bytes)
  }

  @Test("A document without a fill value has none that is defined")
  func missing() throws {
    #expect(try fillValue("<i2", .null, nil) == [0, 0])
  }
}
