/// A block of numbers on its way through the steps of a ``NumberPipeline``, and room for the next form of it.
@safe
struct NumberBlocks {
  private let capacity: Int
  private var block: Allocation
  private var other: Allocation
  private var count = 0
  private var type = NumberType.uint8

  /// Creates blocks for up to `capacity` numbers of any type.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  init(capacity: Int) throws(ChunkError) {
    // No number has more than eight bytes.
    let block = try Allocation(byteCount: 8 * capacity)
    other = try Allocation(byteCount: 8 * capacity)
    self.block = block
    self.capacity = capacity
  }

  /// Takes `count` numbers.
  ///
  /// - Precondition: There are as many at `source`, and they are not more than the capacity.
  mutating func fill(from source: UnsafeRawPointer, _ count: Int, of type: NumberType) {
    precondition(count <= capacity, "a block has room for \(capacity) numbers")
    self.count = count
    self.type = type
    unsafe block.start.copyMemory(from: source, byteCount: count * type.byteCount)
  }

  /// Copies the numbers to memory that has room for them.
  func copy(to target: UnsafeMutableRawPointer) {
    unsafe target.copyMemory(from: block.start, byteCount: count * type.byteCount)
  }

  /// Takes a step with all numbers.
  ///
  /// - Parameters:
  ///   - step: What to do.
  ///   - carried: What the step has to know of the block before, as bits of a number.
  ///   - isFirstBlock: Whether there is none before.
  /// - Throws: Nothing that the types of a pipeline let happen.
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

/// A step that leaves numbers of the type that they are.
@safe
private struct NumberArithmetic: RealNumberVisitor {
  let step: NumberStep
  let numbers: UnsafeMutableRawPointer
  let count: Int
  let carried: UInt64
  let isFirst: Bool

  /// Takes the step, and returns what the next block has to know of this one.
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
        // The first number stays as it is: minus zero does too.
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
