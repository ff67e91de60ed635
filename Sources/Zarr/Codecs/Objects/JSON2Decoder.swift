import ChunkEngine

/// Reads chunks that `json2` stored.
final class JSON2Decoder: ArrayDecoder {
  /// The text of one element, before it goes to the chunk.
  private var text: [UInt8] = []

  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    guard source.isWellFormedText else { throw JSON2Codec.malformed("the text is not UTF-8") }
    // Each element has a character at least, and a comma or a bracket behind it.
    guard chunk.elementCount <= min(source.byteCount / 2, WireForm.maximumElementCount) else {
      throw JSON2Codec.malformed(
        "\(source.byteCount) bytes are too few for \(chunk.elementCount) elements")
    }
    let start = output.count
    do throws(ChunkError) {
      try decode(source, chunk.shape, of: chunk, into: &output, limit: limit)
    } catch {
      // zarrita stores the elements of all axes in one list.
      guard chunk.shape.count > 1 else { throw error }
      output.truncate(to: start)
      do throws(ChunkError) {
        try decode(source, [chunk.elementCount], of: chunk, into: &output, limit: limit)
      } catch _ {
        throw error
      }
    }
  }

  /// Decodes a chunk whose lists have the lengths `lists`.
  private func decode(
    _ source: RawSpan, _ lists: [Int], of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    var reader = JSON2Reader(source, limit: limit)
    try output.append(littleEndian: UInt32(truncatingIfNeeded: chunk.elementCount))
    try reader.open()
    if lists.isEmpty {
      try reader.element(depth: 1, text: &text, into: &output)
    } else {
      try reader.items(lists[...], depth: 1, text: &text, into: &output)
    }
    try reader.comma()
    try reader.dataType()
    try reader.comma()
    try reader.shape(chunk.shape, text: &text)
    try reader.close()
  }
}
