import TestSupport
import Testing

@testable import ChunkEngine

@Suite("Chunks of the fill value")
struct WireFormFillValueTests {
  /// Whether the engine finds that all of `elements` equal `fillValue`.
  private func allEqual(_ elements: [[UInt8]], _ fillValue: [UInt8]) -> Bool {
    let chunk = referenceWireForm(elements)
    return WireForm.elements(of: chunk.span.bytes, allEqual: fillValue)
  }

  @Test(
    "Elements that all equal the fill value are found", arguments: [0, 1, 4, 5, 8, 64, 200], [0, 1, 2, 100])
  func equality(byteCount: Int, count: Int) {
    var generator = SeededGenerator(seed: 6)
    let fillValue = generator.bytes(count: byteCount)
    var elements = Array(repeating: fillValue, count: count)
    #expect(allEqual(elements, fillValue))
    #expect(allEqual(elements, fillValue + [0]) == (count == 0))
    for index in Set([0, count / 2, count - 1]).filter(elements.indices.contains) where byteCount > 0 {
      for place in Set([0, byteCount / 2, byteCount - 1]) {
        elements[index][place] ^= 1
        #expect(!allEqual(elements, fillValue), "element \(index), byte \(place)")
        elements[index][place] ^= 1
      }
    }
  }

  @Test("Other elements of the same size are not the fill value")
  func sameSize() {
    #expect(!allEqual([[], [1, 1, 1, 1]], [1, 1]))
    #expect(!allEqual([[1, 1, 1, 1], []], [1, 1]))
    #expect(!allEqual([[0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]], [0, 0, 0, 0, 0, 0]))
    #expect(!allEqual([[1], [2], [1]], [1]))
    #expect(!allEqual([[], [], [1]], []))
  }
}
