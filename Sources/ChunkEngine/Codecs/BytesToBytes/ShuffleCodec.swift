/// Stores the first bytes of all items first, then the second bytes, and so on, so that compressors find more.
///
/// See [numcodecs.shuffle](https://numcodecs.readthedocs.io/en/stable/filter/shuffle.html). The number of
/// bytes must be a multiple of the item, as in numcodecs, so this codec is for elements of a fixed size.
public struct ShuffleCodec: BytesToBytesCodec, BytesEncoder, BytesDecoder, Hashable {
  public static var name: String { "numcodecs.shuffle" }

  /// The sizes that an item can have.
  public static var itemByteCounts: ClosedRange<Int> { 1...Int(Int32.max) }

  /// The bytes of an item.
  public let itemByteCount: Int

  /// Creates the codec.
  ///
  /// - Precondition: `itemByteCount` is in ``itemByteCounts``.
  public init(itemByteCount: Int = 4) {
    precondition(Self.itemByteCounts.contains(itemByteCount), "there are no items of \(itemByteCount) bytes")
    self.itemByteCount = itemByteCount
  }

  public var addedByteCount: Int? { 0 }

  public func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int {
    byteCount
  }

  public func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
    guard source.byteCount.isMultiple(of: itemByteCount) else {
      throw .unencodable(codec: Self.name, reason: remainder(of: source))
    }
    try output.checkFreeCapacity(source.byteCount, codec: Self.name)
    transpose(source, rowByteCount: itemByteCount, into: &output)
  }

  public func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {
    try checkDecodedByteCount(source.byteCount, limit: limit, codec: Self.name)
    guard source.byteCount.isMultiple(of: itemByteCount) else {
      throw .malformed(codec: Self.name, reason: remainder(of: source))
    }
    try output.append(addingCapacity: source.byteCount) { output throws(ChunkError) in
      transpose(source, rowByteCount: source.byteCount / itemByteCount, into: &output)
    }
  }

  private func remainder(of source: RawSpan) -> String {
    "\(source.byteCount) bytes are no multiple of items of \(itemByteCount)"
  }
}

/// Appends the transpose of a table of bytes.
private func transpose(_ source: RawSpan, rowByteCount: Int, into output: inout OutputRawSpan) {
  for column in 0..<rowByteCount {
    for position in stride(from: column, to: source.byteCount, by: rowByteCount) {
      output.append(source.byte(at: position))
    }
  }
}
