import ChunkEngine

extension CodecRegistry {
  /// The codecs for elements of any size that have codecs inside, and others of the same libraries.
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
  ]
}

extension CodecContext {
  /// Checks that elements are of any size.
  fileprivate func checkVariable(of codec: String, _ settings: CodecSettings) throws(MetadataError) {
    guard dataType.layout == .variable else {
      throw MetadataError(
        code: .unexpectedValue, field: settings.field,
        message: "\(dataType.name) needs \(dataType.defaultCodec.name), not \(codec)")
    }
  }
}
