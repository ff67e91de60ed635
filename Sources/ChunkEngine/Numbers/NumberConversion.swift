/// Converts many numbers from one type to another as NumPy does on x86-64.
///
/// Integers wrap around, fractions are cut off, and what no integer can be is whatever the processor makes of
/// it. Everything but zero is true. A NaN may lose bits even if the type stays the same.
enum NumberConversion {
  /// Converts `count` numbers that stand back to back.
  ///
  /// - Precondition: Neither type is complex, and both sides have room for the numbers.
  static func run(
    _ count: Int, of type: NumberType, at source: UnsafeRawPointer, to other: NumberType,
    at target: UnsafeMutableRawPointer
  ) throws(ChunkError) {
    try unsafe type.accept(Source(count: count, source: source, other: other, target: target))
  }

  @safe
  private struct Source: RealNumberVisitor {
    let count: Int
    let source: UnsafeRawPointer
    let other: NumberType
    let target: UnsafeMutableRawPointer

    func visit<Number: RealNumber>(_: Number.Type) throws(ChunkError) {
      try unsafe other.accept(Target<Number>(count: count, source: source, target: target))
    }
  }

  @safe
  private struct Target<Number: RealNumber>: RealNumberVisitor {
    let count: Int
    let source: UnsafeRawPointer
    let target: UnsafeMutableRawPointer

    func visit<Other: RealNumber>(_: Other.Type) throws(ChunkError) {
      for index in 0..<count {
        // SAFETY: Both sides have room for `count` numbers.
        unsafe Other(converting: Number.load(source, at: index)).store(target, at: index)
      }
    }
  }
}
