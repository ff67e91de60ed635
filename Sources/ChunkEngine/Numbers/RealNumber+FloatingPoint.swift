extension RealNumber where Self: BinaryFloatingPoint {
  static var kind: RealNumberKind { .floatingPoint }

  @inline(__always) var double: Double { Double(self) }
  @inline(__always) var integer: Int64 { Int64(processorConverting: Double(self)) }

  @inline(__always) init(nearest value: Double) { self.init(value) }
  @inline(__always) init(nearest value: Int64) { self.init(value) }
  @inline(__always) init(nearest value: UInt64) { self.init(value) }

  @inline(__always) static func sum(_ left: Self, _ right: Self) -> Self { left + right }
  @inline(__always) static func difference(_ left: Self, _ right: Self) -> Self { left - right }
  @inline(__always) static func product(_ left: Self, _ right: Self) -> Self { left * right }
  @inline(__always) static func quotient(_ left: Self, _ right: Self) -> Self { left / right }

  @inline(__always) var roundedToEven: Self { rounded(.toNearestOrEven) }
}

extension Float16: RealNumber {
  @inline(__always) init(bits: UInt16) { self.init(bitPattern: bits) }
  @inline(__always) var bits: UInt16 { bitPattern }
}

extension Float: RealNumber {
  @inline(__always) init(bits: UInt32) { self.init(bitPattern: bits) }
  @inline(__always) var bits: UInt32 { bitPattern }
}

extension Double: RealNumber {
  @inline(__always) init(bits: UInt64) { self.init(bitPattern: bits) }
  @inline(__always) var bits: UInt64 { bitPattern }
}
