public import ChunkEngine

// A number with a fraction is read from all arrays of such numbers that have no more digits than it has.

extension Float16: PackedElement {
  public static var numberType: NumberType { .float16 }

  public init?(_ value: NumberValue) { return nil }
}

extension Float: PackedElement {
  public static var numberType: NumberType { .float32 }

  public static func canBeRead(from dataType: DataType) -> Bool {
    [.number(.float32), .number(.float16), .number(.bfloat16)].contains(dataType)
  }

  public init?(_ value: NumberValue) {
    guard case .floating(let value) = value else { return nil }
    self = Float(value)
  }
}

extension Double: PackedElement {
  public static var numberType: NumberType { .float64 }

  public static func canBeRead(from dataType: DataType) -> Bool {
    dataType == .number(.float64) || Float.canBeRead(from: dataType)
  }

  public init?(_ value: NumberValue) {
    guard case .floating(let value) = value else { return nil }
    self = value
  }
}
