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
  ]

  private static let squeeze: Factory = { settings, context throws(MetadataError) in
    try settings.checkOnly()
    return try context.encoded(by: SqueezeCodec(), settings)
  }
}
