import Testing
import Zarr

@Suite("JSON values")
struct JSONValueTests {
  @Test(
    "A number is an integer only if it is written as one, and fits",
    arguments: [
      ("0", 0), ("-0", 0), ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
      ("9223372036854775808", nil), ("1.0", nil), ("1e2", nil), ("NaN", nil), ("Infinity", nil),
    ] as [(String, Int?)])
  func integers(text: String, value: Int?) {
    #expect(JSONNumber(text)?.integer == value)
  }

  @Test("An unsigned integer has all 64 bits")
  func unsignedIntegers() {
    #expect(JSONNumber("18446744073709551615")?.unsignedInteger == UInt64.max)
    #expect(JSONNumber("18446744073709551616")?.unsignedInteger == nil)
    #expect(JSONNumber("-1")?.unsignedInteger == nil)
    #expect(JSONNumber(UInt64.max).text == "18446744073709551615")
  }

  @Test(
    "A number has a nearest floating-point value",
    arguments: [
      ("0.1", 0.1), ("1e23", 1e23), ("-2.5E-3", -0.0025), ("5e-324", .leastNonzeroMagnitude), ("1e-999", 0),
      ("1e999", .infinity),
      ("-Infinity", -.infinity), ("9007199254740993", 9_007_199_254_740_992),
    ] as [(String, Double)])
  func doubles(text: String, value: Double) {
    #expect(JSONNumber(text)?.double == value)
  }

  @Test(
    "A floating-point value survives",
    arguments: [0.1, -0.0, 1e300, Double.leastNonzeroMagnitude, 1, .infinity, -.infinity, 1.0 / 3])
  func doubleRoundTrip(value: Double) throws {
    let number = JSONNumber(value)
    #expect(JSONNumber(number.text)?.double.bitPattern == value.bitPattern)
  }

  @Test("Not a number is a number")
  func notANumber() {
    #expect(JSONNumber(Double.nan).text == "NaN")
    #expect(JSONNumber("NaN")?.double.isNaN == true)
  }

  @Test(
    "Text that is not exactly a number is none",
    arguments: ["", " 1", "1 ", "\u{FEFF}1", "true", "\"1\"", "[1]"])
  func noNumber(text: String) {
    #expect(JSONNumber(text) == nil)
  }

  @Test("Keys that differ in their bytes are different keys, even if they look alike", arguments: [0, 100])
  func keysAreBytes(others: Int) {
    var object = JSONObject((0..<others).map { ("key \($0)", .null) })
    object["\u{E9}"] = 1
    object["e\u{301}"] = 2
    #expect(object.count == others + 2)
    #expect(object["\u{E9}"] == 1)
    #expect(object["e\u{301}"] == 2)
    #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
  }

  @Test("Members are found, replaced and removed, in few and in many", arguments: [1, 15, 16, 17, 1000])
  func members(count: Int) {
    var object: JSONObject = [:]
    for index in 0..<count {
      object["key \(index)"] = .integer(index)
    }
    object["key 0"] = "first"
    #expect(object.count == count)
    #expect(object["key 0"] == "first")
    #expect(object["key \(count - 1)"] == (count == 1 ? "first" : .integer(count - 1)))
    #expect(object["key \(count)"] == nil)

    object["key 0"] = nil
    object["absent"] = nil
    #expect(object.count == count - 1)
    #expect(object["key 0"] == nil)
    #expect(object.map(\.key) == (0..<count).dropFirst().map { "key \($0)" })
    #expect((1..<count).allSatisfy { object["key \($0)"] == .integer($0) })
  }

  @Test("Objects are equal in whatever order their members are")
  func equality() {
    let left: JSONObject = ["a": 1, "b": [2]]
    let right: JSONObject = ["b": [2], "a": 1]
    #expect(left == right)
    #expect(left.hashValue == right.hashValue)
    #expect(left != ["a": 1, "b": [3]])
    #expect(left != ["a": 1])
    #expect(left != ["a": 1, "c": [2]])
  }
}
