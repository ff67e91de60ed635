/// Elements that tests write.
public enum ArrayElements {
  /// Elements of 0 to `maximumByteCount` bytes of any value.
  public static func random(
    _ count: Int, maximumByteCount: Int = 20, using generator: inout SeededGenerator
  ) -> [[UInt8]] {
    (0..<count).map { _ in
      let byteCount = Int.random(in: 0...maximumByteCount, using: &generator)
      return (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }
  }

  /// Distinct, non-empty elements: a label and a number.
  public static func numbered(_ count: Int, label: String = "element ") -> [[UInt8]] {
    (0..<count).map { Array("\(label)\($0)".utf8) }
  }
}
