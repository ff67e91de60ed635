public import ChunkEngine

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

extension DataType {
  /// What the elements are as numbers, if that is what they are in memory: times are integers.
  var numberType: NumberType? {
    switch self {
    case .number(let type): type
    case .datetime64, .timedelta64: .int64
    default: nil
    }
  }

  /// The numbers that an element consists of if all are of one type, and how many: two for a complex number.
  var numberParts: (type: NumberType, count: Int)? {
    if case .complex(.number(let type)) = self { return (type, 2) }
    return numberType.map { ($0.partType, $0.byteCount / $0.partType.byteCount) }
  }
}

extension NumberType {
  /// Creates a type from what NumPy calls it: `<f8`, `|u1`, `i4`, `float64`, `?` and the like.
  ///
  /// The byte order is left out: how numbers are stored is for the codec that stores them to say.
  public init?(numpy name: String) {
    var code = name[...]
    if let first = code.first, "<>|=".contains(first) { code.removeFirst() }
    let type =
      switch code {
      case "b1", "?": NumberType.bool
      case "i1", "b": NumberType.int8
      case "i2", "h": NumberType.int16
      case "i4", "i": NumberType.int32
      case "i8", "l", "q": NumberType.int64
      case "u1", "B": NumberType.uint8
      case "u2", "H": NumberType.uint16
      case "u4", "I": NumberType.uint32
      case "u8", "L", "Q": NumberType.uint64
      case "f2", "e": NumberType.float16
      case "f4", "f": NumberType.float32
      case "f8", "d": NumberType.float64
      case "c8", "F": NumberType.complex64
      case "c16", "D": NumberType.complex128
      default: NumberType(rawValue: name)
      }
    guard let type else { return nil }
    self = type
  }
}
