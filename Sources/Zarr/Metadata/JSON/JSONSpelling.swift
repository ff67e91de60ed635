/// How the text of a JSON value is spelled, where JSON leaves a choice.
///
/// The choices are those of Python's `json.dumps`, so that a text can be spelled as Python spells it. Numbers
/// always keep their digits.
struct JSONSpelling: Hashable, Sendable {
  /// Whether characters outside of ASCII, and the delete character, are written as `\u` and four digits.
  var escapesNonASCII = false

  /// Whether members stand in the order of their keys, by code points, each key once.
  var sortsKeys = false

  /// Whether a key that is repeated stands once, where it came first, with the value that it has last.
  var mergesRepeatedKeys = false

  /// Whether `NaN` and the infinities may be written, which JSON has no numbers for.
  var allowsNaN = true

  /// Whether they are written in quotes, so that what is written is JSON.
  var quotesNaN = false

  /// What stands between elements, and between members.
  var itemSeparator = Array(",".utf8)

  /// What stands between a key and its value.
  var keySeparator = Array(":".utf8)

  /// What each level is indented with, or nil for text without line breaks.
  var indentation: [UInt8]?

  /// Without white space, with the escapes that JSON needs and no others, as elements are kept in memory.
  static let compact = JSONSpelling()

  /// For other programs, of which some know no `NaN`, and no key twice.
  static let portable = JSONSpelling(mergesRepeatedKeys: true, quotesNaN: true)
}

extension JSONSpelling {
  /// Appends what opens a list whose items are on `level`.
  func appendOpening(_ bracket: UnicodeScalar, level: Int, to output: inout [UInt8]) {
    output.append(UInt8(ascii: bracket))
    appendLineBreak(level: level, to: &output)
  }

  /// Appends what stands between two items on `level`.
  func appendSeparator(level: Int, to output: inout [UInt8]) {
    output.append(contentsOf: itemSeparator)
    appendLineBreak(level: level, to: &output)
  }

  /// Appends what closes a list whose items are on the level behind `level`.
  func appendClosing(_ bracket: UnicodeScalar, level: Int, to output: inout [UInt8]) {
    appendLineBreak(level: level, to: &output)
    output.append(UInt8(ascii: bracket))
  }

  private func appendLineBreak(level: Int, to output: inout [UInt8]) {
    guard let indentation else { return }
    output.append(UInt8(ascii: "\n"))
    for _ in 0..<level {
      output.append(contentsOf: indentation)
    }
  }

  /// Appends a list of integers, whose items are on `level`.
  func appendIntegers(_ values: [Int], level: Int, to output: inout [UInt8]) {
    guard !values.isEmpty else { return output.append(contentsOf: "[]".utf8) }
    appendOpening("[", level: level, to: &output)
    for (index, value) in values.enumerated() {
      if index > 0 { appendSeparator(level: level, to: &output) }
      output.append(contentsOf: String(value).utf8)
    }
    appendClosing("]", level: level - 1, to: &output)
  }
}
