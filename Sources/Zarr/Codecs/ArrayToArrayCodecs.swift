import ChunkEngine

extension CodecRegistry {
  /// The codecs that turn elements into other elements.
  static let arrayToArray: [String: Factory] = [
    TransposeCodec.name: { settings, context throws(MetadataError) in
      try context.encoded(by: TransposeCodec(settings, context), settings)
    },
    ReshapeCodec.name: { settings, context throws(MetadataError) in
      try context.encoded(by: ReshapeCodec(settings), settings)
    },
    SqueezeCodec.name: squeeze, "squeeze": squeeze,
    CastValueCodec.name: CastValueCodec.resolve,
    ScaleOffsetCodec.name: ScaleOffsetCodec.resolve,
    BitRoundCodec.name: bitRound(losesCarry: false),
    "numcodecs.bitround": bitRound(losesCarry: true),
  ]

  private static let squeeze: Factory = { settings, context throws(MetadataError) in
    try settings.checkOnly()
    return try context.encoded(by: SqueezeCodec(), settings)
  }

  private static func bitRound(losesCarry: Bool) -> Factory {
    { settings, context throws(MetadataError) in
      try settings.checkOnly("keepbits")
      guard let (type, count) = context.dataType.numberParts, type != .bool else {
        throw settings.error("\(BitRoundCodec.name) does not round \(context.dataType.name)")
      }
      let keptBitCount = try settings.requiredInteger("keepbits", in: 0...Int(Int32.max))
      let codec = BitRoundCodec(
        keptBitCount: keptBitCount, type: type, partCount: count, losesCarry: losesCarry)
      return try context.encoded(by: codec, settings, as: context.dataType)
    }
  }
}

extension TransposeCodec {
  /// Reads the settings.
  ///
  /// Early drafts of Zarr v3 had the orders `"C"` and `"F"`.
  fileprivate init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("order")
    let expected = "an array with each dimension once"
    let value = try settings.fields.required("order", expected)
    if let name = value.stringValue, ["C", "F"].contains(name), let shape = context.chunkShape {
      self.init(order: name == "C" ? Array(shape.indices) : shape.indices.reversed())
      return
    }
    let order = value.arrayValue?.compactMap(\.integerValue) ?? []
    guard order.count == value.arrayValue?.count, Self.isPermutation(order) else {
      throw settings.unexpected("order", expected: expected)
    }
    self.init(order: order)
  }
}

extension ReshapeCodec {
  fileprivate init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("shape")
    let values = try settings.fields.array("shape", "an array of lengths, arrays of dimensions, and -1")
    var lengths: [Length] = []
    for (position, value) in values.enumerated() {
      let dimensions = value.arrayValue?.map(\.integerValue)
      if value.integerValue == -1 {
        lengths.append(.rest)
      } else if let count = value.integerValue, count > 0 {
        lengths.append(.count(count))
      } else if let dimensions, !dimensions.contains(nil) {
        lengths.append(.dimensions(dimensions.compactMap(\.self)))
      } else {
        throw .expected(
          "an integer of at least 1, -1, or an array of dimensions", found: value,
          in: "\(settings.fields.path(of: "shape"))[\(position)]")
      }
    }
    self.init(lengths: lengths)
  }
}

extension CastValueCodec {
  fileprivate static func resolve(
    _ settings: CodecSettings, _ context: CodecContext
  ) throws(MetadataError) -> ResolvedCodec {
    try settings.checkOnly("data_type", "rounding", "out_of_range", "scalar_map")
    let typeField = settings.fields.path(of: "data_type")
    let typeName = try settings.fields.required("data_type", "a data type")
    let encodedDataType = try DataType(MetadataExtension(typeName, field: typeField), field: typeField)
    guard case .number(let encodedType) = encodedDataType, supports(encodedType) else {
      throw .expected("integers or floating-point numbers", found: typeName, in: typeField)
    }
    let decodedType = try context.number(for: name, settings, supports)
    let outOfRange = try settings.choice("out_of_range", default: OutOfRange.error)
    guard outOfRange != .wrap || encodedType.isInteger else {
      throw settings.unexpected("out_of_range", expected: "error or clamp, because only integers wrap around")
    }
    let map = MetadataFields(
      try settings.fields.optionalObject("scalar_map"), path: settings.fields.path(of: "scalar_map"))
    try map.checkOnly(["encode", "decode"])
    let codec = CastValueCodec(
      decodedType: decodedType, encodedType: encodedType,
      rounding: try settings.choice("rounding", default: .nearestEven), outOfRange: outOfRange,
      encodingExceptions: try exceptions("encode", of: map, from: context.dataType, to: encodedDataType),
      decodingExceptions: try exceptions("decode", of: map, from: encodedDataType, to: context.dataType))
    return try context.encoded(by: codec, settings, as: encodedDataType)
  }

  /// Reads pairs of numbers, in the form of fill values.
  private static func exceptions(
    _ name: String, of map: MetadataFields, from type: DataType, to other: DataType
  ) throws(MetadataError) -> [Exception] {
    guard let value = map.object[name], value != .null else { return [] }
    guard let pairs = value.arrayValue else {
      throw .expected("an array of pairs", found: value, in: map.path(of: name))
    }
    var exceptions: [Exception] = []
    for (index, pair) in pairs.enumerated() {
      let field = "\(map.path(of: name))[\(index)]"
      guard let values = pair.arrayValue, values.count == 2 else {
        throw .expected("a pair of numbers", found: pair, in: field)
      }
      exceptions.append(
        Exception(
          number: try type.fillValue(from: values[0], field: "\(field)[0]"),
          result: try other.fillValue(from: values[1], field: "\(field)[1]")))
    }
    return exceptions
  }
}

extension ScaleOffsetCodec {
  fileprivate static func resolve(
    _ settings: CodecSettings, _ context: CodecContext
  ) throws(MetadataError) -> ResolvedCodec {
    try settings.checkOnly("offset", "scale")
    let type = try context.number(for: name, settings, supports)
    func constant(_ name: String, default defaultValue: JSONValue) throws(MetadataError) -> [UInt8] {
      try context.dataType.fillValue(
        from: settings[name] ?? defaultValue, field: settings.fields.path(of: name))
    }
    let offset = try constant("offset", default: 0)
    let scale = try constant("scale", default: 1)
    // Minus zero is a sign bit alone, the highest bit of the last byte.
    let isZero =
      scale.dropLast().allSatisfy { $0 == 0 }
      && (scale.last == 0 || type.isFloatingPoint && scale.last == 0x80)
    guard !isZero else { throw settings.unexpected("scale", expected: "a number that is not 0") }
    let codec = ScaleOffsetCodec(type: type, offset: offset, scale: scale)
    return try context.encoded(by: codec, settings, as: context.dataType)
  }
}
