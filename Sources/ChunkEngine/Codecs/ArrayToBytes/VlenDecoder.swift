/// The decoders of index and data of ``VlenCodec``, with the arenas behind them.
final class VlenDecoder: ArrayDecoder {
  private let codec: VlenCodec
  private let dataDecoder: ChainDecoder
  private let indexDecoder: ChainDecoder
  private var data = ByteArena()
  private var offsets = ByteArena()

  init(_ codec: VlenCodec) throws(ChunkError) {
    self.codec = codec
    dataDecoder = try ChainDecoder(codec.data)
    indexDecoder = try ChainDecoder(codec.index)
  }

  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let count = chunk.elementCount
    guard count <= WireForm.maximumElementCount else { throw .tooManyElements(count: count) }
    let parts = try parts(of: source)

    try checkDecodedByteCount(
      (count + 1) * codec.offsetType.byteCount, limit: limit, codec: VlenCodec.name)
    offsets.removeAll()
    try indexDecoder.decode(source.extracting(parts.index), shape: [count + 1], into: &offsets, limit: limit)
    let range = try Self.dataRange(offsets, codec.offsetType, count: count, limit: limit)

    let byteCount = try WireForm.elementsByteCount(count: count, payloadByteCount: range.count)
    try checkDecodedByteCount(WireForm.headerByteCount + byteCount, limit: limit, codec: VlenCodec.name)
    data.removeAll()
    // Data of no bytes has not gone through the codecs, some of which make bytes of it.
    if range.upperBound > 0 || !parts.data.isEmpty {
      try dataDecoder.decode(
        source.extracting(parts.data), shape: [range.upperBound], into: &data, limit: limit)
    }
    try output.reserve(WireForm.headerByteCount + byteCount)
    try output.append(littleEndian: UInt32(count))
    try Self.appendElements(
      data, offsets, codec.offsetType, count: count, byteCount: byteCount, to: &output)
  }

  /// Where index and data are, after the claimed size of the index was held against the bytes.
  private func parts(of source: RawSpan) throws(ChunkError) -> (index: Range<Int>, data: Range<Int>) {
    let length = VlenCodec.lengthByteCount
    let available = source.byteCount - length
    guard available >= 0 else {
      throw .truncatedHeader(codec: VlenCodec.name, byteCount: source.byteCount, expected: length)
    }
    let isInFront = codec.indexLocation == .start
    let claimed = source.littleEndianUInt64(at: isInFront ? 0 : available)
    guard let byteCount = Int(exactly: claimed), byteCount <= available else {
      throw .malformed(
        codec: VlenCodec.name, reason: "the index claims \(claimed) bytes and \(available) are left")
    }
    return isInFront
      ? (length..<length + byteCount, length + byteCount..<source.byteCount)
      : (available - byteCount..<available, 0..<available - byteCount)
  }

  /// The bytes of the data that are those of elements, after all offsets were checked.
  private static func dataRange(
    _ offsets: borrowing ByteArena, _ type: VlenCodec.OffsetType, count: Int, limit: Int
  ) throws(ChunkError) -> Range<Int> {
    let offsets = offsets.bytes
    let last = type.offset(count, in: offsets)
    guard let end = Int(exactly: last), end <= limit else {
      throw .decodedByteCountExceedsLimit(
        codec: VlenCodec.name, byteCount: Int(clamping: last), limit: limit)
    }
    let first = type.offset(0, in: offsets)
    var previous = first
    for index in 1..<count + 1 {
      let next = type.offset(index, in: offsets)
      guard next >= previous else { throw .invalidOffsets(index: index - 1) }
      previous = next
    }
    // The offsets do not decrease, so the first is at most the last.
    return Int(first)..<end
  }

  /// Appends the elements of checked offsets in wire form.
  private static func appendElements(
    _ data: borrowing ByteArena, _ offsets: borrowing ByteArena, _ type: VlenCodec.OffsetType, count: Int,
    byteCount: Int, to output: inout ByteArena
  ) throws(ChunkError) {
    let (data, offsets) = (data.bytes, offsets.bytes)
    try output.appendElements(
      byteCount: byteCount, maximumElementByteCount: WireForm.maximumElementByteCount
    ) { writer throws(ChunkError) in
      var start = Int(type.offset(0, in: offsets))
      for index in 1..<count + 1 {
        let end = Int(type.offset(index, in: offsets))
        try writer.append(data.extracting(start..<end))
        start = end
      }
    }
  }
}
