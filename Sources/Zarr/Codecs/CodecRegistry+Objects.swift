import ChunkEngine

extension CodecRegistry {
  /// The codecs with which zarr-python 2 stored objects, under their names in v2 and those of other libraries
  /// in v3.
  static let objects: [String: Factory] = [
    JSON2Codec.name: json2, "json2": json2,
    MessagePack2Codec.name: messagePack2, "msgpack2": messagePack2,
    CategorizeCodec.name: categorize, "categorize": categorize,
    "numcodecs.pickle": pickle, "pickle": pickle,
  ]

  private static func json2(
    _ settings: CodecSettings, _ context: CodecContext
  ) throws(MetadataError) -> ResolvedCodec {
    try context.check("json", of: JSON2Codec.name)
    return .arrayToBytes(try JSON2Codec(settings))
  }

  private static func messagePack2(
    _ settings: CodecSettings, _ context: CodecContext
  ) throws(MetadataError) -> ResolvedCodec {
    try context.check("json", of: MessagePack2Codec.name)
    return .arrayToBytes(try MessagePack2Codec(settings))
  }

  private static func categorize(
    _ settings: CodecSettings, _ context: CodecContext
  ) throws(MetadataError) -> ResolvedCodec {
    try context.check("string", of: CategorizeCodec.name)
    return .arrayToBytes(try CategorizeCodec(settings))
  }

  private static func pickle(
    _ settings: CodecSettings, _ context: CodecContext
  ) throws(MetadataError) -> ResolvedCodec {
    throw pickleError
  }

  /// Why pickles are not decoded, and what to do about it.
  static let pickleError = MetadataError(
    code: .unsupported, field: "codecs",
    message: """
      its elements are pickles, which are programs of Python: whoever reads one runs it. They are never decoded \
      here. To convert the array, open it with zarr-python 2 on a machine that may run them, with \
      NUMCODECS_ALLOW_UNSAFE_PICKLE_DECODE=1 where numcodecs asks for it, and write it again with \
      numcodecs.JSON() (json2) or numcodecs.VLenBytes() as object_codec
      """)
}

extension CodecContext {
  /// Checks that elements are of a data type.
  fileprivate func check(_ dataTypeName: String, of codec: String) throws(MetadataError) {
    guard dataType.name == dataTypeName else {
      throw MetadataError(
        code: .unexpectedValue, field: "codecs",
        message: "\(codec) stores elements of \(dataTypeName), not of \(dataType.name)")
    }
  }
}
