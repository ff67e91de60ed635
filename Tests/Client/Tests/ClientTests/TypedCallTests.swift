import Foundation
import Testing
import Zarr

/// Values go into arrays and come back as what they are; bytes only through the calls that say so.
@Suite("Typed calls of a client")
struct TypedCallTests {
  private func array(of type: DataType, count: Int = 2) throws -> ZarrArray {
    try ZarrArray.create(
      in: MemoryStore(), shape: [count], options: ArrayOptions(dataType: type, chunkSize: .rows(2)))
  }

  private func isElementError(_ error: (any Error)?, index: Int? = nil) -> Bool {
    if case .element(_, index: let found, _)? = error as? ZarrError { found == index } else { false }
  }

  @Test("Text and byte strings do not pass for numbers")
  func numbers() throws {
    let ints = try array(of: .number(.int64))
    #expect(isElementError(#expect(throws: ZarrError.self) { try ints.write(["12345678", "12345678"]) }))
    let data = [Data(count: 8), Data(count: 8)]
    #expect(isElementError(#expect(throws: ZarrError.self) { try ints.write(data) }))
    #expect(isElementError(#expect(throws: ZarrError.self) { try ints.write("12345678", at: [0]) }))
    #expect(isElementError(#expect(throws: ZarrError.self) { try ints.read(as: [UInt8].self) }))
    #expect(isElementError(#expect(throws: ZarrError.self) { try ints.read(at: [0], as: Data.self) }))
    #expect(isElementError(#expect(throws: ZarrError.self) { try ints.scan(as: String.self) { _, _ in } }))
    let appender = try Appender(to: ints)
    #expect(isElementError(#expect(throws: ZarrError.self) { try appender.append("12345678") }))
    #expect(isElementError(#expect(throws: ZarrError.self) { try appender.append(contentsOf: ["12345678"]) }))
    #expect(appender.appendedCount == 0)
    #expect(try ints.read(as: Int.self) == [0, 0])
  }

  @Test("Text in an array of JSON is a JSON string, and the text of JSON has a type of its own")
  func json() throws {
    let json = try array(of: .json, count: 4)
    try json.write("42", at: [0])
    try json.write("foo", at: [1])
    try json.write(JSONText("[1.0, 2]"), at: [2])
    #expect(try json.read(as: JSONValue.self) == ["42", "foo", [1.0, 2], .null])
    #expect(try json.read([0..<2], as: String.self) == ["42", "foo"])
    #expect(try json.read(at: [2], as: JSONText.self).text == "[1.0, 2]")
    #expect(isElementError(#expect(throws: ZarrError.self) { try json.read(as: String.self) }, index: 2))
    #expect(
      isElementError(
        #expect(throws: ZarrError.self) { try json.write(["{}", "{"] as [JSONText], to: [0..<2]) }, index: 1))
    #expect(try json.read(at: [0], as: String.self) == "42")
  }

  @Test("Bytes are checked against the data type, wherever they come in")
  func blobs() throws {
    let bad = Array("nope".utf8)
    let json = try array(of: .json)
    #expect(isElementError(#expect(throws: ZarrError.self) { try json.write(blob: bad, at: [0]) }, index: 0))
    #expect(
      isElementError(
        #expect(throws: ZarrError.self) { try json.write(blobs: [Array("1".utf8), bad]) }, index: 1))
    #expect(throws: ZarrError.self) {
      try ZarrArray.create(in: MemoryStore(), blobs: [bad], options: ArrayOptions(dataType: .json))
    }
    let appender = try Appender(to: json)
    #expect(throws: ZarrError.self) { try appender.append(blob: bad) }
    #expect(throws: ZarrError.self) { try appender.append(blobs: [bad]) }
    #expect(throws: ZarrError.self) {
      try appender.append(blobCapacity: 9) { output in for byte in bad { output.append(byte) } }
    }
    try appender.append(blob: Array("2".utf8))
    #expect(try appender.finish().read(as: JSONValue.self) == [.null, .null, 2])

    let ints = try array(of: .number(.int64))
    #expect(throws: ZarrError.self) { try ints.write(blob: [1, 2, 3], at: [0]) }
    try ints.write(blob: [1, 2, 0, 0, 0, 0, 0, 0], at: [0])
    #expect(try ints.read(as: Int.self) == [513, 0])
    let texts = try array(of: .string)
    #expect(throws: ZarrError.self) { try texts.write(blob: [0xFF], at: [0]) }
    let raw = try array(of: .rawBytes(byteCount: 2))
    let error = #expect(throws: ZarrError.self) { try raw.write(blobs: [[1, 2], [3]] as [[UInt8]]) }
    #expect(isElementError(error, index: 1))
    #expect("\(error.map(String.init(describing:)) ?? "")".contains("1 bytes"))
    try raw.write([Data([1, 2]), Data([3, 4])])
    #expect(try raw.read(as: [UInt8].self) == [[1, 2], [3, 4]])
  }

  @Test("An appender takes values one by one, arrays and any other sequence of them")
  func appending() throws {
    let store = MemoryStore()
    let appender = try Appender.create(of: String.self, in: store, at: "texts")
    try appender.append("a")
    try appender.append(contentsOf: ["b", "c"])
    try appender.append(contentsOf: (0..<5000).lazy.map { "\($0)" })
    try appender.append(blobs: ["d"])
    let texts = ["a", "b", "c"] + (0..<5000).map { "\($0)" } + ["d"]
    #expect(try appender.finish().read(as: String.self) == texts)

    let values = (0..<5000).map { JSONValue.integer($0) }
    let json = try Appender.create(of: JSONValue.self, in: store, at: "json")
    try json.append(contentsOf: AnySequence(values))
    #expect(try json.finish().read(as: JSONValue.self) == values)
  }

  @Test("An appender of async code takes values too")
  func asyncAppending() async throws {
    let shared = try await AsyncAppender.create(of: Int.self, in: MemoryStore(), at: "ints")
    try await shared.append(1)
    try await shared.append(contentsOf: [2, 3])
    #expect(try await shared.finish().read(as: Int.self) == [1, 2, 3])
  }

  struct Reading: Codable, ZarrElement, Equatable {
    var windSpeed: Double
    var takenAt: Date
  }

  private static let coding = ArrayAccess(json: JSONCoding(dates: .iso8601, keys: .snakeCase))
  private static let reading = Reading(windSpeed: 1.5, takenAt: Date(timeIntervalSince1970: 0))
  private static let text = #"{"taken_at":"1970-01-01T00:00:00Z","wind_speed":1.5}"#

  @Test("Dates and keys are spelled as the access says, wherever values are coded")
  func coding() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(in: store, writing: [Self.reading], access: Self.coding)
    try array.withWriteBack(as: Reading.self) { view in try view.write(Self.reading, at: 0) }
    let appender = try Appender(to: array)
    try appender.append(Self.reading)
    try appender.append(contentsOf: [Self.reading])
    try appender.finish()
    #expect(try array.read(as: JSONText.self).map(\.text) == [Self.text, Self.text, Self.text])
    #expect(try array.read(as: Reading.self) == [Self.reading, Self.reading, Self.reading])
    #expect(try array.read(at: [1], as: Reading.self) == Self.reading)
    #expect(throws: ZarrError.self) { try ZarrArray.open(in: store).read(as: Reading.self) }
  }

  @Test("A missing value is null in an array of JSON")
  func optional() throws {
    let options = ArrayOptions(dataType: .json)
    let values = [Self.reading, nil]
    let array = try ZarrArray.create(in: MemoryStore(), writing: values, options: options)
    #expect(try array.read(as: Reading?.self) == values)
    #expect(try array.read(at: [1], as: JSONText.self) == "null")
    let appender = try Appender(to: array)
    try appender.append(Reading?.none)
    #expect(try appender.finish().read(as: Reading?.self) == values + [nil])
    #expect(throws: ZarrError.self) { try array.read(as: Reading.self) }
  }

  @Test("Elements of a view outlive it, share its memory and compare by their bytes")
  func blobsOfViews() async throws {
    var kept: [Blob] = []
    do {
      let array = try await ZarrArray.create(in: MemoryStore(), writing: ["north", "süd", "north", ""])
      // Another form of this ends the compiler (Swift 6.3.1): a span of what a throwing call returns.
      #expect(try await array.read()[0].byteCount == 5)
      kept = Array(try await array.read())
      #expect(try await array.read().map(\.byteCount) == [5, 4, 5, 0])
    }
    #expect(kept[0] == kept[2])
    #expect(Set(kept).count == 3)
    #expect([UInt8](kept[1]) == Array("süd".utf8))
    #expect(Data(kept[1]) == Data("süd".utf8))
    #expect(try kept[1].string() == "süd")
    #expect(kept[3].isEmpty)
    let again = try await ZarrArray.create(
      in: MemoryStore(), blobs: kept, options: ArrayOptions(dataType: .string))
    #expect(try await again.read(as: String.self) == ["north", "süd", "north", ""])
  }
}
