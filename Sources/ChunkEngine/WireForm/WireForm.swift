/// The bytes of a chunk of variable-length elements, as `vlen-bytes` and `vlen-utf8` lay them out.
///
///     +-------+------------+---------+------------+---------+ …
///     | count | byteCount₀ | bytes₀  | byteCount₁ | bytes₁  |
///     +-------+------------+---------+------------+---------+ …
///      u32     u32                    u32            all little endian, no padding
///
/// The elements stand in C order. See
/// [vlen-bytes](https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/vlen-bytes).
public enum WireForm {
  /// The bytes of the count in front of the elements.
  public static let headerByteCount = 4

  /// The bytes of the length in front of each element.
  public static let lengthByteCount = 4

  /// The largest number of elements of a chunk.
  public static let maximumElementCount = Int(UInt32.max)

  /// The largest element that the format can hold.
  public static let maximumElementByteCount = Int(UInt32.max)

  /// The largest element that every reader takes: numcodecs keeps lengths as signed numbers of 32 bits.
  public static let portableElementByteCount = Int(Int32.max)

  /// Checks the header of a chunk, and that its bytes suffice for as many elements.
  ///
  /// - Parameters:
  ///   - chunk: The chunk with its header.
  ///   - expectedCount: The number of elements that it must have.
  ///   - codec: The name of the codec, for errors.
  /// - Returns: The bytes that the elements have together if the chunk is valid, without their lengths.
  /// - Throws: ``ChunkError``. Memory for elements is safe to take afterwards, it is bounded by the chunk.
  /// - Complexity: O(1)
  static func payloadByteCount(
    of chunk: RawSpan, expectedCount: Int, codec: String
  ) throws(ChunkError) -> Int {
    try payloadByteCount(
      ofChunkBeginning: chunk, byteCount: chunk.byteCount, expectedCount: expectedCount, codec: codec)
  }

  /// Checks the header of a chunk of `byteCount` bytes that begins with `bytes`, and that they suffice for as
  /// many elements.
  ///
  /// - Precondition: The header is part of `bytes`, if the chunk is large enough to have one.
  static func payloadByteCount(
    ofChunkBeginning bytes: RawSpan, byteCount: Int, expectedCount: Int, codec: String
  ) throws(ChunkError) -> Int {
    guard byteCount >= headerByteCount else {
      throw .truncatedHeader(codec: codec, byteCount: byteCount, expected: headerByteCount)
    }
    let found = Int(bytes.littleEndianUInt32(at: 0))
    guard found == expectedCount else { throw .countMismatch(found: found, expected: expectedCount) }
    let available = byteCount - headerByteCount
    guard found * lengthByteCount <= available else {
      throw .truncatedElements(byteCount: byteCount, count: expectedCount)
    }
    return available - found * lengthByteCount
  }

  /// The bytes of `count` elements that have `payloadByteCount` bytes together, without the header.
  static func elementsByteCount(count: Int, payloadByteCount: Int) throws(ChunkError) -> Int {
    guard count <= maximumElementCount else { throw .tooManyElements(count: count) }
    let (total, overflow) = payloadByteCount.addingReportingOverflow(count * lengthByteCount)
    guard !overflow, total <= Int.max - headerByteCount else {
      throw .chunkTooLarge(byteCount: Int.max, limit: Int.max - headerByteCount)
    }
    return total
  }
}
