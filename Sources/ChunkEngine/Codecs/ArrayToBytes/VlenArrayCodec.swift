/// Lays out arrays of one dimension and any length in ``WireForm``, each as its items back to back.
///
///     ┌ u32 count ┬ u32 byteCount₀ ┬ item₀₀ ┬ item₀₁ ┬ … ┬ u32 byteCount₁ ┬ …
///
/// See [numcodecs.vlen-array](https://numcodecs.readthedocs.io/en/stable/other/vlen.html#vlenarray). Lengths
/// are in bytes. numcodecs keeps the type of the items in the codec and zarrs in the data type; zarrs takes
/// the codec for elements of any type.
package struct VlenArrayCodec: WireFormCodec, Hashable {
  package static var name: String { "numcodecs.vlen-array" }

  /// How items are stored whose bytes are reversed, or nil if items are stored as they lie in memory.
  package let items: BytesCodec?

  /// The bytes of an item that is reversed.
  private let itemByteCount: Int

  /// Creates the codec.
  ///
  /// - Parameter items: How items are stored, or nil if they are stored as they lie in memory.
  /// - Precondition: Items have at least one byte.
  package init(items: BytesCodec? = nil) {
    itemByteCount = items?.elementByteCount ?? 1
    precondition(itemByteCount > 0, "an item has at least one byte")
    self.items = items.flatMap { $0.isIdentity ? nil : $0 }
  }

  package var isIdentity: Bool { items == nil }

  package func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    guard let items else { return try output.append(copying: source) }
    try convert(source, of: chunk, into: &output, with: items) { reason in
      .unencodable(codec: Self.name, reason: reason)
    }
  }

  package func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try checkDecodedByteCount(source.byteCount, limit: limit, codec: Self.name)
    guard let items else { return try output.append(copying: source) }
    try convert(source, of: chunk, into: &output, with: items) { reason in
      .malformed(codec: Self.name, reason: reason)
    }
  }

  /// Encodes and decodes: reversing twice restores the bytes.
  private func convert(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, with items: BytesCodec,
    error: (String) -> ChunkError
  ) throws(ChunkError) {
    var elements = try WireFormReader(source, expectedCount: chunk.elementCount, codec: Self.name)
    try output.reserve(source.byteCount)
    try output.append(littleEndian: UInt32(elements.count))
    let layout = ElementLayout.fixed(byteCount: itemByteCount)
    while let element = try elements.next() {
      guard element.byteCount.isMultiple(of: itemByteCount) else {
        throw error(
          "the \(element.byteCount) bytes of element \(elements.index - 1) are no whole number of items of "
            + "\(itemByteCount)")
      }
      try output.append(littleEndian: UInt32(element.byteCount))
      let count = element.byteCount / itemByteCount
      try items.encode(element, of: ChunkRepresentation(shape: [count], layout: layout), into: &output)
    }
  }
}
