/// The decoders of mask and data of ``OptionalCodec``, with the arenas behind them.
final class OptionalDecoder: ArrayDecoder {
  private let codec: OptionalCodec
  private let maskDecoder: ChainDecoder
  private let dataDecoder: ChainDecoder
  private var mask = ByteArena()
  private var data = ByteArena()

  init(_ codec: OptionalCodec) throws(ChunkError) {
    self.codec = codec
    maskDecoder = try ChainDecoder(codec.mask)
    dataDecoder = try ChainDecoder(codec.data)
  }

  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let elementByteCount = try codec.elementByteCount(of: chunk)
    try checkDecodedByteCount(
      chunk.byteCount ?? chunk.elementCount, limit: limit, codec: OptionalCodec.name)
    let parts = try parts(of: source)
    mask.removeAll()
    try maskDecoder.decode(source.extracting(parts.mask), shape: chunk.shape, into: &mask, limit: limit)
    let presentCount = try Self.countPresent(mask)
    data.removeAll()
    // Without elements the data has not gone through the codecs, some of which make bytes of nothing.
    let hasData = presentCount > 0 || !parts.data.isEmpty
    if hasData {
      try dataDecoder.decode(source.extracting(parts.data), shape: [presentCount], into: &data, limit: limit)
    } else if elementByteCount == nil {
      try data.append(littleEndian: 0)
    }
    if let elementByteCount {
      try Self.joinFixed(mask, data, elementByteCount: elementByteCount, into: &output)
    } else {
      try Self.joinVariable(
        mask, data, presentCount: presentCount, codec: codec.data.elementCodecName, into: &output,
        limit: limit)
    }
  }

  /// Where mask and data are, after their claimed sizes were held against the bytes.
  private func parts(of source: RawSpan) throws(ChunkError) -> (mask: Range<Int>, data: Range<Int>) {
    let header = OptionalCodec.headerByteCount
    let available = source.byteCount - header
    guard available >= 0 else {
      throw .truncatedHeader(codec: OptionalCodec.name, byteCount: source.byteCount, expected: header)
    }
    let claims = (mask: source.littleEndianUInt64(at: 0), data: source.littleEndianUInt64(at: 8))
    guard claims.mask <= UInt64(available), claims.data <= UInt64(available) - claims.mask else {
      throw .malformed(
        codec: OptionalCodec.name,
        reason: "mask and data claim \(claims.mask) and \(claims.data) bytes and \(available) are left")
    }
    let middle = header + Int(claims.mask)
    let end = middle + Int(claims.data)
    guard end == source.byteCount else {
      throw .trailingBytes(codec: OptionalCodec.name, byteCount: source.byteCount - end)
    }
    return (header..<middle, middle..<end)
  }

  /// Counts the elements that are there.
  private static func countPresent(_ mask: borrowing ByteArena) throws(ChunkError) -> Int {
    let mask = mask.bytes
    var count = 0
    for index in 0..<mask.byteCount {
      let byte = mask.byte(at: index)
      guard byte <= 1 else {
        throw .malformed(codec: OptionalCodec.name, reason: "element \(index) has a mask of \(byte)")
      }
      count += Int(byte)
    }
    return count
  }

  /// Appends all elements of one size, those that are not there as zeros.
  private static func joinFixed(
    _ mask: borrowing ByteArena, _ data: borrowing ByteArena, elementByteCount: Int,
    into output: inout ByteArena
  ) throws(ChunkError) {
    let (mask, data) = (mask.bytes, data.bytes)
    let innerByteCount = elementByteCount - 1
    // The size of the chunk was held against the limit.
    try output.append(addingCapacity: mask.byteCount * elementByteCount) { output throws(ChunkError) in
      var position = 0
      for index in 0..<mask.byteCount {
        let byte = mask.byte(at: index)
        output.append(byte)
        if byte == 1 {
          output.append(copying: data.extracting(position..<position + innerByteCount))
          position += innerByteCount
        } else {
          // SAFETY: Bytes have no padding.
          unsafe output.append(repeating: 0, count: innerByteCount, as: UInt8.self)
        }
      }
    }
  }

  /// Appends all elements in wire form, those that are not there as their mask alone.
  private static func joinVariable(
    _ mask: borrowing ByteArena, _ data: borrowing ByteArena, presentCount: Int, codec: String,
    into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let (mask, data) = (mask.bytes, data.bytes)
    let count = mask.byteCount
    let payloadByteCount = try WireForm.payloadByteCount(of: data, expectedCount: presentCount, codec: codec)
    let byteCount = try WireForm.elementsByteCount(count: count, payloadByteCount: payloadByteCount + count)
    try checkDecodedByteCount(WireForm.headerByteCount + byteCount, limit: limit, codec: OptionalCodec.name)
    try output.reserve(WireForm.headerByteCount + byteCount)
    try output.append(littleEndian: UInt32(count))
    try output.appendElements(
      byteCount: byteCount, maximumElementByteCount: WireForm.maximumElementByteCount
    ) { writer throws(ChunkError) in
      var elements = try WireFormReader(data, expectedCount: presentCount, codec: codec)
      for index in 0..<count {
        guard mask.byte(at: index) == 1, let element = try elements.next() else {
          try writer.append(byteCount: 1) { output throws(ChunkError) in output.append(0) }
          continue
        }
        try writer.append(byteCount: 1 + element.byteCount) { output throws(ChunkError) in
          output.append(1)
          output.append(copying: element)
        }
      }
      // Finds bytes behind the last element.
      _ = try elements.next()
    }
  }
}
