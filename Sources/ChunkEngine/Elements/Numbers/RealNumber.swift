/// A number that is not complex, for kernels that compute.
///
/// Conversions never trap. Where a number does not fit, they give what NumPy gives on x86-64.
protocol RealNumber: BitwiseCopyable, Sendable {
  /// An integer with the bytes of a number.
  associatedtype Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable

  /// The kind of this number.
  static var kind: RealNumberKind { get }

  /// The number with these bits.
  init(bits: Bits)

  /// The bits of the number.
  var bits: Bits { get }

  /// The `Double` nearest to the number.
  var double: Double { get }

  /// The integer, in two's complement if it is larger than any `Int64`. Fractions are cut off.
  var integer: Int64 { get }

  /// The number nearest to a value, and the one whose last bit is 0 if two are equally near.
  ///
  /// For integers, fractions are cut off, as in C.
  init(nearest value: Double)

  /// The number nearest to an integer. Integers keep their low bits.
  init(nearest value: Int64)

  /// The number nearest to an integer. Integers keep their low bits.
  init(nearest value: UInt64)

  /// The sum; integers wrap around.
  static func sum(_ left: Self, _ right: Self) -> Self

  /// The difference; integers wrap around.
  static func difference(_ left: Self, _ right: Self) -> Self

  /// The product; integers wrap around.
  static func product(_ left: Self, _ right: Self) -> Self

  /// The quotient. For integers, the fraction is cut off, and division by zero gives 0.
  static func quotient(_ left: Self, _ right: Self) -> Self

  /// The nearest integer, and the even one if two are equally near.
  var roundedToEven: Self { get }
}

/// The kind of a ``RealNumber``.
enum RealNumberKind {
  case truthValue
  case signedInteger
  case unsignedInteger
  case floatingPoint

  /// Whether numbers have no fractions.
  var isInteger: Bool { self != .floatingPoint }
}

extension RealNumber {
  /// Reads the number at `index` of numbers that lie back to back.
  @inline(__always)
  static func load(_ source: UnsafeRawPointer, at index: Int) -> Self {
    let bits = unsafe source.loadUnaligned(fromByteOffset: index &* MemoryLayout<Bits>.size, as: Bits.self)
    return Self(bits: Bits(littleEndian: bits))
  }

  /// Writes the number at `index` of numbers that lie back to back.
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

extension NumberType {
  /// Whether numbers have a real and an imaginary part.
  public var isComplex: Bool { self == .complex64 || self == .complex128 }

  /// Whether numbers are truth values or integers.
  public var isInteger: Bool {
    switch self {
    case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
    case .float16, .bfloat16, .float32, .float64, .complex64, .complex128: false
    }
  }

  /// Whether numbers are integers with a sign.
  public var isSignedInteger: Bool {
    switch self {
    case .int8, .int16, .int32, .int64: true
    default: false
    }
  }

  /// Whether numbers are floating-point numbers without an imaginary part.
  public var isFloatingPoint: Bool { !isInteger && !isComplex }

  /// The type of the parts of a complex number, or the type itself for other numbers.
  public var partType: NumberType {
    switch self {
    case .complex64: .float32
    case .complex128: .float64
    default: self
    }
  }

  /// The floating-point type in which NumPy computes with numbers of this type and of another one.
  ///
  /// One of the two must be a floating-point type.
  ///
  /// - Precondition: Neither is complex or `bfloat16`, which NumPy lacks.
  func commonFloatingPoint(with other: NumberType) -> NumberType {
    let byteCount = max(leastFloatingPointByteCount, other.leastFloatingPointByteCount)
    return byteCount == 2 ? .float16 : byteCount == 4 ? .float32 : .float64
  }

  /// The width of the smallest floating-point type that NumPy uses for all numbers of this type.
  private var leastFloatingPointByteCount: Int {
    isInteger && self != .bool ? min(8, 2 * byteCount) : byteCount
  }
}

/// Code that is compiled once for each type of number.
protocol RealNumberVisitor {
  associatedtype Result

  /// Runs the code for numbers of one type.
  func visit<Number: RealNumber>(_: Number.Type) throws(ChunkError) -> Result
}

extension NumberType {
  /// Runs the code of `visitor` for numbers of this type.
  ///
  /// - Precondition: The type is not complex.
  /// - Throws: What the visitor throws.
  @inline(__always)
  func accept<Visitor: RealNumberVisitor>(_ visitor: Visitor) throws(ChunkError) -> Visitor.Result {
    switch self {
    case .bool: try visitor.visit(TruthValue.self)
    case .int8: try visitor.visit(Int8.self)
    case .int16: try visitor.visit(Int16.self)
    case .int32: try visitor.visit(Int32.self)
    case .int64: try visitor.visit(Int64.self)
    case .uint8: try visitor.visit(UInt8.self)
    case .uint16: try visitor.visit(UInt16.self)
    case .uint32: try visitor.visit(UInt32.self)
    case .uint64: try visitor.visit(UInt64.self)
    case .float16: try visitor.visit(Float16.self)
    case .bfloat16: try visitor.visit(BFloat16.self)
    case .float32: try visitor.visit(Float.self)
    case .float64: try visitor.visit(Double.self)
    case .complex64, .complex128: preconditionFailure("kernels compute with the parts of complex numbers")
    }
  }
}

extension RealNumber where Self: FixedWidthInteger, Bits == Magnitude {
  static var kind: RealNumberKind { isSigned ? .signedInteger : .unsignedInteger }

  @inline(__always) init(bits: Bits) { self.init(truncatingIfNeeded: bits) }
  @inline(__always) var bits: Bits { Bits(truncatingIfNeeded: self) }

  @inline(__always)
  var double: Double { Self.isSigned ? Double(integer) : Double(UInt64(bitPattern: integer)) }
  @inline(__always) var integer: Int64 { Int64(truncatingIfNeeded: self) }

  @inline(__always) init(nearest value: Int64) { self.init(truncatingIfNeeded: value) }
  @inline(__always) init(nearest value: UInt64) { self.init(truncatingIfNeeded: value) }

  /// Converts a floating-point value as C does: the processor converts it to an integer of 32 or 64 bits, and
  /// the low bits are kept.
  @inline(__always)
  init(nearest value: Double) {
    if Self.bitWidth < 32 || (Self.bitWidth == 32 && Self.isSigned) {
      self.init(truncatingIfNeeded: Int32(processorConverting: value))
    } else if Self.isSigned || Self.bitWidth < 64 || !(value >= 0x1p63) {
      self.init(truncatingIfNeeded: Int64(processorConverting: value))
    } else {
      self.init(truncatingIfNeeded: Int64(processorConverting: value - 0x1p63) ^ Int64.min)
    }
  }

  @inline(__always) static func sum(_ left: Self, _ right: Self) -> Self { left &+ right }
  @inline(__always) static func difference(_ left: Self, _ right: Self) -> Self { left &- right }
  @inline(__always) static func product(_ left: Self, _ right: Self) -> Self { left &* right }

  @inline(__always)
  static func quotient(_ left: Self, _ right: Self) -> Self {
    // The only quotient that does not fit is that of the smallest number and -1.
    right == 0 ? 0 : left.dividedReportingOverflow(by: right).partialValue
  }

  @inline(__always) var roundedToEven: Self { self }
}

extension Int8: RealNumber { typealias Bits = UInt8 }
extension Int16: RealNumber { typealias Bits = UInt16 }
extension Int32: RealNumber { typealias Bits = UInt32 }
extension Int64: RealNumber { typealias Bits = UInt64 }
extension UInt8: RealNumber { typealias Bits = UInt8 }
extension UInt16: RealNumber { typealias Bits = UInt16 }
extension UInt32: RealNumber { typealias Bits = UInt32 }
extension UInt64: RealNumber { typealias Bits = UInt64 }

extension Int32 {
  /// Cuts off the fraction.
  ///
  /// A value that does not fit becomes the smallest number, as on x86-64.
  @inline(__always)
  fileprivate init(processorConverting value: Double) {
    // The comparisons are also false for NaN, for which the conversion would trap.
    self = value > -0x1.00000002p31 && value < 0x1p31 ? Int32(value) : .min
  }
}

extension Int64 {
  /// Cuts off the fraction.
  ///
  /// A value that does not fit becomes the smallest number, as on x86-64.
  @inline(__always)
  init(processorConverting value: Double) {
    // The comparisons are also false for NaN, for which the conversion would trap.
    self = value >= -0x1p63 && value < 0x1p63 ? Int64(value) : .min
  }
}

/// An integer of any type, in an integer wide enough for sums and differences.
extension RealNumber {
  /// The integer.
  @inline(__always)
  var wideInteger: Int128 {
    Self.kind == .unsignedInteger ? Int128(UInt64(bitPattern: integer)) : Int128(integer)
  }

  /// The smallest integer of the type.
  @inline(__always)
  static var least: Int128 { kind == .signedInteger ? -1 << (Bits.bitWidth - 1) : 0 }

  /// The largest integer of the type.
  @inline(__always)
  static var greatest: Int128 {
    (1 << (kind == .signedInteger ? Bits.bitWidth - 1 : Bits.bitWidth)) - 1
  }

  /// The power of two after the largest integer of the type.
  @inline(__always)
  static var beyondGreatest: Double {
    let range =
      Bits.bitWidth == 8 ? 0x1p8 : Bits.bitWidth == 16 ? 0x1p16 : Bits.bitWidth == 32 ? 0x1p32 : 0x1p64
    return kind == .signedInteger ? range / 2 : range
  }

  /// Creates an integer from the low bits of another one.
  @inline(__always)
  init(bitsOf value: Int128) { self.init(bits: Bits(truncatingIfNeeded: value)) }

  /// Creates an integer with the value of another one, or returns nil if it does not fit.
  @inline(__always)
  init?(exactly value: Int128) {
    guard value >= Self.least, value <= Self.greatest else { return nil }
    self.init(bitsOf: value)
  }
}

extension RealNumber where Self: BinaryFloatingPoint {
  static var kind: RealNumberKind { .floatingPoint }

  @inline(__always) var integer: Int64 { Int64(processorConverting: double) }

  @inline(__always) static func sum(_ left: Self, _ right: Self) -> Self { left + right }
  @inline(__always) static func difference(_ left: Self, _ right: Self) -> Self { left - right }
  @inline(__always) static func product(_ left: Self, _ right: Self) -> Self { left * right }
  @inline(__always) static func quotient(_ left: Self, _ right: Self) -> Self { left / right }

  @inline(__always) var roundedToEven: Self { rounded(.toNearestOrEven) }
}

// The conversions are written out for each type, since the generic ones of the standard library are a hundred
// times slower.

extension Float16: RealNumber {
  @inline(__always) init(bits: UInt16) { self.init(bitPattern: bits) }
  @inline(__always) var bits: UInt16 { bitPattern }
  @inline(__always) var double: Double { Double(self) }
  @inline(__always) init(nearest value: Double) { self = Float16(value) }
  @inline(__always) init(nearest value: Int64) { self = Float16(value) }
  @inline(__always) init(nearest value: UInt64) { self = Float16(value) }
}

extension Float: RealNumber {
  @inline(__always) init(bits: UInt32) { self.init(bitPattern: bits) }
  @inline(__always) var bits: UInt32 { bitPattern }
  @inline(__always) var double: Double { Double(self) }
  @inline(__always) init(nearest value: Double) { self = Float(value) }
  @inline(__always) init(nearest value: Int64) { self = Float(value) }
  @inline(__always) init(nearest value: UInt64) { self = Float(value) }
}

extension Double: RealNumber {
  @inline(__always) init(bits: UInt64) { self.init(bitPattern: bits) }
  @inline(__always) var bits: UInt64 { bitPattern }
  @inline(__always) var double: Double { self }
  @inline(__always) init(nearest value: Double) { self = value }
  @inline(__always) init(nearest value: Int64) { self = Double(value) }
  @inline(__always) init(nearest value: UInt64) { self = Double(value) }
}

extension UInt64 {
  /// The number with these bytes, the least significant first.
  ///
  /// Missing bytes are zero.
  init(littleEndian bytes: [UInt8]) { self = bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
}
