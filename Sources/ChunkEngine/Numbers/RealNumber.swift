/// A number that is not complex, as kernels compute with it.
///
/// Conversions never trap. Where a number does not fit, they give what NumPy gives on x86-64.
protocol RealNumber: BitwiseCopyable, Sendable {
  /// The bytes of a number as an integer.
  associatedtype Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable

  /// What kind of number this is.
  static var kind: RealNumberKind { get }

  /// The number with these bits.
  init(bits: Bits)

  /// The bits of the number.
  var bits: Bits { get }

  /// The `Double` that is nearest to the number.
  var double: Double { get }

  /// The integer, as the bits of two's complement if it is above the largest `Int64`; fractions are cut off.
  var integer: Int64 { get }

  /// The number that is nearest to a value; of two that are as near, the one whose last bit is 0.
  ///
  /// Integers have their fraction cut off instead, as in C.
  init(nearest value: Double)

  /// The number that is nearest to an integer. Integers keep their low bits.
  init(nearest value: Int64)

  /// The number that is nearest to an integer. Integers keep their low bits.
  init(nearest value: UInt64)

  /// The sum; integers wrap around.
  static func sum(_ left: Self, _ right: Self) -> Self

  /// The difference; integers wrap around.
  static func difference(_ left: Self, _ right: Self) -> Self

  /// The product; integers wrap around.
  static func product(_ left: Self, _ right: Self) -> Self

  /// The quotient; that of integers is cut off, and 0 if there is none.
  static func quotient(_ left: Self, _ right: Self) -> Self

  /// The nearest integer, an even one if two are as near.
  var roundedToEven: Self { get }
}

/// What kind of number a ``RealNumber`` is.
enum RealNumberKind {
  case truthValue
  case signedInteger
  case unsignedInteger
  case floatingPoint

  /// Whether numbers have no fractions.
  var isInteger: Bool { self != .floatingPoint }
}

extension RealNumber {
  /// Reads the number at `index` of many that stand back to back.
  @inline(__always)
  static func load(_ source: UnsafeRawPointer, at index: Int) -> Self {
    let bits = unsafe source.loadUnaligned(fromByteOffset: index &* MemoryLayout<Bits>.size, as: Bits.self)
    return Self(bits: Bits(littleEndian: bits))
  }

  /// Writes the number to `index` of many that stand back to back.
  @inline(__always)
  func store(_ target: UnsafeMutableRawPointer, at index: Int) {
    unsafe target.storeBytes(
      of: bits.littleEndian, toByteOffset: index &* MemoryLayout<Bits>.size, as: Bits.self)
  }

  /// Converts a number of another type as NumPy does.
  @inline(__always)
  init<Other: RealNumber>(converting other: Other) {
    switch Other.kind {
    case .floatingPoint: self.init(nearest: other.double)
    case .signedInteger: self.init(nearest: other.integer)
    case .truthValue, .unsignedInteger: self.init(nearest: UInt64(bitPattern: other.integer))
    }
  }
}
