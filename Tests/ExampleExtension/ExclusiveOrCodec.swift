public import ChunkEngine
public import Zarr

/// Combines the bytes of a chunk with those of a key, again and again: a codec between bytes, `example.xor`.
///
/// It keeps nothing from chunk to chunk, so it is its own encoder and decoder.
public struct ExclusiveOrCodec: BytesToBytesCodec, BytesEncoder, BytesDecoder, MetadataCodec {
  public static var name: String { "example.xor" }

  let key: String

  /// Creates a codec.
  ///
  /// - Precondition: The key is not empty.
  public init(key: String) {
    precondition(!key.isEmpty, "the key has at least one byte")
    self.key = key
  }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("key")
    key = try settings.requiredString("key")
    guard !key.isEmpty else { throw settings.unexpected("key", expected: "text that is not empty") }
  }

  public var configuration: JSONObject { ["key": .string(key)] }

  public var addedByteCount: Int? { 0 }

  public func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int { byteCount }

  public func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
    guard output.freeCapacity >= source.byteCount else {
      throw .compressionFailed(codec: Self.name, reason: "the output is full")
    }
    let key = Array(key.utf8)
    source.withUnsafeBytes { bytes in
      for (index, byte) in bytes.enumerated() { output.append(byte ^ key[index % key.count]) }
    }
  }

  public func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {
    guard source.byteCount <= limit else {
      throw .decodedByteCountExceedsLimit(codec: Self.name, byteCount: source.byteCount, limit: limit)
    }
    try output.append(addingCapacity: source.byteCount) { output throws(ChunkError) in
      try encode(source, into: &output)
    }
  }
}
