/// One thing to do with every number of a chunk.
enum NumberStep: Hashable, Sendable {
  /// Make a number of another type of it, as ``NumberConversion`` does.
  case convert(NumberType)
  /// Take a constant away.
  case subtract(NumberConstant)
  /// Add a constant.
  case add(NumberConstant)
  /// Multiply by a constant.
  case multiply(NumberConstant)
  /// Divide by a constant.
  case divide(NumberConstant)
  /// Round to an integer, to an even one if two are as near.
  case round
  /// Take the number in front of it away.
  case difference
  /// Add the sum of all numbers in front of it.
  case sum
}

/// A constant to compute with, which becomes a number of the type that it meets.
struct NumberConstant: Hashable, Sendable {
  /// The constant for floating-point numbers.
  let real: Double

  /// The constant for integers, as the bits of two's complement.
  let integer: Int64

  /// A constant for floating-point numbers.
  init(_ real: Double) {
    self.real = real
    integer = 0
  }

  /// A constant for integers and others.
  init(_ integer: some FixedWidthInteger) {
    real = Double(integer)
    self.integer = Int64(truncatingIfNeeded: integer)
  }

  /// The constant as a number.
  func number<Number: RealNumber>(_: Number.Type) -> Number {
    Number.kind.isInteger ? Number(nearest: integer) : Number(nearest: real)
  }
}
