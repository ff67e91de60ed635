import CKernels
import TestSupport
import Testing

@Suite("Search for bytes")
struct FindTests {
  /// Where a needle is by the definition.
  private func model(_ bytes: [UInt8], _ needle: [UInt8]) -> Int {
    guard bytes.count >= needle.count else { return bytes.count }
    return (0...bytes.count - needle.count).first { Array(bytes[$0..<$0 + needle.count]) == needle }
      ?? bytes.count
  }

  /// Where every path finds a needle in a buffer with nothing around it; nil if they disagree.
  private func place(_ bytes: [UInt8], _ needle: [UInt8], _ first: Int, _ second: Int) -> Int? {
    withAllocation(bytes) { start in
      let place = ckernels_find(start, bytes.count, needle, needle.count, first, second)
      for path in 0..<ckernels_find_path_count() {
        guard
          ckernels_find_by_path(path, start, bytes.count, needle, needle.count, first, second) == place
        else { return nil }
      }
      return place
    }
  }

  @Test(
    "A needle is found wherever it is, by any two of its bytes, and nowhere else",
    arguments: [1, 2, 3, 7, 33])
  func places(needleCount: Int) {
    let needle = (0..<needleCount).map { UInt8(65 + $0 % 20) }
    for count in 0...150 {
      let empty = [UInt8](repeating: 97, count: count)
      for (first, second) in [(0, 0), (0, needleCount - 1), (needleCount - 1, needleCount / 2)] {
        #expect(place(empty, needle, first, second) == count)
        guard count >= needleCount else { continue }
        for position in 0...count - needleCount {
          var bytes = empty
          bytes.replaceSubrange(position..<position + needleCount, with: needle)
          #expect(place(bytes, needle, first, second) == position)
        }
      }
    }
  }

  @Test("Bytes by chance agree with a search that compares at each place")
  func chance() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<3000 {
      let bytes = (0..<Int.random(in: 0...300, using: &generator)).map { _ in
        UInt8.random(in: 97...98, using: &generator)
      }
      let needle = (0..<Int.random(in: 1...9, using: &generator)).map { _ in
        UInt8.random(in: 97...98, using: &generator)
      }
      let places = (0..<2).map { _ in Int.random(in: 0..<needle.count, using: &generator) }
      #expect(place(bytes, needle, places[0], places[1]) == model(bytes, needle), "seed \(seed)")
    }
  }

  @Test("No bytes have no needle, also without an address")
  func noBytes() {
    #expect(ckernels_find(nil, 0, [1], 1, 0, 0) == 0)
  }
}
