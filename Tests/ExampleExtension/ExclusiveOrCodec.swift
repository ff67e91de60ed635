public import ChunkEngine
public import Zarr

/// Combines each byte with a key: a codec between bytes, `example.xor`.
public struct ExclusiveOrCodec: BytesToBytesCodec, MetadataCodec {
  public static var name: String { "example.xor" }

  let key: UInt8

  /// Creates a codec.
  public init(key: UInt8) {
    self.key = key
  }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("key")
    key = UInt8(try settings.integer("key", in: 0...255, default: 90))
  }

  public var configuration: JSONObject { ["key": .integer(Int(key))] }

  public func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int { byteCount }

  public func makeEncoder() throws(ChunkError) -> any BytesEncoder { ExclusiveOr(key: key) }

  public func makeDecoder() throws(ChunkError) -> any BytesDecoder { ExclusiveOr(key: key) }
}

private final class ExclusiveOr: BytesEncoder, BytesDecoder {
  private let key: UInt8

  init(key: UInt8) {
    self.key = key
  }

  func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
    source.withUnsafeBytes { bytes in
      for byte in bytes { output.append(byte ^ key) }
    }
  }

  func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {
    guard source.byteCount <= limit else {
      throw .decodedByteCountExceedsLimit(
        codec: ExclusiveOrCodec.name, byteCount: source.byteCount, limit: limit)
    }
    try output.append(addingCapacity: source.byteCount) { output throws(ChunkError) in
      try encode(source, into: &output)
    }
  }
}
