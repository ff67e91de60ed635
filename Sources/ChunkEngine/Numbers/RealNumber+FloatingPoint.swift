extension RealNumber where Self: BinaryFloatingPoint {
  static var kind: RealNumberKind { .floatingPoint }

  @inline(__always) var integer: Int64 { Int64(processorConverting: double) }

  @inline(__always) static func sum(_ left: Self, _ right: Self) -> Self { left + right }
  @inline(__always) static func difference(_ left: Self, _ right: Self) -> Self { left - right }
  @inline(__always) static func product(_ left: Self, _ right: Self) -> Self { left * right }
  @inline(__always) static func quotient(_ left: Self, _ right: Self) -> Self { left / right }

  @inline(__always) var roundedToEven: Self { rounded(.toNearestOrEven) }
}

// The conversions are written out for each type: the generic ones of the standard library are a hundred times
// slower.

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
