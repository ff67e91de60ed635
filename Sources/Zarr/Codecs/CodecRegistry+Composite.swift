import ChunkEngine

extension CodecRegistry {
  /// The codecs that have codecs inside, and others for elements of any size.
  static let composite: [String: Factory] = [
    VlenCodec.name: { settings, context throws(MetadataError) in
      try context.checkVariable(of: VlenCodec.name, settings)
      return .arrayToBytes(try VlenCodec(settings, context))
    },
    VlenV2Codec.name: { settings, context throws(MetadataError) in
      try context.checkVariable(of: VlenV2Codec.name, settings)
      try settings.checkOnly()
      return .arrayToBytes(VlenV2Codec())
    },
    VlenArrayCodec.name: vlenArray, "vlen-array": vlenArray,
    OptionalCodec.name: optional, "optional": optional,
  ]

  private static let vlenArray: Factory = { settings, context throws(MetadataError) in
    try context.checkVariable(of: VlenArrayCodec.name, settings)
    return .arrayToBytes(try VlenArrayCodec(settings, context))
  }

  private static let optional: Factory = { settings, context throws(MetadataError) in
    .arrayToBytes(try OptionalCodec(settings, context))
  }
}

extension CodecContext {
  /// Checks that elements are of any size.
  func checkVariable(of codec: String, _ settings: CodecSettings) throws(MetadataError) {
    guard dataType.layout == .variable else {
      throw MetadataError(
        code: .unexpectedValue, field: settings.field,
        message: "\(dataType.name) needs \(dataType.defaultCodec.name), not \(codec)")
    }
  }
}
