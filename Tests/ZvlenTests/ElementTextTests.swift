import ChunkEngine
import Foundation
import Testing
import Zarr

@Suite("Elements as JSON")
struct ElementTextTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  private static func bytes(_ values: some Sequence<some FixedWidthInteger>) -> [[UInt8]] {
    values.map { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
  }

  private static func bytes(_ values: [Double]) -> [[UInt8]] { bytes(values.map(\.bitPattern)) }

  /// Elements of each kind of data type, and the lines that the specification gives for them as fill values.
  private static let samples: [(type: DataType, elements: [[UInt8]], lines: [String])] = [
    (.number(.bool), [[0], [1]], ["false", "true"]),
    (.number(.int8), [[0x80], [0x7F]], ["-128", "127"]),
    (
      .number(.int64), bytes([Int64.min, -1, Int64.max]),
      ["-9223372036854775808", "-1", "9223372036854775807"]
    ),
    (.number(.uint64), bytes([0, UInt64.max]), ["0", "18446744073709551615"]),
    (
      .number(.float64), bytes([0.5, .infinity, -.infinity, -1e300]),
      ["0.5", #""Infinity""#, #""-Infinity""#, "-1e+300"]
    ),
    (.number(.complex64), [[0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]], ["[1.0,-2.0]"]),
    (.opaqueBytes(byteCount: 3), [[0, 128, 255]], [#""AID/""#]),
    (.fixedLengthUTF32(length: 2), [[0xE9, 0, 0, 0, 0, 0, 0, 0]], [#""é""#]),
    (.datetime64(.seconds, scaleFactor: 1), bytes([Int64(86_400), .min]), ["86400", #""NaT""#]),
    (.bytes, [[], [0, 255]], [#""""#, #""AP8=""#]),
    (.string, [[], Array("a\n\"é".utf8)], [#""""#, #""a\n\"é""#]),
    (.json, [Array(#"{"a": [1, null]}"#.utf8), Array("\n \"x\"".utf8)], [#"{"a":[1,null]}"#, #""x""#]),
  ]

  @Test("Elements of every kind of data type are lines", arguments: samples.indices)
  func everyType(index: Int) throws {
    let sample = Self.samples[index]
    try ZarrArray.create(
      in: FileStore(creating: scratch.path("data.zarr")), blobs: sample.elements,
      options: ArrayOptions(dataType: sample.type, chunkSize: .rows(2)))
    for arguments in [["dump", "data.zarr"], ["conformance", "--array_path=data.zarr"]] {
      let outcome = try Tool.run(arguments, in: scratch)
      #expect(outcome.exitCode == 0)
      #expect(outcome.errors == "")
      // Numbers may be spelled in several ways.
      let found = try outcome.lines.map { try JSONParser().parse(Array($0.utf8)) }
      let expected = try sample.lines.map { try JSONParser().parse(Array($0.utf8)) }
      if case .number = sample.type {
        let options = JSONSerialization.ReadingOptions.fragmentsAllowed
        let values = try [outcome.lines, sample.lines].map { lines in
          try lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8), options: options) as? NSObject)
          }
        }
        #expect(values[0] == values[1])
      } else {
        #expect(found == expected)
      }
      #expect(outcome.text.hasSuffix("\n"))
    }
  }

  @Test("Bytes of one length are base64 as elements, and a list of numbers as fill values")
  func rawBytes() throws {
    try ZarrArray.create(
      in: FileStore(creating: scratch.path("data.zarr")), blobs: [[0, 128, 255]] as [[UInt8]],
      options: ArrayOptions(dataType: .rawBytes(byteCount: 3), chunkSize: .rows(2)))
    #expect(try Tool.succeed("dump", "data.zarr", in: scratch).lines == [#""AID/""#])
    #expect(
      try Tool.succeed("conformance", "--array_path", "data.zarr", in: scratch).lines == ["[0,128,255]"])
  }

  @Test("Elements come in C order, with fill values where nothing is stored")
  func order() throws {
    let array = try ZarrArray.create(
      in: FileStore(creating: scratch.path("data.zarr")), shape: [2, 3],
      options: ArrayOptions(dataType: .number(.int16), chunkSize: .shape([1, 2]), fillValue: [7, 0]))
    try array.write([1, 2] as [Int16], to: [0..<2, 2..<3])
    let lines = ["7", "7", "1", "7", "7", "2"]
    #expect(try Tool.succeed("conformance", "--array_path", "data.zarr", in: scratch).lines == lines)
    #expect(
      try Tool.succeed("dump", "data.zarr", "--start", "1", "--count", "2", in: scratch).lines == ["7", "1"])
  }

  @Test("Numbers of few bits are numbers")
  func smallNumbers() throws {
    // The exponent 7 of the bias, and no fraction.
    try ZarrArray.create(
      in: FileStore(creating: scratch.path("data.zarr")), blobs: [[0x38], [0xB8]] as [[UInt8]],
      options: ArrayOptions(dataType: .smallNumber(.float8E4M3), chunkSize: .rows(2)))
    for command in [["dump", "data.zarr"], ["conformance", "--array_path", "data.zarr"]] {
      #expect(try Tool.run(command, in: scratch).lines == ["1.0", "-1.0"])
    }
  }

  @Test(
    "An element that is none of its data type is an object with its bytes, and the next ones follow",
    arguments: [
      (DataType.string, [0x61, 0xFF], "Yf8=", #""1""#, "is not UTF-8 (byte 1)"),
      (.json, Array("{".utf8), "ew==", "1", "is not JSON: expected a key in quotes"),
    ] as [(DataType, [UInt8], String, String, String)], [ZarrFormat.version3])
  func damaged(sample: (DataType, [UInt8], String, String, String), format: ZarrFormat) throws {
    let (type, element, base64, sound, reason) = sample
    // Another type takes any bytes.
    try ZarrArray.create(
      in: FileStore(creating: scratch.path("data.zarr")),
      writing: [Array("1".utf8), element, Array("1".utf8)],
      options: ArrayOptions(dataType: .bytes, chunkSize: .rows(2), compressors: [], zarrFormat: format))
    let path = scratch.path("data.zarr/zarr.json")
    let document = try String(contentsOfFile: path, encoding: .utf8)
    try scratch.write(
      document.replacing(#"data_type": "bytes""#, with: "data_type\": \"\(type.name)\"")
        .replacing(#""fill_value": """#, with: #""fill_value": "1""#),
      to: "data.zarr/zarr.json")
    for arguments in [["dump", "data.zarr"], ["conformance", "--array_path", "data.zarr"]] {
      let outcome = try Tool.run(arguments, in: scratch)
      #expect(outcome.exitCode == 1)
      #expect(outcome.lines == [sound, #"{"base64":"\#(base64)"}"#, sound])
      #expect(outcome.errors.hasPrefix("zvlen: data.zarr: element 1 \(reason)"))
      #expect(outcome.errors.split(separator: "\n").count == 1)
    }
  }

  @Test("A code point that Unicode lacks is no text: dump, export and cat give the bytes, and the others")
  func surrogate() throws {
    try ZarrArray.create(
      in: FileStore(creating: scratch.path("data.zarr")),
      blobs: [[0x61, 0, 0, 0], [0, 0xD8, 0, 0], [0x62, 0, 0, 0]] as [[UInt8]],
      options: ArrayOptions(dataType: .fixedLengthUTF32(length: 1), chunkSize: .rows(3)))
    let raw = #"{"base64":"ANgAAA=="}"#
    for (arguments, output) in [
      (["dump", "data.zarr"], "\"a\"\n\(raw)\n\"b\"\n"),
      (["export", "data.zarr", "-o", "-"], "a\n\(raw)\nb\n"),
      (["cat", "data.zarr", "0", "1", "2"], "a\0\u{FFFD}\0\0b"),
    ] {
      let outcome = try Tool.run(arguments, in: scratch)
      #expect(outcome.exitCode == 1)
      #expect(outcome.text == output)
      #expect(outcome.errors.contains("data.zarr: element 1"))
      #expect(outcome.errors.contains("0xd800 is not a code point"))
    }
    try Tool.fail(
      "copy", "data.zarr", "copy.zarr", "--type", "string", in: scratch, saying: "data.zarr: element 1: ")
  }

  @Test("What is in front of a damaged chunk is written", arguments: [1, 2])
  func inFront(dimensionCount: Int) throws {
    let lines = (0..<40).map { "\($0)" }
    let array = try ZarrArray.create(
      in: FileStore(creating: scratch.path("data.zarr")), shape: dimensionCount == 1 ? [40] : [40, 1],
      options: ArrayOptions(
        dataType: .string, chunkSize: .shape(dimensionCount == 1 ? [2] : [2, 1]), compressors: []))
    try array.write(lines)
    try scratch.write("no chunk", to: dimensionCount == 1 ? "data.zarr/c/9" : "data.zarr/c/9/0")
    for arguments in [["dump", "data.zarr"], ["export", "data.zarr", "-o", "-"]] {
      let outcome = try Tool.run(arguments, in: scratch)
      #expect(outcome.exitCode == 1)
      #expect(outcome.lines.map { $0.replacing("\"", with: "") } == Array(lines[..<18]))
      #expect(outcome.errors.contains("data.zarr/c/9"))
    }
    let places = dimensionCount == 1 ? ["3", "18", "4"] : ["3,0", "18,0", "4,0"]
    let outcome = try Tool.run(["cat", "data.zarr"] + places, in: scratch)
    #expect(outcome.exitCode == 1)
    #expect(outcome.text == "34")
  }
}
