/// The bytes of an input: choices first, then data.
struct FuzzInput {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The next byte, or 0 after the end.
  mutating func byte() -> UInt8 {
    guard offset < bytes.count else { return 0 }
    defer { offset += 1 }
    return bytes[offset]
  }

  /// A number below `bound`, from the next byte.
  mutating func number(below bound: Int) -> Int { Int(byte()) % bound }

  /// A range in `0..<bound`, or the empty one at `bound`, from the next two bytes.
  mutating func range(below bound: Int) -> Range<Int> {
    let (one, other) = (number(below: bound + 1), number(below: bound + 1))
    return min(one, other)..<max(one, other)
  }

  /// A shape of up to `rank` dimensions, each shorter than `bound`.
  mutating func shape(rank: Int, below bound: Int) -> [Int] {
    (0..<number(below: rank + 1)).map { _ in number(below: bound) }
  }

  /// The next `count` bytes, or all that are left.
  mutating func take(_ count: Int) -> [UInt8] {
    let end = min(bytes.count, offset + count)
    defer { offset = end }
    return Array(bytes[offset..<end])
  }

  /// A run of bytes after its length of two bytes.
  mutating func takeCounted() -> [UInt8] {
    let low = Int(byte())
    return take(low | Int(byte()) << 8)
  }

  /// All remaining bytes.
  mutating func rest() -> [UInt8] { take(bytes.count - offset) }

  /// `count` bytes, repeating the remaining ones.
  mutating func repeatedRest(count: Int) -> [UInt8] {
    let rest = rest()
    return rest.isEmpty ? [UInt8](repeating: 0, count: count) : (0..<count).map { rest[$0 % rest.count] }
  }

  /// A run of bytes in the form of ``takeCounted()``.
  static func counted(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8(truncatingIfNeeded: bytes.count), UInt8(truncatingIfNeeded: bytes.count >> 8)] + bytes
  }
}
