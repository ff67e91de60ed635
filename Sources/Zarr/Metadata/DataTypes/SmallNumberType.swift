/// A number of at most eight bits, in the low bits of a byte, named as in Zarr v3 metadata.
///
/// The types are those of the registry
/// [zarr-extensions](https://github.com/zarr-developers/zarr-extensions/tree/main/data-types). In the names
/// of floating-point types `e` is followed by the bits of the exponent and `m` by those of the significand.
/// `fn` stands for no infinities, `uz` for no negative zero, `u` for no sign.
public enum SmallNumberType: String, Hashable, Sendable, CaseIterable {
  case int2
  case int4
  case uint2
  case uint4
  case float4E2M1FN = "float4_e2m1fn"
  case float6E2M3FN = "float6_e2m3fn"
  case float6E3M2FN = "float6_e3m2fn"
  case float8E3M4 = "float8_e3m4"
  case float8E4M3 = "float8_e4m3"
  case float8E4M3FN = "float8_e4m3fn"
  case float8E4M3B11FNUZ = "float8_e4m3b11fnuz"
  case float8E4M3FNUZ = "float8_e4m3fnuz"
  case float8E5M2 = "float8_e5m2"
  case float8E5M2FNUZ = "float8_e5m2fnuz"
  case float8E8M0FNU = "float8_e8m0fnu"

  /// The integers of the type, or nil if it is of floating-point numbers.
  public var integers: ClosedRange<Int>? {
    switch self {
    case .int2: -2...1
    case .int4: -8...7
    case .uint2: 0...3
    case .uint4: 0...15
    default: nil
    }
  }
}
