extension RealNumber where Self: FixedWidthInteger, Bits == Magnitude {
  static var kind: RealNumberKind { isSigned ? .signedInteger : .unsignedInteger }

  @inline(__always) init(bits: Bits) { self.init(truncatingIfNeeded: bits) }
  @inline(__always) var bits: Bits { Bits(truncatingIfNeeded: self) }

  @inline(__always)
  var double: Double { Self.isSigned ? Double(integer) : Double(UInt64(bitPattern: integer)) }
  @inline(__always) var integer: Int64 { Int64(truncatingIfNeeded: self) }

  @inline(__always) init(nearest value: Int64) { self.init(truncatingIfNeeded: value) }
  @inline(__always) init(nearest value: UInt64) { self.init(truncatingIfNeeded: value) }

  /// What C makes of a floating-point value: the processor's conversion to an integer of 32 or 64 bits, of
  /// which the low bits are kept.
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
    // The one quotient that does not fit is the smallest number, negated.
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
  /// Cuts off the fraction; what does not fit becomes the smallest number, as the processor has it.
  @inline(__always)
  fileprivate init(processorConverting value: Double) {
    // The comparisons are false for NaN, which the conversion would trap at too.
    self = value > -0x1.00000002p31 && value < 0x1p31 ? Int32(value) : .min
  }
}

extension Int64 {
  /// Cuts off the fraction; what does not fit becomes the smallest number, as the processor has it.
  @inline(__always)
  init(processorConverting value: Double) {
    // The comparisons are false for NaN, which the conversion would trap at too.
    self = value >= -0x1p63 && value < 0x1p63 ? Int64(value) : .min
  }
}
