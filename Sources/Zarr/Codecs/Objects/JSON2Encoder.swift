import ChunkEngine

/// Writes chunks of JSON values as `json2` stores them.
///
///     shape 2, 2     [ [ e₀ , e₁ ] , [ e₂ , e₃ ] , "|O" , [ 2 , 2 ] ]
final class JSON2Encoder: ArrayEncoder {
  private let spelling: JSONSpelling

  /// The text of one element with the brackets in front, before it goes to the chunk.
  private var text: [UInt8] = []

  init(_ spelling: JSONSpelling) {
    self.spelling = spelling
  }

  func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    var elements = try WireFormReader(source, expectedCount: chunk.elementCount, codec: JSON2Codec.name)
    let rows = NestedRows(chunk.shape)
    text.removeAll(keepingCapacity: true)
    spelling.appendOpening("[", level: 1, to: &text)
    while let element = try elements.next() {
      let index = elements.index - 1
      let rowCount = rows.rowsBeginning(at: index)
      if index > 0 {
        close(rowCount, of: rows)
        spelling.appendSeparator(level: rows.depth - rowCount, to: &text)
      }
      for level in rows.depth - rowCount + 1..<rows.depth + 1 {
        spelling.appendOpening("[", level: level, to: &text)
      }
      try append(element, index: index, depth: rows.depth)
      try flush(to: &output)
    }
    close(rows.depth - 1, of: rows)
    spelling.appendSeparator(level: 1, to: &text)
    text.append(contentsOf: "\"|O\"".utf8)
    spelling.appendSeparator(level: 1, to: &text)
    spelling.appendIntegers(chunk.shape, level: 2, to: &text)
    spelling.appendClosing("]", level: 0, to: &text)
    try flush(to: &output)
  }

  /// Closes the innermost `count` lists.
  private func close(_ count: Int, of rows: NestedRows) {
    for closed in 0..<count {
      spelling.appendClosing("]", level: rows.depth - 1 - closed, to: &text)
    }
  }

  private func append(_ element: RawSpan, index: Int, depth: Int) throws(ChunkError) {
    guard element.isWellFormedText else { throw .invalidUTF8(index: index) }
    var scanner = JSONScanner(element.octets, maximumDepth: JSON2Codec.maximumDepth)
    do throws(JSONError) {
      try scanner.spell(as: spelling, depth: depth, level: depth, to: &text)
      guard scanner.nextToken() == nil else { throw scanner.unexpected("the end of the element") }
    } catch {
      throw .unencodable(codec: JSON2Codec.name, reason: "element \(index) is not JSON: \(error)")
    }
  }

  private func flush(to output: inout ByteArena) throws(ChunkError) {
    try output.append(text)
    text.removeAll(keepingCapacity: true)
  }
}
