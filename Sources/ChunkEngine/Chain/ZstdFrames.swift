/// How chunks are stored whose only codec is Zstandard, and perhaps a checksum after it.
struct ZstdFrames {
  let checksum: CRC32CCodec?

  /// The bytes after each frame.
  var trailerByteCount: Int { checksum == nil ? 0 : CRC32CCodec.byteCount }
}

extension CodecChain {
  /// How chunks are stored, or nil if they have other codecs than Zstandard and a checksum.
  var zstdFrames: ZstdFrames? {
    guard arrayToBytes.isIdentity, arrayToArray.allSatisfy(\.isIdentity),
      case .transform(let codec)? = stages.first, codec is ZstdCodec
    else { return nil }
    guard stages.count > 1 else { return ZstdFrames(checksum: nil) }
    guard stages.count == 2, case .checksum(let codec) = stages[1], let codec = codec as? CRC32CCodec else {
      return nil
    }
    return ZstdFrames(checksum: codec)
  }
}
