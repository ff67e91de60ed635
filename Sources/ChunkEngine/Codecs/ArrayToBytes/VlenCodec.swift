/// Stores the bytes of all elements back to back, and where each begins in an index beside them.
///
///     start    ┌ u64 indexByteCount ┬ index ┬ data
///     end      ┌ data ┬ index ┬ u64 indexByteCount
///
/// The index is one offset more than there are elements, the last one being the size of the data. Index and
/// data have codecs of their own; data of no bytes is not encoded. See
/// [zarrs.vlen](https://docs.rs/zarrs/latest/zarrs/array/codec/array_to_bytes/vlen/index.html), which is
/// experimental.
public struct VlenCodec: ArrayToBytesCodec {
  public static var name: String { "zarrs.vlen" }

  /// The numbers that offsets are, named as in metadata.
  public enum OffsetType: String, Hashable, Sendable, CaseIterable {
    /// Numbers of four bytes.
    case uint32
    /// Numbers of eight bytes.
    case uint64

    /// The bytes of an offset.
    public var byteCount: Int { self == .uint32 ? 4 : 8 }

    /// The offset at a position of many.
    func offset(_ index: Int, in offsets: RawSpan) -> UInt64 {
      switch self {
      case .uint32: UInt64(offsets.littleEndianUInt32(at: index * 4))
      case .uint64: offsets.littleEndianUInt64(at: index * 8)
      }
    }
  }

  /// Where the index is, named as in metadata.
  public enum IndexLocation: String, Hashable, Sendable, CaseIterable {
    /// In front of the data.
    case start
    /// Behind the data.
    case end
  }

  /// The bytes of the size of the index.
  static let lengthByteCount = 8

  /// The codecs of the bytes of all elements, which are a chunk of one dimension.
  public let data: CodecChain

  /// The codecs of the offsets, which are a chunk of one dimension.
  public let index: CodecChain

  /// The numbers that offsets are.
  public let offsetType: OffsetType

  /// Where the index is.
  public let indexLocation: IndexLocation

  /// Creates a codec.
  ///
  /// - Precondition: `data` takes elements of one byte, and `index` those of `offsetType`.
  public init(data: CodecChain, index: CodecChain, offsetType: OffsetType, indexLocation: IndexLocation) {
    precondition(data.layout == .fixed(byteCount: 1), "the data are bytes")
    precondition(index.layout == .fixed(byteCount: offsetType.byteCount), "the index are offsets")
    self.data = data
    self.index = index
    self.offsetType = offsetType
    self.indexLocation = indexLocation
  }

  public func makeEncoder() throws(ChunkError) -> any ArrayEncoder {
    try VlenEncoder(self)
  }

  public func makeDecoder() throws(ChunkError) -> any ArrayDecoder {
    try VlenDecoder(self)
  }
}
