/// The steps that a codec applies to every number of a chunk.
///
/// All steps run over one block before the next, so that it stays in the first-level cache:
///
///     source ── copy ──▶ block ── convert ──▶ other block ── add, multiply, … in place ──▶ … ── copy ──▶ target
struct NumberPipeline: Hashable, Sendable {
  /// The type of the numbers before the first step.
  let source: NumberType

  /// The type of the numbers after the last step.
  let target: NumberType

  private let steps: [NumberStep]

  /// The count of numbers in a block.
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

  /// Appends the results for `numbers`.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: O(*n* · *m*) for *n* numbers and *m* steps. Allocates only the memory for the result.
  func run(_ numbers: RawSpan, into output: inout ByteArena) throws(ChunkError) {
    let count = numbers.byteCount / source.byteCount
    try unsafe output.append(byteCount: count * target.byteCount, from: numbers) {
      source, target throws(ChunkError) in
      var blocks = try NumberBlocks(capacity: Self.blockCount)
      // The last number or the sum of all numbers, for the steps that need it.
      var carried = [UInt64](repeating: 0, count: steps.count)
      var start = 0
      while start < count {
        let blockCount = min(Self.blockCount, count - start)
        // SAFETY: The block lies inside the memory on both sides.
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

/// A step that is applied to every number of a chunk.
enum NumberStep: Hashable, Sendable {
  /// Convert it to another type, as ``NumberConversion`` does.
  case convert(NumberType)
  /// Subtract a constant.
  case subtract(NumberConstant)
  /// Add a constant.
  case add(NumberConstant)
  /// Multiply by a constant.
  case multiply(NumberConstant)
  /// Divide by a constant.
  case divide(NumberConstant)
  /// Round to the nearest integer, and to the even one if two are equally near.
  case round
  /// Subtract the number before it.
  case difference
  /// Add the sum of all numbers before it.
  case sum
}

/// A constant for steps, in the forms that types of numbers need.
struct NumberConstant: Hashable, Sendable {
  /// The constant for floating-point numbers.
  let real: Double

  /// The constant for integers, in two's complement.
  let integer: Int64

  /// A constant for floating-point numbers.
  init(_ real: Double) {
    self.real = real
    integer = 0
  }

  /// A constant for integers and floating-point numbers.
  init(_ integer: some FixedWidthInteger) {
    real = Double(integer)
    self.integer = Int64(truncatingIfNeeded: integer)
  }

  /// The constant as a number.
  func number<Number: RealNumber>(_: Number.Type) -> Number {
    Number.kind.isInteger ? Number(nearest: integer) : Number(nearest: real)
  }
}

/// A block of numbers in the steps of a ``NumberPipeline``, and a second block for conversions.
@safe
private struct NumberBlocks {
  private let capacity: Int
  private var block: Allocation
  private var other: Allocation
  private var count = 0
  private var type = NumberType.uint8

  /// Creates blocks for up to `capacity` numbers of any type.
  init(capacity: Int) throws(ChunkError) {
    // No number has more than eight bytes.
    let block = try Allocation(byteCount: 8 * capacity)
    other = try Allocation(byteCount: 8 * capacity)
    self.block = block
    self.capacity = capacity
  }

  /// Copies `count` numbers into the block.
  ///
  /// - Precondition: `source` has that many numbers, and they are not more than the capacity.
  mutating func fill(from source: UnsafeRawPointer, _ count: Int, of type: NumberType) {
    precondition(count <= capacity, "a block has room for \(capacity) numbers")
    self.count = count
    self.type = type
    unsafe block.start.copyMemory(from: source, byteCount: count * type.byteCount)
  }

  /// Copies the numbers to memory with room for them.
  func copy(to target: UnsafeMutableRawPointer) {
    unsafe target.copyMemory(from: block.start, byteCount: count * type.byteCount)
  }

  /// Applies a step to all numbers.
  ///
  /// - Parameters:
  ///   - step: The step.
  ///   - carried: What the step has to know of the block before, as bits of a number.
  ///   - isFirstBlock: Whether this is the first block.
  /// - Throws: Nothing with the types that a pipeline may have.
  mutating func run(_ step: NumberStep, carried: inout UInt64, isFirstBlock: Bool) throws(ChunkError) {
    if case .convert(let target) = step {
      guard target != type else { return }
      // SAFETY: Both blocks have room for the numbers, whatever their types.
      try unsafe NumberConversion.run(count, of: type, at: block.start, to: target, at: other.start)
      swap(&block, &other)
      type = target
    } else {
      carried = try unsafe type.accept(
        NumberArithmetic(
          step: step, numbers: block.start, count: count, carried: carried, isFirst: isFirstBlock))
    }
  }
}

/// A step that keeps the type of the numbers.
@safe
private struct NumberArithmetic: RealNumberVisitor {
  let step: NumberStep
  let numbers: UnsafeMutableRawPointer
  let count: Int
  let carried: UInt64
  let isFirst: Bool

  /// Applies the step, and returns what the next block has to know of this one.
  func visit<Number: RealNumber>(_: Number.Type) -> UInt64 {
    switch step {
    case .convert: break
    case .subtract(let constant):
      let constant = constant.number(Number.self)
      each(Number.self) { Number.difference($0, constant) }
    case .add(let constant):
      let constant = constant.number(Number.self)
      each(Number.self) { Number.sum($0, constant) }
    case .multiply(let constant):
      let constant = constant.number(Number.self)
      each(Number.self) { Number.product($0, constant) }
    case .divide(let constant):
      let constant = constant.number(Number.self)
      each(Number.self) { Number.quotient($0, constant) }
    case .round:
      each(Number.self) { $0.roundedToEven }
    case .difference:
      var last = Number(bits: Number.Bits(truncatingIfNeeded: carried))
      var start = 0
      if isFirst, count > 0 {
        // The first number does not change, even if it is minus zero.
        last = unsafe Number.load(numbers, at: 0)
        start = 1
      }
      for index in start..<count {
        let number = unsafe Number.load(numbers, at: index)
        unsafe Number.difference(number, last).store(numbers, at: index)
        last = number
      }
      return UInt64(truncatingIfNeeded: last.bits)
    case .sum:
      var total = Number(bits: Number.Bits(truncatingIfNeeded: carried))
      var start = 0
      if isFirst, count > 0 {
        total = unsafe Number.load(numbers, at: 0)
        start = 1
      }
      for index in start..<count {
        total = unsafe Number.sum(total, Number.load(numbers, at: index))
        unsafe total.store(numbers, at: index)
      }
      return UInt64(truncatingIfNeeded: total.bits)
    }
    return 0
  }

  @inline(__always)
  private func each<Number: RealNumber>(_: Number.Type, _ body: (Number) -> Number) {
    for index in 0..<count {
      // SAFETY: There are `count` numbers.
      unsafe body(Number.load(numbers, at: index)).store(numbers, at: index)
    }
  }
}

/// Converts many numbers from one type to another as NumPy does on x86-64.
///
/// Integers wrap around, and fractions are cut off. A value that no integer has becomes what the processor
/// makes of it. Everything except zero is true. A NaN may lose bits even if the type does not change.
private enum NumberConversion {
  /// Converts `count` numbers that lie back to back.
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
