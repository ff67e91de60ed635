import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Elements as Arrow and CSV")
struct DumpFormatTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  private func makeArray<Element: ZarrElement>(
    _ elements: [Element], shape: [Int]? = nil, _ dataType: DataType? = nil, _ name: String = "a"
  ) throws {
    try ZarrArray.create(
      in: FileStore(creating: scratch.path(name)), writing: elements, shape: shape,
      options: ArrayOptions(dataType: dataType, chunkSize: .rows(3)))
  }

  /// What pyarrow finds in the elements of an array.
  private func arrow(_ arguments: String..., code: Int32 = 0) throws -> JSONObject {
    let outcome = try Tool.run(["dump"] + arguments + ["--format", "arrow"], in: scratch)
    #expect(outcome.exitCode == code, "\(outcome.errors)")
    try scratch.write(outcome.output, to: "stream")
    let text = try PythonEnvironment.run("read_arrow.py", [scratch.path("stream")])
    return try #require(try JSONParser().parse(Array(text.utf8)).objectValue)
  }

  private func expect<Element: ZarrElement>(
    _ elements: [Element], _ dataType: DataType? = nil, type: String, _ values: JSONValue
  ) throws {
    let name = "\(UUID())"
    try makeArray(elements, dataType, name)
    let found = try arrow(name)
    #expect(found["types"] == ["value": .string(type)])
    #expect(found["columns"] == ["value": values])
  }

  @Test("pyarrow reads text, bytes and JSON of any length")
  func variable() throws {
    try expect(
      ["", "süß", "a\u{0}b", "d", "e"], type: "large_string", ["", "süß", "a\u{0}b", "d", "e"])
    try expect([[], [0, 255], [1]] as [[UInt8]], .bytes, type: "large_binary", ["", "AP8=", "AQ=="])
    try expect([String](), type: "large_string", [])
    try expect(
      [JSONText(#"{"a": 1.10}"#), JSONText("null")], type: "extension<arrow.json>", [#"{"a": 1.10}"#, "null"])
  }

  @Test("pyarrow reads numbers, truth values, times and byte strings of fixed size")
  func fixed() throws {
    try expect([1, -2, 3, 4] as [Int32], type: "int32", [1, -2, 3, 4])
    try expect([UInt64.max, 0], type: "uint64", [.number(JSONNumber(UInt64.max)), 0])
    try expect([1.5, .infinity] as [Float], type: "float", [1.5, "inf"])
    try expect(
      [true, false, true, true, false, true, false, false, true], type: "bool",
      [
        true, false, true, true, false, true, false, false, true,
      ])
    try expect(
      [[1, 2], [3, 4]] as [[UInt8]], .rawBytes(byteCount: 2), type: "fixed_size_binary[2]", ["AQI=", "AwQ="])
    try expect(["ab", "ü"], .fixedLengthUTF32(length: 3), type: "large_string", ["ab", "ü"])
    try expect(
      [[1], [2, 3]] as [[UInt8]], .nullTerminatedBytes(byteCount: 4), type: "large_binary", ["AQ==", "AgM="])
  }

  @Test("Absent elements are null")
  func optional() throws {
    try expect(["a", nil, "", nil] as [String?], type: "large_string", ["a", .null, "", .null])
    try expect([1, nil, 3] as [Int16?], type: "int16", [1, .null, 3])
    try expect([true, nil, false] as [Bool?], type: "bool", [true, .null, false])
  }

  @Test("Several dimensions come in C order, with their indices if they are wanted")
  func dimensions() throws {
    try makeArray((0..<8).map { "\($0)" }, shape: [2, 4])
    #expect(try arrow("a")["columns"] == ["value": ["0", "1", "2", "3", "4", "5", "6", "7"]])
    #expect(
      try arrow("a", "--indices", "--start", "3", "--count", "3")["columns"]
        == ["dim_0": [0, 1, 1], "dim_1": [3, 0, 1], "value": ["3", "4", "5"]])
    #expect(
      try Tool.succeed("dump", "a", "--format", "csv", "--indices", "--start", "7", in: scratch).text
        == "dim_0,dim_1,value\r\n1,3,7\r\n")
  }

  @Test("Text that is not UTF-8 is null, and named")
  func damagedText() throws {
    try ZarrArray.create(
      in: FileStore(creating: scratch.path("a")), writing: ["one", "two", "x"],
      options: ArrayOptions(compressors: []))
    let chunk = try scratch.read("a/c/0")
    try scratch.write(chunk.map { $0 == UInt8(ascii: "w") ? 0xFF : $0 }, to: "a/c/0")
    #expect(try arrow("a", code: 1)["columns"] == ["value": ["one", .null, "x"]])
  }

  @Test("CSV has a quote before a quote, and quotes where a reader needs them")
  func csv() throws {
    try makeArray(["plain", "a,b", "say \"x\"", "two\nlines", "", " ü "])
    #expect(
      try Tool.succeed("dump", "a", "--format", "csv", in: scratch).text
        == "value\r\nplain\r\n\"a,b\"\r\n\"say \"\"x\"\"\"\r\n\"two\nlines\"\r\n\"\"\r\n ü \r\n")
    try makeArray([1.5, nil, .nan] as [Double?], nil, "numbers")
    #expect(
      try Tool.succeed("dump", "numbers", "--format", "csv", in: scratch).text
        == "value\r\n1.5\r\n\r\nNaN\r\n")
    try makeArray([[0, 255]] as [[UInt8]], .bytes, "bytes")
    #expect(try Tool.succeed("dump", "bytes", "--format", "csv", in: scratch).text == "value\r\nAP8=\r\n")
    #expect(try Tool.run(["dump", "a", "--indices"], in: scratch).exitCode == 64)
  }
}
