import ChunkEngine

#if _endian(big)
#error("numbers lie in memory as they are stored, which is little-endian")
#endif

/// Numbers to be written, as they lie in memory.
struct PackedElements<Element: PackedElement>: BlobSource {
  private let elements: [Element]

  init(_ elements: [Element]) {
    self.elements = elements
  }

  var count: Int { elements.count }

  func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    range.count * MemoryLayout<Element>.size
  }

  func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    // SAFETY: Numbers have no padding.
    let bytes = unsafe elements.span.extracting(range).bytes
    try writer.append(packed: bytes, elementByteCount: MemoryLayout<Element>.size)
  }
}
