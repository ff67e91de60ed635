import ChunkEngine

/// Writes chunks of JSON values as `msgpack2` stores them.
final class MessagePack2Encoder: ArrayEncoder {
  private let parser = JSONParser(
    maximumDepth: MessagePack2Codec.maximumDepth, maximumByteCount: WireForm.maximumElementByteCount)
  private var writer: MessagePackWriter

  init(_ codec: MessagePack2Codec) {
    writer = MessagePackWriter(
      usesSingleFloats: codec.usesSingleFloats, tellsBytesFromText: codec.tellsBytesFromText)
  }

  func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    var elements = try WireFormReader(
      source, expectedCount: chunk.elementCount, codec: MessagePack2Codec.name)
    let rows = NestedRows(chunk.shape)
    writer.bytes.removeAll(keepingCapacity: true)
    // The outermost list has the data type and the shape too.
    try writer.beginArray(count: (chunk.shape.first ?? 1) + 2)
    while let element = try elements.next() {
      let index = elements.index - 1
      for axis in rows.depth - rows.rowsBeginning(at: index)..<rows.depth {
        try writer.beginArray(count: chunk.shape[axis])
      }
      try append(element, index: index)
      try flush(to: &output)
    }
    try writer.append("|O")
    try writer.beginArray(count: chunk.shape.count)
    for length in chunk.shape {
      writer.append(UInt64(length.magnitude))
    }
    try flush(to: &output)
  }

  private func append(_ element: RawSpan, index: Int) throws(ChunkError) {
    let value: JSONValue
    do throws(JSONError) {
      value = try parser.parse(element.octets)
    } catch {
      throw .unencodable(codec: MessagePack2Codec.name, reason: "element \(index) is not JSON: \(error)")
    }
    do throws(ChunkError) {
      try writer.append(value)
    } catch {
      guard case .unencodable(let codec, let reason) = error else { throw error }
      throw .unencodable(codec: codec, reason: "element \(index): \(reason)")
    }
  }

  private func flush(to output: inout ByteArena) throws(ChunkError) {
    try output.append(writer.bytes)
    writer.bytes.removeAll(keepingCapacity: true)
  }
}
