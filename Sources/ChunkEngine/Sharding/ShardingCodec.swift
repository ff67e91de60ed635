/// Divides a chunk into inner chunks, encodes each by itself, and stores them with an index.
///
///     chunk, here called shard ──▶ inner chunks ── their own codecs ──▶ ┌ inner chunks ┬ index ┐
///
/// Whoever reads a shard can so read an inner chunk without the others. See
/// [sharding](https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html). Inner
/// chunks whose elements all equal the fill value are not stored, and the index says so. They are written in
/// C order without gaps, and read in any order and with gaps.
///
/// As a codec it encodes and decodes whole shards. ``ShardReader`` and ``ShardWriter`` work on parts of one.
public struct ShardingCodec: ArrayToBytesCodec {
  public static var name: String { "sharding_indexed" }

  /// The number of elements of an inner chunk along each axis.
  public let chunkShape: [Int]

  /// The codecs of an inner chunk.
  public let chain: CodecChain

  /// How the index is stored.
  public let index: ShardIndexFormat

  /// The element that stands for all that was never written.
  public let fillValue: [UInt8]

  /// Creates a codec.
  ///
  /// - Parameters:
  ///   - chunkShape: The number of elements of an inner chunk along each axis.
  ///   - chain: The codecs of an inner chunk.
  ///   - index: How the index is stored.
  ///   - fillValue: The element that stands for all that was never written.
  public init(chunkShape: [Int], chain: CodecChain, index: ShardIndexFormat, fillValue: [UInt8]) {
    self.chunkShape = chunkShape
    self.chain = chain
    self.index = index
    self.fillValue = fillValue
  }

  public func makeEncoder() throws(ChunkError) -> any ArrayEncoder {
    try ShardEncoder(self)
  }

  public func makeDecoder() throws(ChunkError) -> any ArrayDecoder {
    try ShardDecoder(self)
  }
}
