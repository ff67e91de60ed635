/// A text of which one part, between two lines, is made by a program.
struct MarkedText {
  static let begin = "<!-- results: made by `make results` -->"
  static let end = "<!-- end of results -->"
  private let before: Substring
  private let after: Substring

  /// Finds the lines; nil if they are not there, or more than once.
  init?(_ text: String) {
    let begins = text.ranges(of: Self.begin)
    let ends = text.ranges(of: Self.end)
    guard begins.count == 1, ends.count == 1, begins[0].upperBound <= ends[0].lowerBound else { return nil }
    before = text[..<begins[0].upperBound]
    after = text[ends[0].lowerBound...]
  }

  /// The text with another part between the lines.
  func replacing(with part: String) -> String { before + "\n\n" + part + "\n\n" + after }
}
