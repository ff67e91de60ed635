/// Drops the axes along which a chunk has one element.
///
/// See [squeeze](https://codec.zarrs.dev/array_to_array/squeeze). A chunk of one element keeps one axis.
public struct SqueezeCodec: BytesKeepingCodec, Hashable {
  public static var name: String { "zarrs.squeeze" }

  /// Creates the codec, which has no settings.
  public init() {}

  public func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation {
    let shape = chunk.shape.filter { $0 != 1 }
    return try ChunkRepresentation(shape: shape.isEmpty ? [1] : shape, layout: chunk.layout)
  }
}
