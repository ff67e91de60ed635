/// What a codec does with every number of a chunk, one step after the other.
///
/// The steps run over a block at a time, which stays in the first-level cache:
///
///     source ── copy ──▶ block ── convert ──▶ other block ── add, multiply, … in place ──▶ … ── copy ──▶ target
struct NumberPipeline: Hashable, Sendable {
  /// What the numbers are in front of the first step.
  let source: NumberType

  /// What the numbers are behind the last step.
  let target: NumberType

  private let steps: [NumberStep]

  /// The numbers of a block.
  private static let blockCount = 1024

  /// Creates a pipeline.
  ///
  /// - Precondition: No type is complex.
  init(from source: NumberType, _ steps: [NumberStep]) {
    var type = source
    for case .convert(let other) in steps { type = other }
    self.source = source
    target = type
    self.steps = steps
  }

  /// Appends what becomes of the numbers in `numbers`.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: O(*n*) where *n* is the number of numbers times that of the steps. Does not allocate apart
  ///   from the memory for the result.
  func run(_ numbers: RawSpan, into output: inout ByteArena) throws(ChunkError) {
    let count = numbers.byteCount / source.byteCount
    try unsafe output.append(byteCount: count * target.byteCount, from: numbers) {
      source, target throws(ChunkError) in
      var blocks = try NumberBlocks(capacity: Self.blockCount)
      // The last number, or the sum of all of them, for the steps that need it.
      var carried = [UInt64](repeating: 0, count: steps.count)
      var start = 0
      while start < count {
        let blockCount = min(Self.blockCount, count - start)
        // SAFETY: The block lies inside of the numbers on both sides.
        unsafe blocks.fill(from: source + start * self.source.byteCount, blockCount, of: self.source)
        for (position, step) in steps.enumerated() {
          try blocks.run(step, carried: &carried[position], isFirstBlock: start == 0)
        }
        unsafe blocks.copy(to: target + start * self.target.byteCount)
        start += blockCount
      }
    }
  }
}
