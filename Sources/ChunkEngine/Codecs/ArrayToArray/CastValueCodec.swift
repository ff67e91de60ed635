/// Stores numbers as numbers of another type with the same value, or the nearest that the type has.
///
/// See [cast_value](https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/cast_value).
/// Infinities and NaN are no integers, whatever the settings are; a map of single values can make integers of
/// them. Both directions follow the same rules.
package struct CastValueCodec: ArrayToArrayCodec, Hashable {
  package static var name: String { "cast_value" }

  /// What a value becomes that lies between two numbers of the other type.
  package enum Rounding: String, Hashable, Sendable, CaseIterable {
    /// The nearest number; of two that are as near, the one whose last bit is 0.
    case nearestEven = "nearest-even"
    /// The number nearer to zero.
    case towardsZero = "towards-zero"
    /// The larger number.
    case towardsPositive = "towards-positive"
    /// The smaller number.
    case towardsNegative = "towards-negative"
    /// The nearest number; of two that are as near, the one farther from zero.
    case nearestAway = "nearest-away"
  }

  /// What a value becomes that is beyond the numbers of the other type.
  package enum OutOfRange: String, Hashable, Sendable, CaseIterable {
    /// An error.
    case error
    /// The smallest or largest integer, or an infinity.
    case clamp
    /// The integer that is left when the range is taken away as often as it takes.
    case wrap
  }

  /// A number that becomes another one, whatever the rules say.
  package struct Exception: Hashable, Sendable {
    /// The bytes of the number, as they lie in memory.
    package let number: [UInt8]
    /// The bytes of what it becomes, as they lie in memory.
    package let result: [UInt8]

    /// Creates an exception.
    package init(number: [UInt8], result: [UInt8]) {
      self.number = number
      self.result = result
    }
  }

  /// What the numbers are in memory.
  package let decodedType: NumberType

  /// What the numbers are when they are stored.
  package let encodedType: NumberType

  private let rules: CastRules
  private let encodingExceptions: CastExceptions
  private let decodingExceptions: CastExceptions

  /// Whether the codec casts such numbers.
  package static func supports(_ type: NumberType) -> Bool { !type.isComplex && type != .bool }

  /// Creates a codec.
  ///
  /// Of exceptions for the same number the first counts; zero is one number, and so is NaN.
  ///
  /// - Precondition: The codec ``supports(_:)`` both types, and exceptions have as many bytes as these.
  package init(
    decodedType: NumberType, encodedType: NumberType, rounding: Rounding = .nearestEven,
    outOfRange: OutOfRange = .error, encodingExceptions: [Exception] = [],
    decodingExceptions: [Exception] = []
  ) {
    precondition(Self.supports(decodedType) && Self.supports(encodedType), "such numbers are not cast")
    self.decodedType = decodedType
    self.encodedType = encodedType
    rules = CastRules(rounding: rounding, outOfRange: outOfRange)
    self.encodingExceptions = CastExceptions(encodingExceptions, from: decodedType, to: encodedType)
    self.decodingExceptions = CastExceptions(decodingExceptions, from: encodedType, to: decodedType)
  }

  package var isIdentity: Bool {
    decodedType == encodedType && encodingExceptions.isEmpty && decodingExceptions.isEmpty
  }

  package func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation
  {
    _ = try chunk.byteCount(ofElements: decodedType.byteCount, codec: Self.name)
    return try ChunkRepresentation(shape: chunk.shape, layout: .fixed(byteCount: encodedType.byteCount))
  }

  package func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    let encoded = try encodedRepresentation(of: chunk)
    let byteCount = try encoded.byteCount(ofElements: encodedType.byteCount, codec: Self.name)
    try source.checkByteCount(chunk.elementCount * decodedType.byteCount, codec: Self.name)
    try unsafe output.append(byteCount: byteCount, from: source) { source, target throws(ChunkError) in
      let loop = unsafe CastLoop(
        rules: rules, exceptions: encodingExceptions, count: chunk.elementCount, source: source,
        target: target)
      guard let index = try loop.run(from: decodedType, to: encodedType) else { return }
      throw .unencodable(codec: Self.name, reason: "element \(index) has a value that \(encodedType) has not")
    }
  }

  package func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let encoded = try encodedRepresentation(of: chunk)
    let byteCount = chunk.elementCount * decodedType.byteCount
    try checkDecodedByteCount(byteCount, limit: limit, codec: Self.name)
    try source.checkByteCount(encoded.elementCount * encodedType.byteCount, codec: Self.name)
    try unsafe output.append(byteCount: byteCount, from: source) { source, target throws(ChunkError) in
      let loop = unsafe CastLoop(
        rules: rules, exceptions: decodingExceptions, count: chunk.elementCount, source: source,
        target: target)
      guard let index = try loop.run(from: encodedType, to: decodedType) else { return }
      throw .malformed(codec: Self.name, reason: "element \(index) has a value that \(decodedType) has not")
    }
  }
}

/// How a number becomes one of a type that may not have it.
///
/// Values are what counts: a number keeps its value if the other type has it, whatever its bits are.
private struct CastRules: Hashable, Sendable {
  let rounding: CastValueCodec.Rounding
  let outOfRange: CastValueCodec.OutOfRange

  /// The number of another type for a number, or nil if there is none.
  ///
  /// - Precondition: Neither type is of truth values.
  @inline(__always)
  func cast<Number: RealNumber, Other: RealNumber>(_ number: Number, to _: Other.Type) -> Other? {
    switch (Number.kind.isInteger, Other.kind.isInteger) {
    case (true, true): integer(number)
    case (false, true): rounded(number)
    case (_, false): floatingPoint(number)
    }
  }

  /// An integer of another type.
  @inline(__always)
  private func integer<Number: RealNumber, Other: RealNumber>(_ number: Number) -> Other? {
    let value = number.wideInteger
    guard value < Other.least || value > Other.greatest else { return Other(converting: number) }
    switch outOfRange {
    case .error: return nil
    case .wrap: return Other(converting: number)
    case .clamp: return Other(bitsOf: value < 0 ? Other.least : Other.greatest)
    }
  }

  /// The integer for a floating-point number.
  @inline(__always)
  private func rounded<Number: RealNumber, Other: RealNumber>(_ number: Number) -> Other? {
    guard number.double.isFinite else { return nil }
    let value = number.double.rounded(rounding.rule)
    let bound = Other.beyondGreatest
    let isBelow = Other.kind == .signedInteger ? value < -bound : value < 0
    guard isBelow || value >= bound else { return Other(nearest: value) }
    switch outOfRange {
    case .error: return nil
    case .clamp: return Other(bitsOf: value < 0 ? Other.least : Other.greatest)
    case .wrap:
      let rest = value.truncatingRemainder(dividingBy: 0x1p64)
      let magnitude = UInt64(rest.magnitude)
      return Other(nearest: rest < 0 ? 0 &- magnitude : magnitude)
    }
  }

  /// The floating-point number for a number.
  @inline(__always)
  private func floatingPoint<Number: RealNumber, Other: RealNumber>(_ number: Number) -> Other? {
    let nearest = Other(converting: number)
    guard number.double.isFinite else { return nearest }
    let isNegative = number.double < 0
    let towardsZero = rounding.goesTowardsZero(isNegative: isNegative)
    guard nearest.double.isFinite else {
      // It rounds to the largest number from just above it, up to where there would be another one.
      guard towardsZero == true, number.double.magnitude < Other.infinityBound else {
        return outOfRange == .clamp ? nearest : nil
      }
      return nearest.steppedTowardsZero
    }
    guard let towardsZero else {
      guard rounding == .nearestAway, number.isLarger(than: nearest) == true,
        number.isHalfway(from: nearest, to: nearest.steppedAwayFromZero)
      else { return nearest }
      return inRange(nearest.steppedAwayFromZero)
    }
    switch (number.isLarger(than: nearest), towardsZero) {
    case (true, false): return inRange(nearest.steppedAwayFromZero)
    case (false, true): return nearest.steppedTowardsZero
    default: return nearest
    }
  }

  private func inRange<Number: RealNumber>(_ number: Number) -> Number? {
    number.double.isFinite || outOfRange == .clamp ? number : nil
  }
}

extension CastValueCodec.Rounding {
  /// How a value becomes an integer.
  fileprivate var rule: FloatingPointRoundingRule {
    switch self {
    case .nearestEven: .toNearestOrEven
    case .towardsZero: .towardZero
    case .towardsPositive: .up
    case .towardsNegative: .down
    case .nearestAway: .toNearestOrAwayFromZero
    }
  }

  /// Whether a value becomes the neighbour that is nearer to zero, or nil if it becomes the nearest.
  fileprivate func goesTowardsZero(isNegative: Bool) -> Bool? {
    switch self {
    case .nearestEven, .nearestAway: nil
    case .towardsZero: true
    case .towardsPositive: isNegative
    case .towardsNegative: !isNegative
    }
  }
}

extension RealNumber {
  /// The power of two after the largest floating-point number.
  @inline(__always)
  fileprivate static var infinityBound: Double { Self(nearest: 0x1p16).double.isFinite ? 0x1p128 : 0x1p16 }

  /// The neighbour of a floating-point number that is farther from zero, or infinity.
  @inline(__always)
  fileprivate var steppedAwayFromZero: Self { Self(bits: bits &+ 1) }

  /// The neighbour of a floating-point number that is nearer to zero.
  @inline(__always)
  fileprivate var steppedTowardsZero: Self { Self(bits: bits &- 1) }

  /// Whether the number is farther from zero than another one of the same sign, or nil if they are equal.
  ///
  /// - Precondition: Both are finite.
  @inline(__always)
  fileprivate func isLarger(than other: some RealNumber) -> Bool? {
    if Self.kind.isInteger {
      let (left, right) = (wideInteger.magnitude, Int128(other.double).magnitude)
      // Integers that are not exact are larger than all fractions.
      return left == right ? nil : left > right
    }
    let (left, right) = (double.magnitude, other.double.magnitude)
    return left == right ? nil : left > right
  }

  /// Whether the number is as far from one neighbour as from the other.
  @inline(__always)
  fileprivate func isHalfway<Other: RealNumber>(from lower: Other, to upper: Other) -> Bool {
    guard upper.double.isFinite else { return false }
    if Self.kind.isInteger {
      return wideInteger - Int128(lower.double) == Int128(upper.double) - wideInteger
    }
    return double - lower.double == upper.double - double
  }
}

/// The numbers of a codec that become others than its rules say, by their bits.
private struct CastExceptions: Hashable, Sendable {
  private var results: [UInt64: UInt64] = [:]

  /// What a NaN becomes, of which there are many.
  private var resultOfNaN: UInt64?

  /// Whether there are none.
  var isEmpty: Bool { results.isEmpty && resultOfNaN == nil }

  /// Reads exceptions, the first of those for the same number.
  ///
  /// - Precondition: They have as many bytes as the types.
  init(_ exceptions: [CastValueCodec.Exception], from type: NumberType, to other: NumberType) {
    for exception in exceptions {
      precondition(
        exception.number.count == type.byteCount && exception.result.count == other.byteCount,
        "an exception has other bytes than its numbers")
      let (number, result) = (UInt64(littleEndian: exception.number), UInt64(littleEndian: exception.result))
      switch Self.key(number, type) {
      case nil: resultOfNaN = resultOfNaN ?? result
      case let key?: results[key] = results[key] ?? result
      }
    }
  }

  /// What a number becomes that is an exception.
  @inline(__always)
  func result<Number: RealNumber, Other: RealNumber>(for number: Number, as _: Other.Type) -> Other? {
    let isFloatingPoint = Number.kind == .floatingPoint
    let result =
      if isFloatingPoint && number.double.isNaN {
        resultOfNaN
      } else {
        results[isFloatingPoint && number.double == 0 ? 0 : UInt64(truncatingIfNeeded: number.bits)]
      }
    return result.map { Other(bits: Other.Bits(truncatingIfNeeded: $0)) }
  }

  /// The bits by which a number is found, those of plus zero for minus zero, or nil for NaN.
  private static func key(_ bits: UInt64, _ type: NumberType) -> UInt64? {
    switch type {
    case .float16: key(Float16(bits: UInt16(truncatingIfNeeded: bits)))
    case .bfloat16: key(BFloat16(bits: UInt16(truncatingIfNeeded: bits)))
    case .float32: key(Float(bits: UInt32(truncatingIfNeeded: bits)))
    case .float64: key(Double(bits: bits))
    default: bits
    }
  }

  private static func key(_ number: some RealNumber) -> UInt64? {
    if number.double.isNaN { return nil }
    return number.double == 0 ? 0 : UInt64(truncatingIfNeeded: number.bits)
  }
}

/// Casts many numbers that stand back to back.
///
/// Both sides have room for `count` numbers, and outlive the loop.
@safe
private struct CastLoop {
  let rules: CastRules
  let exceptions: CastExceptions
  let count: Int
  let source: UnsafeRawPointer
  let target: UnsafeMutableRawPointer

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
