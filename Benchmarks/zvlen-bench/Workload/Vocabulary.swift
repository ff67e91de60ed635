/// Invented words and set phrases, and a table from which a random number picks them as often as they occur
/// in text.
///
/// The phrases matter: independent words alone make matches so short that compressors run slower than on real
/// text.
struct Vocabulary {
  /// Each word or phrase and the space behind it, in a fixed width; what follows that space is filler.
  let words: [SIMD32<UInt8>]

  /// The bytes of each word or phrase with its space, at most 32.
  let byteCounts: [UInt8]

  /// A word's index for each 16-bit number: frequent words have many entries.
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

  /// Frequent words are short.
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

  /// Joins words that exist already, up to 31 bytes.
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
