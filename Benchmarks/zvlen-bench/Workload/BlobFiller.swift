/// Writes the bytes of synthetic blobs.
struct BlobFiller {
  private let vocabulary: Vocabulary
  private var random: SplitMix

  /// Creates a filler that writes the same bytes for the same seed.
  init(seed: UInt64) {
    vocabulary = Vocabulary(seed: seed)
    random = SplitMix(seed: seed ^ 0x5DEE_CE66)
  }

  /// Fills `range` of `bytes` with one blob.
  mutating func fill(_ bytes: inout MutableRawSpan, _ range: Range<Int>, with content: Content) {
    switch content {
    case .text: fillText(&bytes, range)
    case .json: fillJSON(&bytes, range)
    case .random: fillRandom(&bytes, range)
    case .mixed:
      let kinds: [Content] = [.text, .json, .random]
      fill(&bytes, range, with: kinds[Int(random.next() % 3)])
    }
  }

  private mutating func fillRandom(_ bytes: inout MutableRawSpan, _ range: Range<Int>) {
    var at = range.lowerBound
    while range.upperBound - at >= 8 {
      bytes.storeBytes(of: random.next(), toByteOffset: at, as: UInt64.self)
      at += 8
    }
    while at < range.upperBound {
      bytes.storeBytes(of: UInt8(truncatingIfNeeded: random.next()), toByteOffset: at, as: UInt8.self)
      at += 1
    }
  }

  private mutating func fillText(_ bytes: inout MutableRawSpan, _ range: Range<Int>) {
    var at = range.lowerBound
    var bits: UInt64 = 0
    var picksLeft = 0
    while at < range.upperBound {
      if picksLeft == 0 {
        bits = random.next()
        picksLeft = 4
        if range.upperBound - at >= 32 { appendRareWord(to: &bytes, at: &at) }
      }
      let index = Int(vocabulary.picks[Int(bits & 0xFFFF)])
      bits >>= 16
      picksLeft -= 1
      let word = vocabulary.words[index]
      if range.upperBound - at >= 32 {
        bytes.storeBytes(of: word, toByteOffset: at, as: SIMD32<UInt8>.self)
        at += Int(vocabulary.byteCounts[index])
      } else {
        let end = min(range.upperBound, at + Int(vocabulary.byteCounts[index]))
        for position in at..<end {
          bytes.storeBytes(of: word[position - at], toByteOffset: position, as: UInt8.self)
        }
        at = end
      }
    }
  }

  /// Writes a word that occurs nowhere else, as names and numbers in text do, or now and then none.
  private mutating func appendRareWord(to bytes: inout MutableRawSpan, at: inout Int) {
    let bits = random.next()
    guard bits & 1 == 0 else { return }
    // SAFETY: Both types have eight bytes, and every bit pattern is a value of both.
    let letters = unsafe unsafeBitCast(bits, to: SIMD8<UInt8>.self)
    let word = (letters & 0x0F) &+ UInt8(ascii: "a")
    bytes.storeBytes(of: word, toByteOffset: at, as: SIMD8<UInt8>.self)
    bytes.storeBytes(of: UInt8(ascii: " "), toByteOffset: at + 8, as: UInt8.self)
    at += 9
  }

  // MARK: JSON

  /// Writes an array of records that is exactly as long as the range; the last name takes what is left.
  private mutating func fillJSON(_ bytes: inout MutableRawSpan, _ range: Range<Int>) {
    // A blob too short for a record is a number.
    guard range.count >= 80 else {
      for at in range {
        bytes.storeBytes(of: UInt8(ascii: "1") + UInt8(random.next() % 9), toByteOffset: at, as: UInt8.self)
      }
      return
    }
    var at = range.lowerBound
    append("[", to: &bytes, at: &at)
    while range.upperBound - at > 160 {
      let nameByteCount = 8 + Int(random.next() % 24)
      appendRecord(nameByteCount: nameByteCount, to: &bytes, at: &at)
      append(",", to: &bytes, at: &at)
    }
    // {"id":8 digits,"name":"","score":0.4 digits} and the closing bracket
    let nameByteCount = range.upperBound - at - 1 - Self.recordByteCount
    appendRecord(nameByteCount: nameByteCount, to: &bytes, at: &at)
    append("]", to: &bytes, at: &at)
  }

  /// The bytes of a record whose name is empty.
  private static let recordByteCount = 6 + 8 + 9 + 10 + 6 + 1

  private mutating func appendRecord(nameByteCount: Int, to bytes: inout MutableRawSpan, at: inout Int) {
    append(#"{"id":"#, to: &bytes, at: &at)
    appendDigits(8, of: 10_000_000 + random.next() % 90_000_000, to: &bytes, at: &at)
    append(#","name":""#, to: &bytes, at: &at)
    fillText(&bytes, at..<at + nameByteCount)
    at += nameByteCount
    append(#"","score":"#, to: &bytes, at: &at)
    append("0.", to: &bytes, at: &at)
    appendDigits(4, of: random.next() % 10_000, to: &bytes, at: &at)
    append("}", to: &bytes, at: &at)
  }

  private func append(_ text: String, to bytes: inout MutableRawSpan, at: inout Int) {
    for character in text.utf8 {
      bytes.storeBytes(of: character, toByteOffset: at, as: UInt8.self)
      at += 1
    }
  }

  private func appendDigits(_ count: Int, of number: UInt64, to bytes: inout MutableRawSpan, at: inout Int) {
    var rest = number
    for position in stride(from: at + count - 1, through: at, by: -1) {
      bytes.storeBytes(of: UInt8(ascii: "0") + UInt8(rest % 10), toByteOffset: position, as: UInt8.self)
      rest /= 10
    }
    at += count
  }
}
