import ChunkEngine

/// Elements of another array that have to be JSON, each of which is checked when it is written.
struct CheckedJSON: BlobSource {
  private let elements: BlobView

  /// The limits on what comes from others are those on documents of the element's own size.
  private static let parser = JSONParser(
    maximumDepth: JSONParser.depths.upperBound, maximumByteCount: Int.max)

  /// Takes elements that are not checked yet.
  init(_ elements: BlobView) {
    self.elements = elements
  }

  var count: Int { elements.count }

  func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    try elements.byteCount(of: range)
  }

  func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    for index in range {
      do {
        _ = try Self.parser.parse(elements.bytes(at: index))
      } catch {
        throw .sourceFailed(reason: "an element is not JSON: \(error.description)")
      }
    }
    try elements.write(range, to: &writer)
  }
}
