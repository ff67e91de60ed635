/// Stores the bytes of all elements back to back, and where each begins in an index beside them.
///
///     start    ┌ u64 indexByteCount ┬ index ┬ data
///     end      ┌ data ┬ index ┬ u64 indexByteCount
///
/// The index is one offset more than there are elements, the last one being the size of the data. Index and
/// data have codecs of their own; data of no bytes is not encoded. See
/// [zarrs.vlen](https://docs.rs/zarrs/latest/zarrs/array/codec/array_to_bytes/vlen/index.html), which is
/// experimental.
package struct VlenCodec: ArrayToBytesCodec {
  package static var name: String { "zarrs.vlen" }

  /// The numbers that offsets are, named as in metadata.
  package enum OffsetType: String, Hashable, Sendable, CaseIterable {
    /// Numbers of four bytes.
    case uint32
    /// Numbers of eight bytes.
    case uint64

    /// The bytes of an offset.
    package var byteCount: Int { self == .uint32 ? 4 : 8 }

    /// The offset at a position of many.
    func offset(_ index: Int, in offsets: RawSpan) -> UInt64 {
      switch self {
      case .uint32: UInt64(offsets.littleEndianUInt32(at: index * 4))
      case .uint64: offsets.littleEndianUInt64(at: index * 8)
      }
    }
  }

  /// The bytes of the size of the index.
  static let lengthByteCount = 8

  /// The codecs of the bytes of all elements, which are a chunk of one dimension.
  package let data: CodecChain

  /// The codecs of the offsets, which are a chunk of one dimension.
  package let index: CodecChain

  /// The numbers that offsets are.
  package let offsetType: OffsetType

  /// Where the index is.
  package let indexLocation: StoredLocation

  /// Creates a codec.
  ///
  /// - Precondition: `data` takes elements of one byte, and `index` those of `offsetType`.
  package init(data: CodecChain, index: CodecChain, offsetType: OffsetType, indexLocation: StoredLocation) {
    precondition(data.layout == .fixed(byteCount: 1), "the data are bytes")
    precondition(index.layout == .fixed(byteCount: offsetType.byteCount), "the index are offsets")
    self.data = data
    self.index = index
    self.offsetType = offsetType
    self.indexLocation = indexLocation
  }

  package func makeEncoder() throws(ChunkError) -> any ArrayEncoder {
    try VlenEncoder(self)
  }

  package func makeDecoder() throws(ChunkError) -> any ArrayDecoder {
    try VlenDecoder(self)
  }
}

/// Lays out elements of any bytes in ``WireForm``, as ``VlenBytesCodec`` does, whatever the data type.
///
/// See [zarrs.vlen_v2](https://docs.rs/zarrs/latest/zarrs/array/codec/array_to_bytes/vlen_v2/index.html). The
/// codec has no settings.
package struct VlenV2Codec: WireFormCodec, Hashable {
  package static var name: String { "zarrs.vlen_v2" }

  /// Creates the codec.
  package init() {}
}

/// Takes elements apart into index and data, and encodes both.
private final class VlenEncoder: ArrayEncoder {
  private let codec: VlenCodec
  private var data: PartEncoder
  private var offsets: PartEncoder

  init(_ codec: VlenCodec) throws(ChunkError) {
    self.codec = codec
    data = try PartEncoder(codec.data)
    offsets = try PartEncoder(codec.index)
  }

  func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    try split(source, count: chunk.elementCount)
    let start = output.count
    switch codec.indexLocation {
    case .start:
      try output.append(littleEndianUInt64: 0)
      let byteCount = try appendIndex(count: chunk.elementCount, to: &output)
      output.overwrite(littleEndianUInt64: UInt64(byteCount), at: start)
      try appendData(to: &output)
    case .end:
      try appendData(to: &output)
      let byteCount = try appendIndex(count: chunk.elementCount, to: &output)
      try output.append(littleEndianUInt64: UInt64(byteCount))
    }
  }

  /// Appends the encoded index and returns how many bytes it has.
  private func appendIndex(count: Int, to output: inout ByteArena) throws(ChunkError) -> Int {
    let before = output.count
    try offsets.encode(shape: [count + 1], into: &output)
    return output.count - before
  }

  private func appendData(to output: inout ByteArena) throws(ChunkError) {
    guard data.elements.count > 0 else { return }
    try data.encode(shape: [data.elements.count], into: &output)
  }

  /// Puts the bytes of the elements back to back, and where they begin into the offsets.
  private func split(_ source: RawSpan, count: Int) throws(ChunkError) {
    let payloadByteCount = try WireForm.payloadByteCount(
      of: source, expectedCount: count, codec: VlenCodec.name)
    if codec.offsetType == .uint32, payloadByteCount > Int(UInt32.max) {
      throw .unencodable(
        codec: VlenCodec.name, reason: "\(payloadByteCount) bytes are too many for offsets of 32 bits")
    }
    data.elements.removeAll()
    try data.elements.reserve(payloadByteCount)
    offsets.elements.removeAll()
    try offsets.elements.reserve((count + 1) * codec.offsetType.byteCount)
    var elements = try WireFormReader(source, expectedCount: count, codec: VlenCodec.name)
    try appendOffset()
    while let element = try elements.next() {
      try data.elements.append(copying: element)
      try appendOffset()
    }
  }

  private func appendOffset() throws(ChunkError) {
    let offset = data.elements.count
    switch codec.offsetType {
    case .uint32: try offsets.elements.append(littleEndian: UInt32(truncatingIfNeeded: offset))
    case .uint64: try offsets.elements.append(littleEndianUInt64: UInt64(offset))
    }
  }
}

/// Decodes index and data, and puts elements together.
private final class VlenDecoder: ArrayDecoder {
  private let codec: VlenCodec
  private var data: PartDecoder
  private var offsets: PartDecoder

  init(_ codec: VlenCodec) throws(ChunkError) {
    self.codec = codec
    data = try PartDecoder(codec.data)
    offsets = try PartDecoder(codec.index)
  }

  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let count = chunk.elementCount
    guard count <= WireForm.maximumElementCount else { throw .tooManyElements(count: count) }
    let parts = try parts(of: source)

    try checkDecodedByteCount(
      (count + 1) * codec.offsetType.byteCount, limit: limit, codec: VlenCodec.name)
    try offsets.decode(source.extracting(parts.index), shape: [count + 1], limit: limit)
    let range = try Self.dataRange(offsets.elements, codec.offsetType, count: count, limit: limit)

    let byteCount = try WireForm.elementsByteCount(count: count, payloadByteCount: range.count)
    try checkDecodedByteCount(WireForm.headerByteCount + byteCount, limit: limit, codec: VlenCodec.name)
    data.elements.removeAll()
    // Data of no bytes has not gone through the codecs, some of which make bytes of it.
    if range.upperBound > 0 || !parts.data.isEmpty {
      try data.decode(source.extracting(parts.data), shape: [range.upperBound], limit: limit)
    }
    try output.reserve(WireForm.headerByteCount + byteCount)
    try output.append(littleEndian: UInt32(count))
    try Self.appendElements(
      data.elements, offsets.elements, codec.offsetType, count: count, byteCount: byteCount, to: &output)
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

/// A part of a chunk that has codecs of its own, on its way to the stored bytes.
struct PartEncoder: ~Copyable {
  /// The elements of the part, laid out as its chain takes them.
  var elements = ByteArena()
  private let encoder: ChainEncoder

  init(_ chain: CodecChain) throws(ChunkError) {
    encoder = try ChainEncoder(chain)
  }

  /// Appends the encoded form of the part to `output`.
  func encode(shape: [Int], into output: inout ByteArena) throws(ChunkError) {
    try encoder.encode(elements.bytes, shape: shape, into: &output)
  }
}

/// A part of a chunk that has codecs of its own, on its way back.
struct PartDecoder: ~Copyable {
  /// The elements of the part, laid out as its chain gives them.
  var elements = ByteArena()
  private let decoder: ChainDecoder

  init(_ chain: CodecChain) throws(ChunkError) {
    decoder = try ChainDecoder(chain)
  }

  /// Replaces the elements by what `source` decodes to.
  mutating func decode(_ source: RawSpan, shape: [Int], limit: Int) throws(ChunkError) {
    elements.removeAll()
    try decoder.decode(source, shape: shape, into: &elements, limit: limit)
  }
}
