import ChunkEngine
import Glibc
import Zarr

/// Writes the elements of an array as lines, in C order.
struct LineExport {
  let array: ZarrArray

  /// What ends a line.
  let terminator: UInt8

  /// Writes all elements, each with the terminator behind it.
  ///
  /// - Throws: ``ToolError`` if the terminator is part of an element.
  func run(to output: OutputStream) throws {
    let progress = ProgressLine("exporting", totalCount: array.count)
    defer { progress.clear() }
    try array.forEachBlock(monitor: Interruption.monitor) { block in
      let blobs = block.elements.blobs
      var byteCount = 0
      for index in block.elements.indices {
        let element = blobs[index]
        guard !contains(terminator, element) else { throw hasTerminator(block.offset + index) }
        try output.write(element)
        try output.write { buffer in buffer.append(terminator) }
        byteCount += element.byteCount
      }
      progress.add(block.elements.count, byteCount: byteCount)
    }
    try output.flush()
  }

  private func contains(_ byte: UInt8, _ element: RawSpan) -> Bool {
    unsafe element.withUnsafeBytes { element in
      // SAFETY: The system looks at the bytes of the element only.
      unsafe element.baseAddress.map { unsafe memchr($0, Int32(byte), element.count) != nil } ?? false
    }
  }

  private func hasTerminator(_ index: Int) -> ToolError {
    terminator == 0
      ? ToolError("\(array.location): element \(index) has a NUL byte in it; use zvlen dump or zvlen cat")
      : ToolError(
        "\(array.location): element \(index) has a line feed in it; use --null, which ends elements with a "
          + "NUL byte, or zvlen dump, which writes JSON")
  }
}
