import CKernels
import TestSupport
import Testing

@Suite("UTF-8 validation")
struct UTF8Tests {
  /// What the standard library says of `bytes`.
  private func isUTF8(_ bytes: [UInt8]) -> Bool {
    String(validating: bytes, as: UTF8.self) != nil
  }

  /// The verdict of the kernel from a buffer with nothing around it; `nil` where its paths disagree.
  private func verdict(_ bytes: [UInt8]) -> Bool? {
    withAllocation(bytes) { start in
      let verdict = ckernels_is_utf8(start, bytes.count)
      guard ckernels_is_utf8_portable(start, bytes.count) == verdict else { return nil }
      for path in 0..<ckernels_is_utf8_path_count() {
        guard ckernels_is_utf8_by_path(path, start, bytes.count) == verdict else { return nil }
      }
      return verdict
    }
  }

  /// Expects every path to agree with the standard library on `sequence`, alone and where blocks of 16 to 256
  /// bytes meet, with ASCII before and after it.
  private func expectAgreement(_ sequence: [UInt8], at places: [Int], after: [Int] = [0, 1, 40]) {
    let expected = isUTF8(sequence)
    for place in places {
      for count in after {
        let bytes = [UInt8](repeating: 0x61, count: place) + sequence + [UInt8](repeating: 0x7a, count: count)
        let verdict = self.verdict(bytes)
        if verdict != expected {
          Issue.record(
            "\(sequence) after \(place) and before \(count) bytes: \(String(describing: verdict)), not \(expected)"
          )
        }
      }
    }
  }

  @Test("No bytes are well-formed, also without an address")
  func noBytes() {
    #expect(ckernels_is_utf8(nil, 0))
    for path in 0..<ckernels_is_utf8_path_count() { #expect(ckernels_is_utf8_by_path(path, nil, 0)) }
  }

  @Test("The rows of table 3-7 are well-formed and their neighbours are not")
  func namedExamples() {
    let wellFormed: [[UInt8]] = [
      [0x00], [0x7f], [0xc2, 0x80], [0xdf, 0xbf], [0xe0, 0xa0, 0x80], [0xed, 0x9f, 0xbf], [0xee, 0x80, 0x80],
      [0xef, 0xbf, 0xbf], [0xf0, 0x90, 0x80, 0x80], [0xf4, 0x8f, 0xbf, 0xbf],
    ]
    let illFormed: [[UInt8]] = [
      [0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xc2], [0xc2, 0x41], [0xe0, 0x9f, 0xbf],
      [0xed, 0xa0, 0x80],
      [0xed, 0xbf, 0xbf], [0xe4, 0xb8], [0xf0, 0x8f, 0xbf, 0xbf], [0xf0, 0x9f, 0x98],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf5, 0x80, 0x80, 0x80], [0xff], [0xc3, 0xa9, 0xa9], [0xf0, 0x9f, 0x98, 0x80, 0x80],
    ]
    for bytes in wellFormed { #expect(verdict(bytes) == true, "\(bytes)") }
    for bytes in illFormed { #expect(verdict(bytes) == false, "\(bytes)") }
  }

  @Test("Every byte is judged right at every place of a short text", arguments: [0x00...0x7f, 0x80...0xff])
  func singleBytes(values: ClosedRange<Int>) {
    for value in values {
      expectAgreement([UInt8(value)], at: Array(0...70), after: [0])
      expectAgreement([UInt8(value)], at: [0, 31, 127, 159, 255, 319, 320], after: [0, 1, 300])
    }
  }

  @Test("Every pair of bytes is judged right", arguments: 0..<16)
  func pairs(high: Int) {
    for first in high * 16..<(high + 1) * 16 {
      for second in 0...255 {
        expectAgreement([UInt8(first), UInt8(second)], at: [0, 14, 31, 63], after: [0, 33])
      }
    }
  }

  @Test("Bytes at the limits of ranges are judged right in threes and fours", arguments: [3, 4])
  func boundarySequences(count: Int) {
    let leads: [UInt8] = [
      0x41, 0x80, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
      0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff,
    ]
    let seconds: [UInt8] = [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xe0]
    let others: [UInt8] = [0x7f, 0x80, 0xbf, 0xc0]
    for lead in leads {
      for second in seconds {
        for third in others {
          for fourth in count == 3 ? [0] : others {
            let sequence = Array([lead, second, third, fourth].prefix(count))
            expectAgreement(sequence, at: [0, 13, 29, 30, 31, 61, 62, 63, 159, 318], after: [0, 300])
          }
        }
      }
    }
  }

  @Test("A character is whole at every place of every length", arguments: ["é", "中", "😀"])
  func characterAtEveryPlace(character: String) {
    let whole = Array(character.utf8)
    let cut = Array(whole.dropLast())
    for place in 0...330 {
      for after in [0, 1, 31, 260] {
        let before = [UInt8](repeating: 0x61, count: place)
        let rest = [UInt8](repeating: 0x7a, count: after)
        #expect(
          verdict(before + whole + rest) == true, "whole at \(place), \(after) bytes after it")
        #expect(verdict(before + cut + rest) == false, "cut at \(place), \(after) bytes after it")
      }
    }
  }

  @Test("Damaged texts are judged as the standard library judges them", arguments: 0..<12)
  func mutations(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let texts = (0..<8).map { _ in Array(SampleText.random(characterCount: 400, using: &generator).utf8) }
    var illFormedCount = 0
    for round in 0..<10_000 {
      let text = texts[round % texts.count]
      let limit = round % 10 == 0 ? text.count : 100
      let start = Int.random(in: 0..<text.count, using: &generator)
      var bytes = Array(text[start...].prefix(Int.random(in: 0...limit, using: &generator)))
      for _ in 0..<Int.random(in: 0...2, using: &generator) where !bytes.isEmpty {
        let place = bytes.indices.randomElement(using: &generator) ?? 0
        let isFlipped = Bool.random(using: &generator)
        bytes[place] = isFlipped ? bytes[place] ^ 0x40 : .random(in: 0...255, using: &generator)
      }
      let expected = isUTF8(bytes)
      illFormedCount += expected ? 0 : 1
      let verdict = self.verdict(bytes)
      if verdict != expected {
        Issue.record(
          "seed \(seed), round \(round): \(String(describing: verdict)), not \(expected): \(bytes)")
      }
    }
    // Both verdicts have to be common for the comparison to mean anything.
    #expect((1000...9000).contains(illFormedCount), "seed \(seed): \(illFormedCount)")
  }
}
