import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

private struct Station: Codable, ZarrElement, Hashable {
  var name: String
  var height: Double
  var tags: [String]?
}

/// A point that is two numbers back to back: a type with a layout of its own.
private struct Point: ZarrElement, Hashable {
  var x: Int32
  var y: Int32

  static var dataType: DataType { .rawBytes(byteCount: 8) }

  static func isElement(of dataType: DataType) -> Bool { dataType == .rawBytes(byteCount: 8) }

  func appendElement(
    of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
  ) throws(ElementError) {
    guard x >= 0 else { throw .unencodable(type: "Point", reason: "x is negative") }
    bytes += littleEndianBytes(UInt32(bitPattern: x)) + littleEndianBytes(UInt32(bitPattern: y))
  }

  init(x: Int32, y: Int32) {
    self.x = x
    self.y = y
  }

  init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError) {
    let numbers: [Int32] = bytes.withUnsafeBytes { bytes in
      [0, 4].map { Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Int32.self)) }
    }
    guard numbers[0] >= 0 else { throw .undecodable(type: "Point", reason: "x is negative") }
    self.init(x: numbers[0], y: numbers[1])
  }
}

@Suite("Elements of Swift types")
struct SwiftElementTests {
  /// Creates an array of values, opens it again and reads them.
  private func roundTrip<Element: ZarrElement>(
    _ values: [Element], options: ArrayOptions = ArrayOptions()
  ) throws -> (read: [Element], array: ZarrArray) {
    let store = MemoryStore()
    var options = options
    if case .bytes = options.chunkSize { options.chunkSize = .rows(3) }
    try ZarrArray.create(in: store, writing: values, options: options)
    let array = try ZarrArray.open(in: store)
    return (try array.read(as: Element.self), array)
  }

  @Test("Text makes an array of text")
  func text() throws {
    let texts = ["", "a", "e\u{301}", "é", "日本😀", "x\0y", String(repeating: "long", count: 1000)]
    let (read, array) = try roundTrip(texts)
    #expect(read.map { Array($0.utf8) } == texts.map { Array($0.utf8) })
    #expect(array.dataType == .string)
    #expect(try array.read(at: [4], as: String.self) == "日本😀")
  }

  @Test("Byte strings make an array of byte strings")
  func byteStrings() throws {
    let elements: [[UInt8]] = [[], [0], [0xFF, 0, 1], Array(repeating: 7, count: 5000)]
    let (read, array) = try roundTrip(elements)
    #expect(read == elements)
    #expect(array.dataType == .bytes)
    let (data, other) = try roundTrip(elements.map { Data($0) })
    #expect(data == elements.map { Data($0) })
    #expect(other.dataType == .bytes)
    #expect(try array.read(as: Data.self) == data)
  }

  /// The numbers of a view, looked at where they are.
  private func numbers<Number: PackedElement>(of view: BlobView) -> [Number]? {
    guard let packed = view.packed(as: Number.self) else { return nil }
    return packed.indices.map { packed[$0] }
  }

  @Test("Numbers make an array of numbers, with the bytes of the data type")
  func numbers() throws {
    func check<Number: PackedElement & Equatable>(
      _ values: [Number], _ type: NumberType, _ bytes: [UInt8]
    ) throws {
      let (read, array) = try roundTrip(values)
      #expect(read == values)
      #expect(array.dataType == .number(type))
      #expect(try array.read(at: [1]) == bytes)
      #expect(try array.read(at: [1], as: Number.self) == values[1])
      // One chunk has all: these are the numbers where they were decoded.
      let view = try array.read([0..<3])
      #expect(numbers(of: view) == Array(values.prefix(3)))
      // Several chunks are copied together.
      #expect(numbers(of: try array.read()) == values)
    }
    try check([0, -2, 127, -128] as [Int8], .int8, [0xFE])
    try check([0, 0x1234, -1, .min, .max] as [Int16], .int16, [0x34, 0x12])
    try check([0, 0x12345678, -1, .min, .max] as [Int32], .int32, [0x78, 0x56, 0x34, 0x12])
    try check([0, -2, .max, .min] as [Int64], .int64, [0xFE] + Array(repeating: 0xFF, count: 7))
    try check([0, -2, .max, .min] as [Int], .int64, [0xFE] + Array(repeating: 0xFF, count: 7))
    try check([0, 200, 255, 1] as [UInt8], .uint8, [200])
    try check([0, 0xABCD, .max, 1] as [UInt16], .uint16, [0xCD, 0xAB])
    try check([0, 1, .max, 2] as [UInt32], .uint32, [1, 0, 0, 0])
    try check([0, 1, .max, 2] as [UInt64], .uint64, [1, 0, 0, 0, 0, 0, 0, 0])
    try check([0, 1, .max, 2] as [UInt], .uint64, [1, 0, 0, 0, 0, 0, 0, 0])
    try check([0, 1.5, -0.0, .infinity] as [Float16], .float16, [0x00, 0x3E])
    try check([0, 1.5, -0.0, .infinity] as [Float], .float32, [0, 0, 0xC0, 0x3F])
    try check([0, 1.5, -0.0, -.infinity, 0.1] as [Double], .float64, [0, 0, 0, 0, 0, 0, 0xF8, 0x3F])
    let (read, array) = try roundTrip([true, false, true, true])
    #expect(read == [true, false, true, true])
    #expect(array.dataType == .number(.bool))
  }

  @Test("Integers are read from all arrays of integers, if they are in range")
  func integerConversions() throws {
    let small = try roundTrip([-1, 100, 127] as [Int8]).array
    #expect(try small.read(as: Int.self) == [-1, 100, 127])
    #expect(try small.read(as: Int16.self) == [-1, 100, 127])
    #expect(try small.read([1..<3], as: UInt8.self) == [100, 127])
    let error = try #require(throws: ZarrError.self) { try small.read(as: UInt64.self) }
    guard case .element(_, index: 0?, .undecodable(type: "UInt64", _)) = error else {
      Issue.record("\(error)")
      return
    }
    let large = try roundTrip([0, UInt64.max]).array
    #expect(throws: ZarrError.self) { try large.read(as: Int.self) }
    #expect(throws: ZarrError.self) { try large.read(as: Double.self) }
    #expect(throws: ZarrError.self) { try large.write([1, 2] as [Int]) }
  }

  @Test("Numbers with fewer digits are read as such with more")
  func floatConversions() throws {
    let half = try roundTrip([1.5, -0.25, .infinity] as [Float16]).array
    #expect(try half.read(as: Double.self) == [1.5, -0.25, .infinity])
    #expect(try half.read(as: Float.self) == [1.5, -0.25, .infinity])
    let single = try roundTrip([0.1, 2] as [Float]).array
    #expect(try single.read(as: Double.self) == [Double(Float(0.1)), 2])
    let double = try roundTrip([0.1, 2] as [Double]).array
    #expect(throws: ZarrError.self) { try double.read(as: Float.self) }
    #expect(throws: ZarrError.self) { try double.read(as: Int.self) }
  }

  @Test("JSON values are elements, null among them, and numbers keep their digits")
  func jsonValues() throws {
    let number = try #require(JSONNumber("123456789012345678901234567890.50"))
    let values: [JSONValue] = [
      .null, true, 42, "foo", ["a", 2, .null], ["k": ["v": .null], "a": []], .number(number), "", [], [:],
      "é\0",
    ]
    let (read, array) = try roundTrip(values)
    #expect(read == values)
    #expect(array.dataType == .json)
    #expect(try array.read(at: [6]) == Array("123456789012345678901234567890.50".utf8))
    // The same in an array of text, which every library reads.
    for type: DataType in [.string, .bytes] {
      let (read, array) = try roundTrip(values, options: ArrayOptions(dataType: type))
      #expect(read == values)
      #expect(array.dataType == type)
    }
    #expect(try array.read(at: [5], as: JSONText.self).text == #"{"k":{"v":null},"a":[]}"#)
  }

  @Test("Values by chance come back")
  func jsonByChance() throws {
    var generator = SeededGenerator(seed: 99)
    let values = (0..<3000).map { _ in generator.jsonValue() }
    #expect(try roundTrip(values).read == values)
  }

  @Test("Text is a JSON string in an array of JSON, and the text of JSON has a type of its own")
  func jsonText() throws {
    let options = ArrayOptions(dataType: .json, chunkSize: .rows(2))
    let array = try ZarrArray.create(in: MemoryStore(), writing: ["foo", "4\"2"], options: options)
    #expect(try array.read(as: JSONValue.self) == ["foo", "4\"2"])
    #expect(try array.read(as: String.self) == ["foo", "4\"2"])
    try array.write([" [1, 2.0]", "null"] as [JSONText])
    #expect(try array.read(as: JSONValue.self) == [[1, 2.0], .null])
    #expect(try array.read(as: JSONText.self) == [" [1, 2.0]", "null"])
    #expect(throws: ZarrError.self) { try array.read(as: String.self) }
    let error = try #require(throws: ZarrError.self) { try array.write(["{}", "{"] as [JSONText]) }
    guard case .element(_, index: 1?, .unencodable(type: "JSONText", _)) = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test("An element that is no JSON is an error with its index")
  func damagedJSON() throws {
    let array = try ZarrArray.create(in: MemoryStore(), writing: ["1", "2", "nope"])
    let error = try #require(throws: ZarrError.self) { try array.read(as: JSONValue.self) }
    guard case .element(_, index: 2?, .undecodable(type: "JSONValue", _)) = error else {
      Issue.record("\(error)")
      return
    }
    #expect("\(error)".contains("element 2"))
  }

  @Test("Types that are Codable are stored as JSON")
  func codable() throws {
    let stations = [
      Station(name: "Säntis", height: 2501.9, tags: ["a/b"]), Station(name: "", height: 0, tags: nil),
      Station(name: "b", height: -1.5, tags: []),
    ]
    let (read, array) = try roundTrip(stations)
    #expect(read == stations)
    #expect(array.dataType == .json)
    #expect(try array.read(at: [2], as: JSONText.self) == #"{"height":-1.5,"name":"b","tags":[]}"#)
    #expect(try roundTrip(stations, options: ArrayOptions(dataType: .string)).read == stations)
    #expect(throws: ZarrError.self) {
      try array.write([Station(name: "x", height: .nan, tags: nil)], to: [0..<1])
    }
    #expect(throws: ZarrError.self) { try roundTrip([JSONValue.null]).array.read(as: Station.self) }
  }

  @Test("Values of types of others are wrapped")
  func coded() throws {
    let values = [Coded(["a": [1.5]]), Coded([:]), Coded(["b": []])]
    #expect(try roundTrip(values).read == values)
  }

  @Test("Arrays of numbers are elements of any length")
  func raggedArrays() throws {
    #expect([Float].dataType == .array(of: .number(.float32)))
    let coder = ElementCoder()
    var bytes: [UInt8] = []
    try [Int16(1), -1].appendElement(of: [Int16].dataType, to: &bytes, with: coder)
    #expect(bytes == [1, 0, 0xFF, 0xFF])
    #expect(try [Int16](element: bytes.span.bytes, of: [Int16].dataType, with: coder) == [1, -1])
    let odd = Array(bytes.dropLast())
    #expect(throws: ElementError.self) {
      try [Int16](element: odd.span.bytes, of: [Int16].dataType, with: coder)
    }
  }

  @Test("Nothing is another thing than an empty element")
  func optional() throws {
    func bytes<Element: ZarrElement>(_ value: Element) throws -> [UInt8] {
      var bytes: [UInt8] = []
      try value.appendElement(of: Element.dataType, to: &bytes, with: ElementCoder())
      return bytes
    }
    #expect(String?.dataType == .optional(.string))
    #expect(try bytes(String?.none) == [0])
    #expect(try bytes(String?.some("")) == [1])
    #expect(try bytes(String?.some("é")) == [1, 0xC3, 0xA9])
    #expect(try bytes(Int16?.none) == [0, 0, 0])
    #expect(try bytes(Int16?.some(-2)) == [1, 0xFE, 0xFF])
    #expect(try bytes(JSONValue?.some(.null)) == [1] + Array("null".utf8))
    #expect(try bytes(String??.some(.none)) == [1, 0])
    for element in [[1, 0xFE, 0xFF], [0, 0, 0]] as [[UInt8]] {
      let value = try Int16?(element: element.span.bytes, of: Int16?.dataType, with: ElementCoder())
      #expect(try bytes(value) == element)
    }
    for damaged in [[], [2], [255, 0, 0]] as [[UInt8]] {
      #expect(throws: ElementError.self) {
        try String?(element: damaged.span.bytes, of: String?.dataType, with: ElementCoder())
      }
    }
  }

  @Test("Text of a fixed number of code points is filled up with zeros")
  func fixedLengthText() throws {
    let options = ArrayOptions(dataType: .fixedLengthUTF32(length: 3))
    let texts = ["", "a", "日本😀", "a\0b"]
    let (read, array) = try roundTrip(texts, options: options)
    #expect(read == texts)
    #expect(try array.read(at: [1]) == [0x61] + Array(repeating: 0, count: 11))
    #expect(throws: ZarrError.self) { try array.write(["abcd"], to: [0..<1]) }
  }

  @Test("A type says what its elements are")
  func ownLayout() throws {
    let points = (0..<5000).map { Point(x: $0, y: -$0) }
    let (read, array) = try roundTrip(points)
    #expect(read == points)
    #expect(try array.read(at: [1]) == [1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF])
    // Of several errors that of the first element counts.
    var wrong = points
    for index in [4321, 1234, 2345] { wrong[index].x = -1 }
    let error = try #require(throws: ZarrError.self) { try array.write(wrong) }
    guard case .element(_, index: 1234?, .unencodable) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(try array.read(as: Point.self) == points)
  }

  @Test("Elements of another kind are refused before anything is read or written")
  func wrongType() throws {
    let store = StoreProbe(MemoryStore())
    let array = try ZarrArray.create(in: store, writing: ["a", "b"])
    let before = store.calls.count
    #expect(throws: ZarrError.self) { try array.read(as: Double.self) }
    #expect(throws: ZarrError.self) { try array.read(at: [0], as: Point.self) }
    #expect(throws: ZarrError.self) { try array.write([1.5, 2]) }
    #expect(throws: ZarrError.self) { try array.write(Point(x: 1, y: 1), at: [0]) }
    #expect(throws: ZarrError.self) {
      try ZarrArray.create(in: store, at: "b", writing: [1], options: ArrayOptions(dataType: .string))
    }
    #expect(store.calls.count == before)
  }

  @Test("A region of several dimensions is read and written")
  func regions() throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [4, 5], options: ArrayOptions(dataType: .json, chunkSize: .shape([2, 2])))
    try array.write([1, "two", ["three"], .null] as [JSONValue], to: [1..<3, 1..<3])
    #expect(
      try array.read([1..<3, 0..<3], as: JSONValue.self) == [.null, 1, "two", .null, ["three"], .null])
    try array.write(["k": 1] as JSONValue, at: [3, 4])
    #expect(try array.read(at: [3, 4], as: JSONValue.self) == ["k": 1])
    #expect(throws: ZarrError.self) { try array.write([.null] as [JSONValue], to: [0..<1, 0..<2]) }
  }

  @Test("Values are appended")
  func appending() throws {
    let store = MemoryStore()
    let stations = (0..<5000).map { Station(name: "station \($0)", height: Double($0), tags: nil) }
    for (path, chunkSize) in [("sampled", ChunkSize.bytes(10_000)), ("counted", .rows(700))] {
      let appender = try Appender.create(
        of: Station.self, in: store, at: path, options: ArrayOptions(chunkSize: chunkSize))
      for station in stations.prefix(100) { try appender.append(station) }
      #expect(throws: ZarrError.self) { try appender.append(1.5) }
      #expect(throws: ZarrError.self) {
        try appender.append(Station(name: "", height: .infinity, tags: nil))
      }
      try appender.append(contentsOf: Array(stations.dropFirst(100)))
      try appender.finish()
      let array = try ZarrArray.open(in: store, at: path)
      #expect(array.dataType == .json)
      #expect(try array.read(as: Station.self) == stations)
    }
    #expect(throws: ZarrError.self) {
      try Appender.create(of: Int.self, in: store, at: "no", options: ArrayOptions(dataType: .json))
    }
  }

  @Test("Values are written, read and appended from tasks")
  func tasks() async throws {
    let store = MemoryStore()
    let array = try await ZarrArray.create(
      in: store, shape: [3], options: ArrayOptions(dataType: .json, chunkSize: .rows(2)))
    try await array.write([1, 2, 3] as [JSONValue])
    #expect(try await array.read([1..<3], as: JSONValue.self) == [2, 3])
    let appender = try await AsyncAppender.open(array)
    try await appender.append(contentsOf: ["four"] as [JSONValue])
    #expect(try await appender.finish().read(as: JSONValue.self) == [1, 2, 3, "four"])
  }

  /// What zarr-python 2 could do with an array of objects.
  @Test("Five objects are set one by one, and the one that was not set is null")
  func fiveObjects() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(
      in: store, at: "objects", shape: [5], options: ArrayOptions(dataType: .json, chunkSize: .rows(5)))
    try array.write(42 as JSONValue, at: [0])
    try array.write("foo" as JSONValue, at: [1])
    try array.write(["bar", "baz", "qux"] as JSONValue, at: [2])
    try array.write(["a": 1, "b": 2.2] as JSONValue, at: [3])
    let expected: [JSONValue] = [42, "foo", ["bar", "baz", "qux"], ["a": 1, "b": 2.2], .null]
    #expect(try ZarrArray.open(in: store, at: "objects").read(as: JSONValue.self) == expected)
  }
}
