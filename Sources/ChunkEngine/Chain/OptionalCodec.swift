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
package struct OptionalCodec: ArrayToBytesCodec {
  package static var name: String { "zarrs.optional" }

  /// The bytes of the two sizes.
  static let headerByteCount = 16

  /// The codecs of the mask.
  package let mask: CodecChain

  /// The codecs of the elements that are there, without the byte in front.
  package let data: CodecChain

  /// Creates a codec.
  ///
  /// - Precondition: `mask` takes elements of one byte.
  package init(mask: CodecChain, data: CodecChain) {
    precondition(mask.layout == .fixed(byteCount: 1), "the mask are truth values")
    self.mask = mask
    self.data = data
  }

  package func makeEncoder() throws(ChunkError) -> any ArrayEncoder {
    try OptionalEncoder(self)
  }

  package func makeDecoder() throws(ChunkError) -> any ArrayDecoder {
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

/// Takes elements apart into mask and data, and encodes both.
private final class OptionalEncoder: ArrayEncoder {
  private let codec: OptionalCodec
  private var mask: PartEncoder
  private var data: PartEncoder

  init(_ codec: OptionalCodec) throws(ChunkError) {
    self.codec = codec
    mask = try PartEncoder(codec.mask)
    data = try PartEncoder(codec.data)
  }

  func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    mask.elements.removeAll()
    data.elements.removeAll()
    let presentCount =
      if let byteCount = try codec.elementByteCount(of: chunk) {
        try splitFixed(source, of: chunk, elementByteCount: byteCount)
      } else {
        try splitVariable(source, count: chunk.elementCount)
      }
    let start = output.count
    try output.append(littleEndianUInt64: 0)
    try output.append(littleEndianUInt64: 0)
    try mask.encode(shape: chunk.shape, into: &output)
    let maskByteCount = output.count - start - OptionalCodec.headerByteCount
    if presentCount > 0 {
      try data.encode(shape: [presentCount], into: &output)
    }
    let dataByteCount = output.count - start - OptionalCodec.headerByteCount - maskByteCount
    output.overwrite(littleEndianUInt64: UInt64(maskByteCount), at: start)
    output.overwrite(littleEndianUInt64: UInt64(dataByteCount), at: start + 8)
  }

  /// Takes elements of one size apart, and returns how many of them are there.
  private func splitFixed(
    _ source: RawSpan, of chunk: ChunkRepresentation, elementByteCount: Int
  ) throws(ChunkError) -> Int {
    let byteCount = try chunk.byteCount(ofElements: elementByteCount, codec: OptionalCodec.name)
    try source.checkByteCount(byteCount, codec: OptionalCodec.name)
    try mask.elements.reserve(chunk.elementCount)
    try data.elements.reserve(byteCount - chunk.elementCount)
    var presentCount = 0
    for start in stride(from: 0, to: byteCount, by: elementByteCount)
    where try appendMask(of: source.byte(at: start)) {
      presentCount += 1
      try data.elements.append(copying: source.extracting(start + 1..<start + elementByteCount))
    }
    return presentCount
  }

  /// Takes elements in wire form apart, and returns how many of them are there.
  private func splitVariable(_ source: RawSpan, count: Int) throws(ChunkError) -> Int {
    var elements = try WireFormReader(source, expectedCount: count, codec: OptionalCodec.name)
    try mask.elements.reserve(count)
    try data.elements.reserve(source.byteCount)
    try data.elements.append(littleEndian: 0)
    var presentCount = 0
    while let element = try elements.next() {
      guard !element.isEmpty else {
        throw .unencodable(
          codec: OptionalCodec.name, reason: "element \(elements.index - 1) does not say whether it is there")
      }
      guard try appendMask(of: element.byte(at: 0)) else { continue }
      try data.elements.appendElement(
        element.extracting(1..<element.byteCount), index: presentCount,
        maximumElementByteCount: WireForm.maximumElementByteCount)
      presentCount += 1
    }
    data.elements.overwrite(littleEndian: UInt32(presentCount), at: 0)
    if codec.data.elementsAreText { try Self.validateText(data.elements, count: presentCount) }
    return presentCount
  }

  private static func validateText(_ chunk: borrowing ByteArena, count: Int) throws(ChunkError) {
    try VlenUTF8Codec.validate(
      chunk.bytes.extracting(WireForm.headerByteCount..<chunk.count), count: count)
  }

  /// Appends the mask of an element, and returns whether it is there.
  private func appendMask(of byte: UInt8) throws(ChunkError) -> Bool {
    guard byte <= 1 else {
      throw .unencodable(
        codec: OptionalCodec.name, reason: "element \(mask.elements.count) has a mask of \(byte), not 0 or 1")
    }
    try mask.elements.append(addingCapacity: 1) { output throws(ChunkError) in output.append(byte) }
    return byte == 1
  }
}

/// Decodes mask and data, and puts elements together.
private final class OptionalDecoder: ArrayDecoder {
  private let codec: OptionalCodec
  private var mask: PartDecoder
  private var data: PartDecoder

  init(_ codec: OptionalCodec) throws(ChunkError) {
    self.codec = codec
    mask = try PartDecoder(codec.mask)
    data = try PartDecoder(codec.data)
  }

  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let elementByteCount = try codec.elementByteCount(of: chunk)
    try checkDecodedByteCount(
      chunk.byteCount ?? chunk.elementCount, limit: limit, codec: OptionalCodec.name)
    let parts = try parts(of: source)
    try mask.decode(source.extracting(parts.mask), shape: chunk.shape, limit: limit)
    let presentCount = try Self.countPresent(mask.elements)
    data.elements.removeAll()
    // Without elements the data has not gone through the codecs, some of which make bytes of nothing.
    let hasData = presentCount > 0 || !parts.data.isEmpty
    if hasData {
      try data.decode(source.extracting(parts.data), shape: [presentCount], limit: limit)
    } else if elementByteCount == nil {
      try data.elements.append(littleEndian: 0)
    }
    if let elementByteCount {
      try Self.joinFixed(mask.elements, data.elements, elementByteCount: elementByteCount, into: &output)
    } else {
      try Self.joinVariable(
        mask.elements, data.elements, presentCount: presentCount, codec: codec.data.elementCodecName,
        into: &output, limit: limit)
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
      // Finds bytes after the last element.
      _ = try elements.next()
    }
  }
}
