import TestSupport

/// Elements that show what goes wrong at the borders of a chunk and of the kernels that copy them.
struct ElementSample: Sendable, CustomStringConvertible {
  let description: String
  let elements: [[UInt8]]

  private init(_ description: String, _ byteCounts: some Sequence<Int>) {
    var generator = SeededGenerator(seed: 0xE1E)
    self.description = description
    elements = generator.elements(byteCounts: byteCounts)
  }

  /// The sizes of 24 small elements, which are copied by eight, and of one among them that is larger.
  private static func sizes(of small: Int, but index: Int) -> [Int] {
    (0..<24).map { $0 == index ? 17 : small }
  }

  /// Chunks of none, one and many elements, and sizes about the blocks of 64 bytes in which small elements
  /// are copied.
  static let all: [ElementSample] =
    [
      ElementSample("no elements", []),
      ElementSample("only empty elements", Array(repeating: 0, count: 100)),
      ElementSample("empty elements between others", [0, 3, 0, 0, 64, 0, 65, 0]),
      ElementSample("sizes that grow to 330", 0...330),
      ElementSample("sizes that shrink from 330", (0...330).reversed()),
      ElementSample("many of one byte", Array(repeating: 1, count: 1000)),
      ElementSample("many of 64 bytes", Array(repeating: 64, count: 100)),
      ElementSample("one of 100,000 bytes between small ones", [1, 100_000, 1]),
      ElementSample(
        "300 of any size up to 300",
        {
          var generator = SeededGenerator(seed: 3)
          return (0..<300).map { _ in Int.random(in: 0...300, using: &generator) }
        }()),
      ElementSample(
        "500 of any size up to 16",
        {
          var generator = SeededGenerator(seed: 16)
          return (0..<500).map { _ in Int.random(in: 0...16, using: &generator) }
        }()),
    ] + (0..<24).map { ElementSample("24 of 16 bytes, but for number \($0)", sizes(of: 16, but: $0)) }
    + (0...17).map { ElementSample("40 of \($0) bytes", Array(repeating: $0, count: 40)) }
    + (0...330).map { ElementSample("one of \($0) bytes", [$0]) }
    + [31, 32, 33, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256, 257].map {
      ElementSample("\($0) bytes before one", [$0, 1])
    }
}
