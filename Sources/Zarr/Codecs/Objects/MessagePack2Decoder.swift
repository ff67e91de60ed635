import ChunkEngine

/// Reads chunks that `msgpack2` stored.
final class MessagePack2Decoder: ArrayDecoder {
  private let codec: MessagePack2Codec

  /// The text of one element, before it goes to the chunk.
  private var text: [UInt8] = []

  init(_ codec: MessagePack2Codec) {
    self.codec = codec
  }

  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    // Each element has a byte at least.
    guard chunk.elementCount <= min(source.byteCount, WireForm.maximumElementCount) else {
      throw MessagePack2Codec.malformed(
        "\(source.byteCount) bytes are too few for \(chunk.elementCount) elements")
    }
    var reader = MessagePackReader(source, isRaw: codec.isRaw, limit: limit)
    let rows = NestedRows(chunk.shape)
    try output.append(littleEndian: UInt32(truncatingIfNeeded: chunk.elementCount))
    try expectArray(of: (chunk.shape.first ?? 1) + 2, with: &reader)
    for index in 0..<chunk.elementCount {
      for axis in rows.depth - rows.rowsBeginning(at: index)..<rows.depth {
        try expectArray(of: chunk.shape[axis], with: &reader)
      }
      text.removeAll(keepingCapacity: true)
      try reader.appendValue(depth: rows.depth, to: &text)
      try output.appendDecoded(text, index: index, limit: limit, codec: MessagePack2Codec.name)
    }
    try expectDataType(with: &reader)
    try expectArray(of: chunk.shape.count, with: &reader)
    for length in chunk.shape {
      text.removeAll(keepingCapacity: true)
      try reader.appendValue(depth: 2, to: &text)
      guard text == Array(String(length).utf8) else {
        throw MessagePack2Codec.malformed("the chunk has another shape than \(chunk.shape)")
      }
    }
    try reader.finish()
  }

  private func expectArray(of count: Int, with reader: inout MessagePackReader) throws(ChunkError) {
    guard let found = try reader.arrayCount() else {
      throw MessagePack2Codec.malformed("expected an array of \(count), found something else")
    }
    guard found == count else {
      throw MessagePack2Codec.malformed("expected an array of \(count), found one of \(found)")
    }
  }

  private func expectDataType(with reader: inout MessagePackReader) throws(ChunkError) {
    text.removeAll(keepingCapacity: true)
    try reader.appendValue(depth: 1, to: &text)
    guard text.first == UInt8(ascii: "\"") || text.first == UInt8(ascii: "{") else {
      throw MessagePack2Codec.malformed("expected a data type behind the last element")
    }
  }
}
