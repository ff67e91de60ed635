import ChunkEngine

extension CodecRegistry {
  /// The codecs of the library numcodecs that compute with numbers.
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
      // A truth value has no byte of its own any more, and numcodecs takes false for the fill value.
      return try context.encoded(by: codec, settings, as: .number(.uint8), fillValue: [0])
    },
  ]
}

extension CodecContext {
  /// The settings `dtype` and `astype`, the first of which must be of the width of the elements.
  fileprivate func types(
    _ settings: CodecSettings, _ isSupported: (NumberType) -> Bool
  ) throws(MetadataError) -> (decoded: NumberType, encoded: NumberType) {
    let decodedType = try decodedType("dtype", settings, isSupported)
    let encodedType = try settings.numberType("astype", default: decodedType)
    guard isSupported(encodedType) else { throw settings.unsupported(encodedType, "astype") }
    return (decodedType, encodedType)
  }

  /// The type that a codec takes the elements for, which need not be that of the array: as in numcodecs only
  /// the width has to be the same.
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
      throw MetadataError(
        code: .unexpectedValue, field: settings.field,
        message: "the codec takes \(type.rawValue), and the elements are \(dataType.name)")
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
