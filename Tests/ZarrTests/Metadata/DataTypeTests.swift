import Testing
import Zarr

@Suite("Data types and fill values")
struct DataTypeTests {
  @Test(
    "Every name that another library writes is known",
    arguments: [
      ("bytes", DataType.bytes), ("variable_length_bytes", .bytes), ("binary", .bytes), ("string", .string),
    ])
  func names(name: String, type: DataType) throws {
    #expect(try DataType(name: name) == type)
  }

  @Test(
    "Another name is an error that says it",
    arguments: ["float65", "vlen-bytes", "vlen-utf8", "String", "|O"])
  func unknownName(name: String) {
    let error = #expect(throws: MetadataError.self) { try DataType(name: name) }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains(name) == true)
  }

  @Test("New arrays of bytes have the name that zarr-python and zarrs both read")
  func preferredName() {
    #expect(DataType.bytes.name == "bytes")
    #expect(DataType.string.name == "string")
  }

  @Test(
    "A fill value is read",
    arguments: [
      (DataType.string, "", []), (.string, "日", [0xE6, 0x97, 0xA5]), (.string, "AA==", Array("AA==".utf8)),
      (.bytes, "", []), (.bytes, "AP8=", [0, 255]), (.bytes, "+/+/", [0xFB, 0xFF, 0xBF]), (.bytes, [], []),
      (.bytes, [0, 255, 7], [0, 255, 7]),
    ] as [(DataType, JSONValue, [UInt8])])
  func fillValues(type: DataType, json: JSONValue, bytes: [UInt8]) throws {
    #expect(try type.fillValue(from: json) == bytes)
  }

  @Test(
    "A fill value that does not fit is refused",
    arguments: [
      (DataType.string, .null), (.string, 0), (.string, true), (.string, []), (.string, [:]), (.bytes, .null),
      (.bytes, 0), (.bytes, false), (.bytes, [:]), (.bytes, "AP8"), (.bytes, "AP8=="), (.bytes, "AP8=\n"),
      (.bytes, "A P8="), (.bytes, "-_-_"), (.bytes, "===="), (.bytes, "AA==AA=="), (.bytes, "AB=="),
      (.bytes, "é"),
      (.bytes, "A"), (.bytes, [256]), (.bytes, [-1]), (.bytes, [.number(JSONNumber(1.0))]), (.bytes, ["a"]),
      (.bytes, [0, [1]]),
    ] as [(DataType, JSONValue)])
  func unfitFillValues(type: DataType, json: JSONValue) {
    let error = #expect(throws: MetadataError.self) { try type.fillValue(from: json) }
    #expect(error?.code == .unexpectedValue)
    #expect(error?.field.hasPrefix("fill_value") == true)
  }

  @Test("Bytes are written as base64 and text as a string")
  func fillValueJSON() throws {
    #expect(try DataType.bytes.json(ofFillValue: [0, 255]) == "AP8=")
    #expect(try DataType.string.json(ofFillValue: [0xC3, 0xA9]) == "é")
    #expect(throws: MetadataError.self) { try DataType.string.json(ofFillValue: [0xC3]) }
  }
}
