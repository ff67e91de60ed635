import TestSupport
import Testing
import Zarr

@Suite("JSON writer")
struct JSONWriterTests {
  private func text(_ value: JSONValue, _ style: JSONSpelling) -> String {
    String(decoding: JSONWriter(style: style).bytes(of: value), as: UTF8.self)
  }

  @Test("A compact document is one line")
  func compact() {
    let value: JSONValue = ["a": [1, .null, true], "b": [:], "c": []]
    #expect(text(value, .compact) == #"{"a":[1,null,true],"b":{},"c":[]}"#)
  }

  @Test("A pretty document is what Python writes with an indentation of two")
  func pretty() {
    let value: JSONValue = ["a": [1, [2]], "b": ["c": [:], "d": []], "e": "x"]
    #expect(
      text(value, .pretty) == """
        {
          "a": [
            1,
            [
              2
            ]
          ],
          "b": {
            "c": {},
            "d": []
          },
          "e": "x"
        }
        """)
  }

  @Test(
    "Only what must be escaped is",
    arguments: [
      ("", #""""#), ("a\"b\\c/d", #""a\"b\\c/d""#), ("\u{8}\t\n\u{C}\r", #""\b\t\n\f\r""#),
      ("\0\u{1}\u{F}\u{10}\u{1F}", #""\u0000\u0001\u000f\u0010\u001f""#),
      ("é日😀\u{7F}\u{2028}", "\"é日😀\u{7F}\u{2028}\""),
      ("\"\"", #""\"\"""#),
    ])
  func escapes(value: String, expected: String) {
    var output: [UInt8] = [0x2C]
    JSONWriter.appendString(value, to: &output)
    #expect(String(decoding: output, as: UTF8.self) == "," + expected)
  }

  @Test("Numbers are written as they were read")
  func numbers() throws {
    let document = "[1.50,-0.0,1E+05,NaN,-Infinity,100000000000000000000000000000000000000000]"
    #expect(text(try JSONParser().parse(Array(document.utf8)), .compact) == document)
  }

  @Test("Any value is read back as it was written", arguments: 0..<50)
  func roundTrip(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let value = randomValue(depth: 5, using: &generator)
    for style in [JSONSpelling.compact, .pretty] {
      #expect(try JSONParser().parse(JSONWriter(style: style).bytes(of: value)) == value)
    }
  }

  private func randomValue(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
    switch Int.random(in: 0..<(depth == 0 ? 5 : 7), using: &generator) {
    case 0: .null
    case 1: .bool(Bool.random(using: &generator))
    case 2: .integer(Int(truncatingIfNeeded: generator.next()))
    case 3: .number(JSONNumber(Double(bitPattern: generator.next())))
    case 4: .string(randomText(using: &generator))
    case 5:
      .array(
        (0..<Int.random(in: 0..<6, using: &generator)).map { _ in
          randomValue(depth: depth - 1, using: &generator)
        })
    default:
      .object(
        JSONObject(
          (0..<Int.random(in: 0..<30, using: &generator)).map { _ in
            (randomText(using: &generator), randomValue(depth: depth > 2 ? 2 : depth - 1, using: &generator))
          }))
    }
  }

  private func randomText(using generator: inout SeededGenerator) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0..<12, using: &generator) {
      let bound = [0x20, 0x80, 0x800, 0x10000, 0x110000].randomElement(using: &generator) ?? 0x80
      if let scalar = UnicodeScalar(Int.random(in: 0..<bound, using: &generator)) {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}

extension UnicodeScalar {
  fileprivate init?(_ value: Int) {
    self.init(UInt32(value))
  }
}
