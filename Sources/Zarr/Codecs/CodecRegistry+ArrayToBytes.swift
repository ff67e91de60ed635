import ChunkEngine

extension CodecRegistry {
  /// The codecs that turn elements into bytes.
  static let arrayToBytes: [String: Factory] = [
    BytesCodec.name: bytes,
    // An early draft of Zarr v3 called it so.
    "endian": bytes,
    PackBitsCodec.name: { settings, context throws(MetadataError) in
      .arrayToBytes(try PackBitsCodec(settings, context))
    },
    VlenBytesCodec.name: { settings, context throws(MetadataError) in
      try context.checkLayout(.variable, isText: false, of: VlenBytesCodec.name)
      return .arrayToBytes(try VlenBytesCodec(settings))
    },
    VlenUTF8Codec.name: { settings, context throws(MetadataError) in
      try context.checkLayout(.variable, isText: true, of: VlenUTF8Codec.name)
      return .arrayToBytes(try VlenUTF8Codec(settings))
    },
  ]

  private static let bytes: Factory = { settings, context throws(MetadataError) in
    .arrayToBytes(try BytesCodec(settings, context))
  }
}

extension CodecContext {
  /// Checks that elements are of any size, and text or not.
  fileprivate func checkLayout(
    _ layout: ElementLayout, isText: Bool, of codec: String
  ) throws(MetadataError) {
    // Text in vlen-bytes is not checked when it is stored, and bytes in vlen-utf8 need not be text.
    guard dataType.layout == layout, dataType.elementsAreText == isText else {
      throw MetadataError(
        code: .unexpectedValue, field: "codecs",
        message: "\(dataType.name) needs \(dataType.defaultCodec.name), not \(codec)")
    }
  }
}
