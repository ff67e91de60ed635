/// A number in memory, named as in Zarr v3 metadata.
public enum NumberType: String, Hashable, Sendable, CaseIterable {
  case bool
  case int8
  case int16
  case int32
  case int64
  case uint8
  case uint16
  case uint32
  case uint64
  case float16
  case bfloat16
  case float32
  case float64
  case complex64
  case complex128

  /// The bytes of a number.
  public var byteCount: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64, .complex64: 8
    case .complex128: 16
    }
  }
}
