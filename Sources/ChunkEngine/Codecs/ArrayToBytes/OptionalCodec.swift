/// Stores which elements are there in a mask, and those that are by themselves.
///
///     ┌ u64 maskByteCount ┬ u64 dataByteCount ┬ mask ┬ data
///
/// The mask is a truth value for each element, in the shape of the chunk. The data are the elements that are
/// there, in C order and one dimension; if there are none it is not encoded. Mask and data have codecs of
/// their own. See [zarrs.optional](https://docs.rs/zarrs/latest/zarrs/array/codec/array_to_bytes/optional)
/// and the draft of [optional](https://github.com/zarr-developers/zarr-extensions/pull/33).
///
/// In memory an element has a byte in front that says whether it is there, see ``ElementLayout``.
public struct OptionalCodec: ArrayToBytesCodec {
  public static var name: String { "zarrs.optional" }

  /// The bytes of the two sizes.
  static let headerByteCount = 16

  /// The codecs of the mask.
  public let mask: CodecChain

  /// The codecs of the elements that are there, without the byte in front.
  public let data: CodecChain

  /// Creates a codec.
  ///
  /// - Precondition: `mask` takes elements of one byte.
  public init(mask: CodecChain, data: CodecChain) {
    precondition(mask.layout == .fixed(byteCount: 1), "the mask are truth values")
    self.mask = mask
    self.data = data
  }

  public func makeEncoder() throws(ChunkError) -> any ArrayEncoder {
    try OptionalEncoder(self)
  }

  public func makeDecoder() throws(ChunkError) -> any ArrayDecoder {
    try OptionalDecoder(self)
  }

  /// The bytes of an element together with the one in front, or nil if elements are of any size.
  ///
  /// - Throws: ``ChunkError/unencodable(codec:reason:)`` if a chunk does not have such elements.
  func elementByteCount(of chunk: ChunkRepresentation) throws(ChunkError) -> Int? {
    guard let inner = data.layout.fixedByteCount else {
      guard chunk.layout == .variable else {
        throw .unencodable(codec: Self.name, reason: "its elements are not of any size")
      }
      return nil
    }
    _ = try chunk.byteCount(ofElements: inner + 1, codec: Self.name)
    return inner + 1
  }
}
