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

  /// Writes a word that occurs nowhere else, like a name or number in text, or with equal chance nothing.
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

  /// Writes an array of records exactly as long as the range; the last name fills the rest.
  private mutating func fillJSON(_ bytes: inout MutableRawSpan, _ range: Range<Int>) {
    // A blob that is too short for a record is a number.
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

/// Invented words and phrases, and a table that gives each its frequency in text.
///
/// The phrases matter: independent words alone make such short matches that compressors run slower than on
/// real text.
struct Vocabulary {
  /// Each word or phrase with the space after it, padded to a fixed width.
  let words: [SIMD32<UInt8>]

  /// The bytes of each word or phrase with its space, at most 32.
  let byteCounts: [UInt8]

  /// The index of a word for each 16-bit number, with many entries for frequent words.
  let picks: [UInt16]

  /// Creates the words that belong to `seed`.
  init(seed: UInt64, count: Int = 8192) {
    var random = SplitMix(seed: seed)
    var words: [SIMD32<UInt8>] = []
    var byteCounts: [UInt8] = []
    var singles: [[UInt8]] = []
    for rank in 0..<count {
      var word = Self.makeWord(syllables: Self.syllableCount(rank: rank, using: &random), using: &random)
      if rank >= 64, random.next() & 1 == 0 {
        word = Self.makePhrase(of: singles, using: &random)
      } else {
        singles.append(word)
      }
      var padded = SIMD32<UInt8>(repeating: UInt8(ascii: " "))
      for (index, byte) in word.enumerated() { padded[index] = byte }
      words.append(padded)
      byteCounts.append(UInt8(word.count + 1))
    }
    self.words = words
    self.byteCounts = byteCounts
    picks = Self.makePicks(count: count)
  }

  /// The number of syllables of a word: frequent words are short.
  private static func syllableCount(rank: Int, using random: inout SplitMix) -> Int {
    let longest = rank < 32 ? 1 : rank < 512 ? 3 : 5
    return Int.random(in: (longest + 1) / 2...longest, using: &random)
  }

  private static func makeWord(syllables: Int, using random: inout SplitMix) -> [UInt8] {
    let consonants = Array("bcdfghklmnprstvwz".utf8)
    let vowels = Array("aeiou".utf8)
    var word: [UInt8] = []
    for _ in 0..<syllables {
      word.append(consonants[Int.random(in: consonants.indices, using: &random)])
      word.append(vowels[Int.random(in: vowels.indices, using: &random)])
      guard random.next() & 3 == 0 else { continue }
      word.append(consonants[Int.random(in: consonants.indices, using: &random)])
    }
    return word
  }

  /// Joins existing words, up to 31 bytes.
  private static func makePhrase(of words: [[UInt8]], using random: inout SplitMix) -> [UInt8] {
    var phrase: [UInt8] = []
    while true {
      let word = words[Int(random.next() % UInt64(words.count))]
      guard phrase.count + 1 + word.count <= 31 else { return phrase }
      if !phrase.isEmpty { phrase.append(UInt8(ascii: " ")) }
      phrase += word
    }
  }

  /// The word of rank `r` gets a share of the entries in proportion to `1 / (r + 2.7)`, as in natural text.
  private static func makePicks(count: Int) -> [UInt16] {
    let weights = (0..<count).map { 1 / (Double($0) + 2.7) }
    let total = weights.reduce(0, +)
    var picks: [UInt16] = []
    picks.reserveCapacity(1 << 16)
    var sum = 0.0
    for (rank, weight) in weights.enumerated() {
      sum += weight
      let end = min(1 << 16, Int((sum / total * 65_536).rounded()))
      while picks.count < end { picks.append(UInt16(rank)) }
    }
    while picks.count < 1 << 16 { picks.append(UInt16(count - 1)) }
    return picks
  }
}
