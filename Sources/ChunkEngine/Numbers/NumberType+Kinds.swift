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

  /// The type of the parts of a complex number; other numbers are their own only part.
  public var partType: NumberType {
    switch self {
    case .complex64: .float32
    case .complex128: .float64
    default: self
    }
  }

  /// The floating-point type in which NumPy computes with numbers of this type and of another one, of which
  /// one is a floating-point type already.
  ///
  /// - Precondition: Neither is complex or a `bfloat16`, which NumPy does not have.
  func commonFloatingPoint(with other: NumberType) -> NumberType {
    let byteCount = max(leastFloatingPointByteCount, other.leastFloatingPointByteCount)
    return byteCount == 2 ? .float16 : byteCount == 4 ? .float32 : .float64
  }

  /// The width of the smallest floating-point type that NumPy takes for all numbers of this type.
  private var leastFloatingPointByteCount: Int {
    isInteger && self != .bool ? min(8, 2 * byteCount) : byteCount
  }
}
