/// How a number becomes one of a type that may not have it.
///
/// Values are what counts: a number keeps its value if the other type has it, whatever its bits are.
struct CastRules: Hashable, Sendable {
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
  /// The power of two behind the largest floating-point number.
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
