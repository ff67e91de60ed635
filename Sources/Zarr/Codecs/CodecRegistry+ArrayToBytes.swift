import ChunkEngine

extension CodecRegistry {
  /// The codecs that turn elements into bytes.
  ///
  /// The specification has `vlen-utf8` for text and `vlen-bytes` for bytes; zarrs also stores either with the
  /// other.
  static let arrayToBytes: [String: Factory] = [
    BytesCodec.name: bytes,
    // An early draft of Zarr v3 called it so.
    "endian": bytes,
    BytesCodec.structureName: { settings, context throws(MetadataError) in
      .arrayToBytes(try BytesCodec(structure: settings, context))
    },
    PackBitsCodec.name: { settings, context throws(MetadataError) in
      .arrayToBytes(try PackBitsCodec(settings, context))
    },
    VlenBytesCodec.name: { settings, context throws(MetadataError) in
      try context.checkVariable(of: VlenBytesCodec.name, settings)
      return .arrayToBytes(try VlenBytesCodec(settings))
    },
    VlenUTF8Codec.name: { settings, context throws(MetadataError) in
      try context.checkVariable(of: VlenUTF8Codec.name, settings)
      return .arrayToBytes(try VlenUTF8Codec(settings))
    },
  ]

  private static let bytes: Factory = { settings, context throws(MetadataError) in
    .arrayToBytes(try BytesCodec(settings, context))
  }
}
