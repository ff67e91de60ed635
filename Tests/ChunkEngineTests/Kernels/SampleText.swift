/// Texts that mix characters of one to four bytes.
enum SampleText {
  /// A text in which runs of ASCII, long enough for a fast path, follow runs of other scripts.
  static func random(characterCount: Int, using generator: inout some RandomNumberGenerator) -> String {
    let scripts: [ClosedRange<UInt32>] = [0x20...0x7e, 0xa0...0x7ff, 0x4e00...0x9fff, 0x1f300...0x1f6ff]
    var text = ""
    while text.unicodeScalars.count < characterCount {
      let script = Bool.random(using: &generator) ? 0 : Int.random(in: 1...3, using: &generator)
      for _ in 0..<Int.random(in: 1...60, using: &generator) {
        let scalar = Unicode.Scalar(UInt32.random(in: scripts[script], using: &generator))
        text.unicodeScalars.append(scalar ?? "?")
      }
    }
    return text
  }
}
