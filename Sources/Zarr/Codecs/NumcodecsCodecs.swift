public import ChunkEngine

extension CodecRegistry {
  /// The codecs of numcodecs that compute with numbers.
  static let numcodecs: [String: Factory] = [
    NumcodecsAsTypeCodec.name: { settings, context throws(MetadataError) in
      try settings.checkOnly("encode_dtype", "decode_dtype")
      let decodedType = try context.decodedType("decode_dtype", settings) { !$0.isComplex }
      let encodedType = try settings.numberType("encode_dtype", default: nil)
      guard !encodedType.isComplex else { throw settings.unsupported(encodedType, "encode_dtype") }
      let codec = NumcodecsAsTypeCodec(decodedType: decodedType, encodedType: encodedType)
      return try context.encoded(by: codec, settings, as: .number(encodedType))
    },
    NumcodecsDeltaCodec.name: { settings, context throws(MetadataError) in
      try settings.checkOnly("dtype", "astype")
      let types = try context.types(settings, NumcodecsDeltaCodec.supports)
      let codec = NumcodecsDeltaCodec(decodedType: types.decoded, encodedType: types.encoded)
      return try context.encoded(by: codec, settings, as: .number(types.encoded))
    },
    NumcodecsFixedScaleOffsetCodec.name: { settings, context throws(MetadataError) in
      try settings.checkOnly("offset", "scale", "dtype", "astype")
      let types = try context.types(settings) { !$0.isComplex && $0 != .bfloat16 }
      let codec = NumcodecsFixedScaleOffsetCodec(
        offset: .init(try settings.number("offset")), scale: .init(try settings.number("scale")),
        decodedType: types.decoded, encodedType: types.encoded)
      return try context.encoded(by: codec, settings, as: .number(types.encoded))
    },
    NumcodecsQuantizeCodec.name: { settings, context throws(MetadataError) in
      try settings.checkOnly("digits", "dtype", "astype")
      let types = try context.types(settings, NumcodecsQuantizeCodec.supports)
      let codec = NumcodecsQuantizeCodec(
        digits: try settings.requiredInteger("digits", in: NumcodecsQuantizeCodec.digitCounts),
        decodedType: types.decoded, encodedType: types.encoded)
      return try context.encoded(by: codec, settings, as: .number(types.encoded))
    },
    NumcodecsPackBitsCodec.name: { settings, context throws(MetadataError) in
      try settings.checkOnly()
      try context.checkElements(of: .bool, settings)
      let codec = NumcodecsPackBitsCodec()
      // Eight truth values share a byte. Like numcodecs, the codec takes false for the fill value.
      return try context.encoded(by: codec, settings, as: .number(.uint8), fillValue: [0])
    },
  ]
}

extension CodecContext {
  /// The settings `dtype` and `astype`.
  ///
  /// The first must have the width of the elements.
  fileprivate func types(
    _ settings: CodecSettings, _ isSupported: (NumberType) -> Bool
  ) throws(MetadataError) -> (decoded: NumberType, encoded: NumberType) {
    let decodedType = try decodedType("dtype", settings, isSupported)
    let encodedType = try settings.numberType("astype", default: decodedType)
    guard isSupported(encodedType) else { throw settings.unsupported(encodedType, "astype") }
    return (decodedType, encodedType)
  }

  /// The type that a codec takes the elements for.
  ///
  /// As in numcodecs, only its width must match the type of the array.
  fileprivate func decodedType(
    _ name: String, _ settings: CodecSettings, _ isSupported: (NumberType) -> Bool
  ) throws(MetadataError) -> NumberType {
    let type = try settings.numberType(name, default: dataType.numberType)
    guard isSupported(type) else { throw settings.unsupported(type, name) }
    try checkElements(of: type, settings)
    return type
  }

  /// Checks that elements have the width of numbers of a type.
  fileprivate func checkElements(of type: NumberType, _ settings: CodecSettings) throws(MetadataError) {
    guard dataType.layout == .fixed(byteCount: type.byteCount) else {
      throw settings.error("the codec takes \(type.rawValue), and the elements are \(dataType.name)")
    }
  }
}

extension NumcodecsFixedScaleOffsetCodec.Constant {
  fileprivate init(_ number: JSONNumber) {
    if let integer = number.integer {
      self = .integer(Int64(integer))
    } else if let integer = number.unsignedInteger {
      self = .unsignedInteger(integer)
    } else {
      self = .real(number.double)
    }
  }
}

extension NumberType {
  /// Creates a type from any of its names in NumPy: `<f8`, `|u1`, `i4`, `d`, `float64`, `?` and the like.
  ///
  /// The byte order does not matter: it belongs to the codec that stores the numbers.
  public init?(numpy name: String) {
    let hasByteOrder = name.first.map { "<>|=".contains($0) } ?? false
    let code = hasByteOrder ? String(name.dropFirst()) : name
    let type: NumberType? =
      switch code {
      case "?": .bool
      case "b": .int8
      case "h": .int16
      case "i": .int32
      case "l", "q": .int64
      case "B": .uint8
      case "H": .uint16
      case "I": .uint32
      case "L", "Q": .uint64
      case "e": .float16
      case "f": .float32
      case "d": .float64
      case "F": .complex64
      case "D": .complex128
      default: NumberType(version2Code: code) ?? NumberType(rawValue: name)
      }
    guard let type else { return nil }
    self = type
  }
}
