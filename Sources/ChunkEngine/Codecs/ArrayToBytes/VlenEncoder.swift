/// The encoders of index and data of ``VlenCodec``, with the arenas in front of them.
final class VlenEncoder: ArrayEncoder {
  private let codec: VlenCodec
  private let dataEncoder: ChainEncoder
  private let indexEncoder: ChainEncoder
  private var data = ByteArena()
  private var offsets = ByteArena()

  init(_ codec: VlenCodec) throws(ChunkError) {
    self.codec = codec
    dataEncoder = try ChainEncoder(codec.data)
    indexEncoder = try ChainEncoder(codec.index)
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
    try Self.append(offsets, count: count + 1, with: indexEncoder, to: &output)
    return output.count - before
  }

  private func appendData(to output: inout ByteArena) throws(ChunkError) {
    guard data.count > 0 else { return }
    try Self.append(data, count: data.count, with: dataEncoder, to: &output)
  }

  private static func append(
    _ chunk: borrowing ByteArena, count: Int, with encoder: ChainEncoder, to output: inout ByteArena
  ) throws(ChunkError) {
    try encoder.encode(chunk.bytes, shape: [count], into: &output)
  }

  /// Puts the bytes of the elements back to back, and where they begin into the offsets.
  private func split(_ source: RawSpan, count: Int) throws(ChunkError) {
    let payloadByteCount = try WireForm.payloadByteCount(
      of: source, expectedCount: count, codec: VlenCodec.name)
    if codec.offsetType == .uint32, payloadByteCount > Int(UInt32.max) {
      throw .unencodable(
        codec: VlenCodec.name, reason: "\(payloadByteCount) bytes are too many for offsets of 32 bits")
    }
    data.removeAll()
    try data.reserve(payloadByteCount)
    offsets.removeAll()
    try offsets.reserve((count + 1) * codec.offsetType.byteCount)
    var elements = try WireFormReader(source, expectedCount: count, codec: VlenCodec.name)
    try appendOffset()
    while let element = try elements.next() {
      try data.append(copying: element)
      try appendOffset()
    }
  }

  private func appendOffset() throws(ChunkError) {
    switch codec.offsetType {
    case .uint32: try offsets.append(littleEndian: UInt32(truncatingIfNeeded: data.count))
    case .uint64: try offsets.append(littleEndianUInt64: UInt64(data.count))
    }
  }
}
