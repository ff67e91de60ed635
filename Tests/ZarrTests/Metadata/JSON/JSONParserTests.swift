import Testing
import Zarr

@Suite("JSON parser")
struct JSONParserTests {
  private func parse(_ text: String) throws -> JSONValue {
    try JSONParser().parse(Array(text.utf8))
  }

  @Test(
    "A document becomes its value",
    arguments: [
      ("null", .null), (" true\n", true), ("false", false), ("0", 0), ("-12", -12), ("\"\"", ""),
      ("[]", []), ("{}", [:]), ("[ ]", []), ("{\t}", [:]), ("[1,\r\n[2],{\"a\":[]}]", [1, [2], ["a": []]]),
      ("{\"a\": 1, \"b\": {\"c\": null}}", ["a": 1, "b": ["c": .null]]), ("{\"\":0}", ["": 0]),
    ] as [(String, JSONValue)])
  func values(text: String, value: JSONValue) throws {
    #expect(try parse(text) == value)
  }

  @Test(
    "A string is read with its escapes",
    arguments: [
      (#""a\"b\\c\/d""#, "a\"b\\c/d"), (#""\b\f\n\r\t""#, "\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9""#, "Aé"),
      (#""\uD83D\uDE00\ud83d\ude00""#, "😀😀"), (#""\u0000x""#, "\0x"), ("\"é日本😀\"", "é日本😀"),
      ("\"é\\n日\"", "é\n日"), (#""\uFFFF\uD7FF\uE000""#, "\u{FFFF}\u{D7FF}\u{E000}"), ("\"\u{7F}\"", "\u{7F}"),
    ])
  func strings(text: String, value: String) throws {
    let read = try #require(try parse(text).stringValue)
    #expect(Array(read.utf8) == Array(value.utf8))
  }

  @Test(
    "A number keeps its text",
    arguments: [
      "0", "-0", "-0.0", "1.50", "1e5", "1E+05", "1e-400", "1e999", "123456789012345678901234567890",
      "NaN", "Infinity", "-Infinity", "0.1000000000000000055511151231257827", "9007199254740993",
    ])
  func numbers(text: String) throws {
    let array = try #require(try parse("[\(text)]").arrayValue)
    guard case .number(let number) = array[0] else {
      Issue.record("\(array[0]) is no number")
      return
    }
    #expect(number.text == text)
  }

  @Test(
    "A text that breaks the grammar is refused",
    arguments: [
      "", " ", "nul", "nulll", "True", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1],", "1 2", "{",
      "}",
      "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{a:1}", "{1:1}", "{\"a\" 1}",
      "{\"a\":1 \"b\":2}", "{\"a\"::1}", "'a'", "\"", "\"a", "\"a\\\"", "\"\\", "\"\\x\"", "\"\\a\"",
      "\"\\u\"",
      "\"\\u12\"", "\"\\u12G4\"", "\"\\U0041\"", "\"a\nb\"", "\"a\tb\"", "\"a\0b\"", "\"\\\n\"", "01", "-01",
      "00",
      "-", "+1", ".5", "5.", "1.e1", "1e", "1e+", "1E-", "0x10", "1_000", "--1", "-NaN", "nan", "Nan", "NaNx",
      "inf", "Inf", "infinity", "+Infinity", "- Infinity", "1,", "[1]]", "{}{}", "// c\n1", "/**/1", "[1]#",
      "\u{A0}1", "\u{2028}1", "\u{FEFF}\u{FEFF}1", "1\u{FEFF}", "\u{B}1", "١",
    ])
  func malformed(text: String) {
    let error = #expect(throws: JSONError.self) { try parse(text) }
    #expect(error?.code == .malformed)
  }

  @Test(
    "Half of a surrogate pair is refused",
    arguments: [
      #""\uD800""#, #""\uDC00""#, #""\uD800\uD800""#, #""\uD800x""#, #""\uD800\n""#, #""\uDC00\uD800""#,
      #""\uDBFF\u0041""#, #""\ud83d\\ude00""#, #"{"\uDFFF": 1}"#,
    ])
  func loneSurrogates(text: String) {
    let error = #expect(throws: JSONError.self) { try parse(text) }
    #expect(error?.code == .invalidText)
  }

  @Test(
    "Text that is not UTF-8 is refused, with its place",
    arguments: [
      [0x80], [0xC0, 0xAF], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF],
      [0xC3, 0x5C, 0x6E],
    ] as [[UInt8]])
  func invalidUTF8(bytes: [UInt8]) {
    let error = #expect(throws: JSONError.self) { try JSONParser().parse([0x22, 0x61] + bytes + [0x22]) }
    #expect(error?.code == .invalidText)
    #expect(error?.byteOffset == 2)
  }

  @Test("A byte order mark is skipped")
  func byteOrderMark() throws {
    #expect(try JSONParser().parse([0xEF, 0xBB, 0xBF, 0x31]) == 1)
  }

  @Test("A broken byte order mark is refused", arguments: [[0xEF], [0xEF, 0xBB], [0xEF, 0xBB, 0xBF]])
  func brokenByteOrderMark(bytes: [UInt8]) {
    #expect(throws: JSONError.self) { try JSONParser().parse(bytes) }
  }

  @Test("An error says in which line and column it is")
  func place() {
    let error = #expect(throws: JSONError.self) { try parse("{\n  \"é\": tru\n}") }
    #expect(error?.byteOffset == 13)
    #expect(error?.line == 2)
    #expect(error?.column == 11)
    #expect(error?.description.contains("line 2, column 11 (byte 13)") == true)
  }

  @Test("Of equal keys the last counts, in the place of the first")
  func repeatedKeys() throws {
    let object = try #require(try parse(#"{"a":1,"b":2,"a":3}"#).objectValue)
    #expect(object.map(\.key) == ["a", "b"])
    #expect(object["a"] == 3)
  }

  @Test("Nesting is allowed up to the limit", arguments: ["[", "{\"a\":"])
  func depth(opening: String) throws {
    let closing = opening == "[" ? "]" : "}"
    func nested(_ depth: Int) -> String {
      String(repeating: opening, count: depth) + "0" + String(repeating: closing, count: depth)
    }
    #expect(throws: Never.self) { try parse(nested(64)) }
    let error = #expect(throws: JSONError.self) { try parse(nested(65)) }
    #expect(error?.code == .tooDeep)
  }

  @Test("A million open brackets are an error", arguments: ["[", "{\"a\":", "[{\"a\":"])
  func nestingBomb(opening: String) {
    let error = #expect(throws: JSONError.self) { try parse(String(repeating: opening, count: 1_000_000)) }
    #expect(error?.code == .tooDeep)
  }

  @Test("The greatest depth that can be allowed does not overflow the stack")
  func greatestDepth() throws {
    let depth = JSONParser.depths.upperBound
    let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    let value = try JSONParser(maximumDepth: depth).parse(Array(text.utf8))
    #expect(value.description == text)
  }

  @Test("A depth beyond that is a programming error")
  func unsupportedDepth() async {
    await #expect(processExitsWith: .failure) { _ = JSONParser(maximumDepth: 1001) }
  }

  @Test("A text longer than the limit is refused unread")
  func byteLimit() throws {
    let parser = JSONParser(maximumByteCount: 4)
    #expect(try parser.parse(Array("true".utf8)) == true)
    let error = #expect(throws: JSONError.self) { try parser.parse(Array("]]]]]".utf8)) }
    #expect(error?.code == .tooLong)
  }

  @Test("A number of a million digits is read")
  func longNumber() throws {
    let digits = String(repeating: "9", count: 1_000_000)
    guard case .number(let number) = try parse(digits) else {
      Issue.record("no number")
      return
    }
    #expect(number.text == digits)
    #expect(number.integer == nil)
    #expect(number.double == .infinity)
  }
}
