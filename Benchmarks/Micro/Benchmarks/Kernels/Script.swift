/// Scripts whose characters take one to four bytes.
enum Script: String, CaseIterable {
  case ascii = "ASCII"
  case latin = "Latin"
  case chinese = "Chinese"
  case emoji = "emoji"

  /// Text of random characters.
  func text(characterCount: Int, using random: inout SplitMix) -> String {
    var text = String.UnicodeScalarView()
    for _ in 0..<characterCount { text.append(scalar(using: &random)) }
    return String(text)
  }

  private func scalar(using random: inout SplitMix) -> Unicode.Scalar {
    let value: UInt32 =
      switch self {
      case .ascii: .random(in: 0x20...0x7e, using: &random)
      // Three letters in ten have an accent.
      case .latin:
        .random(in: Int.random(in: 0..<10, using: &random) < 3 ? 0xc0...0xff : 0x61...0x7a, using: &random)
      case .chinese: .random(in: 0x4e00...0x9fff, using: &random)
      case .emoji: .random(in: 0x1f300...0x1f5ff, using: &random)
      }
    return Unicode.Scalar(value) ?? " "
  }
}
