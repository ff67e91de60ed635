public import ChunkEngine

// An integer is read from all arrays of integers, as long as each element is in its range.

extension Int8: PackedElement {
  public static var numberType: NumberType { .int8 }

  public static func canBeRead(from dataType: DataType) -> Bool { isInteger(dataType) }

  public init?(_ value: NumberValue) { self.init(integer: value) }
}

extension Int16: PackedElement {
  public static var numberType: NumberType { .int16 }

  public static func canBeRead(from dataType: DataType) -> Bool { isInteger(dataType) }

  public init?(_ value: NumberValue) { self.init(integer: value) }
}

extension Int32: PackedElement {
  public static var numberType: NumberType { .int32 }

  public static func canBeRead(from dataType: DataType) -> Bool { isInteger(dataType) }

  public init?(_ value: NumberValue) { self.init(integer: value) }
}

extension Int64: PackedElement {
  public static var numberType: NumberType { .int64 }

  public static func canBeRead(from dataType: DataType) -> Bool { isInteger(dataType) }

  public init?(_ value: NumberValue) { self.init(integer: value) }
}

extension UInt8: PackedElement {
  public static var numberType: NumberType { .uint8 }

  public static func canBeRead(from dataType: DataType) -> Bool { isInteger(dataType) }

  public init?(_ value: NumberValue) { self.init(integer: value) }
}

extension UInt16: PackedElement {
  public static var numberType: NumberType { .uint16 }

  public static func canBeRead(from dataType: DataType) -> Bool { isInteger(dataType) }

  public init?(_ value: NumberValue) { self.init(integer: value) }
}

extension UInt32: PackedElement {
  public static var numberType: NumberType { .uint32 }

  public static func canBeRead(from dataType: DataType) -> Bool { isInteger(dataType) }

  public init?(_ value: NumberValue) { self.init(integer: value) }
}

extension UInt64: PackedElement {
  public static var numberType: NumberType { .uint64 }

  public static func canBeRead(from dataType: DataType) -> Bool { isInteger(dataType) }

  public init?(_ value: NumberValue) { self.init(integer: value) }
}

extension Int: PackedElement {
  public static var numberType: NumberType { .int64 }

  public static func canBeRead(from dataType: DataType) -> Bool { isInteger(dataType) }

  public init?(_ value: NumberValue) { self.init(integer: value) }
}

extension UInt: PackedElement {
  public static var numberType: NumberType { .uint64 }

  public static func canBeRead(from dataType: DataType) -> Bool { isInteger(dataType) }

  public init?(_ value: NumberValue) { self.init(integer: value) }
}

extension FixedWidthInteger {
  /// Whether the elements of arrays of a data type are integers.
  fileprivate static func isInteger(_ dataType: DataType) -> Bool {
    switch dataType {
    case .number(.int8), .number(.int16), .number(.int32), .number(.int64), .number(.uint8), .number(.uint16),
      .number(.uint32), .number(.uint64):
      true
    default: false
    }
  }

  fileprivate init?(integer value: NumberValue) {
    switch value {
    case .signed(let value): self.init(exactly: value)
    case .unsigned(let value): self.init(exactly: value)
    case .floating: return nil
    }
  }
}
