import ChunkEngine

extension PackBitsCodec {
  /// Reads the settings of the codec.
  init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("padding_encoding", "first_bit", "last_bit")
    guard let (component, count) = context.dataType.packedComponent else {
      throw MetadataError(
        code: .unexpectedValue, field: settings.field,
        message: "\(Self.name) does not pack \(context.dataType.name)")
    }
    let all = 0...component.bitCount - 1
    let first = try settings.optionalInteger("first_bit", in: all) ?? all.lowerBound
    let last = try settings.optionalInteger("last_bit", in: all) ?? all.upperBound
    guard first <= last else {
      throw .expected(
        "a bit from \(first) on", found: .integer(last), in: settings.fields.path(of: "last_bit"))
    }
    self.init(
      component, componentCount: count, bits: first...last,
      paddingEncoding: try settings.choice("padding_encoding", default: .none))
  }
}

extension DataType {
  /// The numbers that an element consists of, and how many, if their bits can be packed.
  fileprivate var packedComponent: (PackBitsCodec.Component, Int)? {
    switch self {
    case .smallNumber(let type): return (type.packedComponent, 1)
    case .complex(.smallNumber(let type)): return (type.packedComponent, 2)
    default:
      guard let (type, count) = numberParts else { return nil }
      let bitCount = type == .bool ? 1 : 8 * type.byteCount
      return (.init(byteCount: type.byteCount, bitCount: bitCount, isSigned: type.isSignedInteger), count)
    }
  }
}

extension SmallNumberType {
  fileprivate var packedComponent: PackBitsCodec.Component {
    let bitCount =
      switch self {
      case .int2, .uint2: 2
      case .int4, .uint4, .float4E2M1FN: 4
      case .float6E2M3FN, .float6E3M2FN: 6
      case .float8E3M4, .float8E4M3, .float8E4M3FN, .float8E4M3B11FNUZ, .float8E4M3FNUZ, .float8E5M2,
        .float8E5M2FNUZ, .float8E8M0FNU:
        8
      }
    return .init(byteCount: 1, bitCount: bitCount, isSigned: self == .int2 || self == .int4)
  }
}
