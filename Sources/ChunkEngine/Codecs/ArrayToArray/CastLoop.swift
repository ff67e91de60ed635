/// Casts many numbers that stand back to back.
@safe
struct CastLoop {
  let rules: CastRules
  let exceptions: CastExceptions
  let count: Int
  let source: UnsafeRawPointer
  let target: UnsafeMutableRawPointer

  /// Creates a loop.
  ///
  /// - Precondition: Both sides have room for `count` numbers, and outlive the loop.
  init(
    rules: CastRules, exceptions: CastExceptions, count: Int, source: UnsafeRawPointer,
    target: UnsafeMutableRawPointer
  ) {
    self.rules = rules
    self.exceptions = exceptions
    self.count = count
    unsafe self.source = source
    unsafe self.target = target
  }

  /// Casts the numbers, and returns the index of the first that has no value in the other type, or nil.
  ///
  /// - Precondition: Neither type is complex, or of truth values.
  func run(from type: NumberType, to other: NumberType) throws(ChunkError) -> Int? {
    try type.accept(Source(loop: self, other: other))
  }

  private struct Source: RealNumberVisitor {
    let loop: CastLoop
    let other: NumberType

    func visit<Number: RealNumber>(_: Number.Type) throws(ChunkError) -> Int? {
      try other.accept(Target<Number>(loop: loop))
    }
  }

  private struct Target<Number: RealNumber>: RealNumberVisitor {
    let loop: CastLoop

    func visit<Other: RealNumber>(_: Other.Type) -> Int? {
      let hasExceptions = !loop.exceptions.isEmpty
      for index in 0..<loop.count {
        // SAFETY: Both sides have room for `count` numbers.
        let number = unsafe Number.load(loop.source, at: index)
        var result = hasExceptions ? loop.exceptions.result(for: number, as: Other.self) : nil
        if result == nil { result = loop.rules.cast(number, to: Other.self) }
        guard let result else { return index }
        unsafe result.store(loop.target, at: index)
      }
      return nil
    }
  }
}
