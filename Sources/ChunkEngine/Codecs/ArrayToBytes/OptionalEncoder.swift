/// The encoders of mask and data of ``OptionalCodec``, with the arenas in front of them.
final class OptionalEncoder: ArrayEncoder {
  private let codec: OptionalCodec
  private let maskEncoder: ChainEncoder
  private let dataEncoder: ChainEncoder
  private var mask = ByteArena()
  private var data = ByteArena()

  init(_ codec: OptionalCodec) throws(ChunkError) {
    self.codec = codec
    maskEncoder = try ChainEncoder(codec.mask)
    dataEncoder = try ChainEncoder(codec.data)
  }

  func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    mask.removeAll()
    data.removeAll()
    let presentCount =
      if let byteCount = try codec.elementByteCount(of: chunk) {
        try splitFixed(source, of: chunk, elementByteCount: byteCount)
      } else {
        try splitVariable(source, count: chunk.elementCount)
      }
    let start = output.count
    try output.append(littleEndianUInt64: 0)
    try output.append(littleEndianUInt64: 0)
    try Self.append(mask, shape: chunk.shape, with: maskEncoder, to: &output)
    let maskByteCount = output.count - start - OptionalCodec.headerByteCount
    if presentCount > 0 {
      try Self.append(data, shape: [presentCount], with: dataEncoder, to: &output)
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
    try mask.reserve(chunk.elementCount)
    try data.reserve(byteCount - chunk.elementCount)
    var presentCount = 0
    for start in stride(from: 0, to: byteCount, by: elementByteCount)
    where try appendMask(of: source.byte(at: start)) {
      presentCount += 1
      try data.append(copying: source.extracting(start + 1..<start + elementByteCount))
    }
    return presentCount
  }

  /// Takes elements in wire form apart, and returns how many of them are there.
  private func splitVariable(_ source: RawSpan, count: Int) throws(ChunkError) -> Int {
    var elements = try WireFormReader(source, expectedCount: count, codec: OptionalCodec.name)
    try mask.reserve(count)
    try data.reserve(source.byteCount)
    try data.append(littleEndian: 0)
    var presentCount = 0
    while let element = try elements.next() {
      guard !element.isEmpty else {
        throw .unencodable(
          codec: OptionalCodec.name, reason: "element \(elements.index - 1) does not say whether it is there")
      }
      guard try appendMask(of: element.byte(at: 0)) else { continue }
      try data.appendElement(
        element.extracting(1..<element.byteCount), index: presentCount,
        maximumElementByteCount: WireForm.maximumElementByteCount)
      presentCount += 1
    }
    data.overwrite(littleEndian: UInt32(presentCount), at: 0)
    if codec.data.elementsAreText { try Self.validateText(data, count: presentCount) }
    return presentCount
  }

  private static func validateText(_ chunk: borrowing ByteArena, count: Int) throws(ChunkError) {
    try VlenUTF8Codec.validate(
      chunk.bytes.extracting(WireForm.headerByteCount..<chunk.count), count: count)
  }

  private static func append(
    _ chunk: borrowing ByteArena, shape: [Int], with encoder: ChainEncoder, to output: inout ByteArena
  ) throws(ChunkError) {
    try encoder.encode(chunk.bytes, shape: shape, into: &output)
  }

  /// Appends the mask of an element, and returns whether it is there.
  private func appendMask(of byte: UInt8) throws(ChunkError) -> Bool {
    guard byte <= 1 else {
      throw .unencodable(
        codec: OptionalCodec.name, reason: "element \(mask.count) has a mask of \(byte), not 0 or 1")
    }
    try mask.append(addingCapacity: 1) { output throws(ChunkError) in output.append(byte) }
    return byte == 1
  }
}
