import ChunkEngine

extension CodecRegistry {
  /// The codecs that turn elements into others.
  static let arrayToArray: [String: Factory] = [
    TransposeCodec.name: { settings, context throws(MetadataError) in
      try context.encoded(by: TransposeCodec(settings, context), settings)
    },
    ReshapeCodec.name: { settings, context throws(MetadataError) in
      try context.encoded(by: ReshapeCodec(settings), settings)
    },
    SqueezeCodec.name: squeeze,
    "squeeze": squeeze,
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
        throw MetadataError(
          code: .unexpectedValue, field: settings.field,
          message: "\(BitRoundCodec.name) does not round \(context.dataType.name)")
      }
      let keptBitCount = try settings.requiredInteger("keepbits", in: 0...Int(Int32.max))
      let codec = BitRoundCodec(
        keptBitCount: keptBitCount, type: type, partCount: count, losesCarry: losesCarry)
      return try context.encoded(by: codec, settings, as: context.dataType)
    }
  }
}
