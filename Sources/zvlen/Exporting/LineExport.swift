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
  /// Bytes, text and JSON are written as they are, but for JSON that is laid out in several lines, which is
  /// written in one. Elements of other types are JSON values too, since their bytes mean nothing to others.
  ///
  /// - Throws: ``ToolError`` if the terminator is part of an element.
  func run(to output: OutputStream) throws {
    guard [.bytes, .string, .json].contains(array.dataType) else {
      return try array.writeLines(
        of: 0..<array.count, as: .element, terminator: terminator, to: output, path: array.location)
    }
    let progress = ProgressLine("exporting", totalCount: array.count)
    defer { progress.clear() }
    let isJSON = array.dataType == .json
    try array.forEachBlock(monitor: Interruption.monitor) { block in
      let blobs = block.elements.blobs
      var byteCount = 0
      for index in block.elements.indices {
        let element = blobs[index]
        if contains(terminator, element) {
          guard isJSON else { throw hasTerminator(block.offset + index) }
          try output.write { buffer in try appendCompact(element, block.offset + index, to: &buffer) }
        } else {
          try output.write(element)
        }
        try output.write { buffer in buffer.append(terminator) }
        byteCount += element.byteCount
      }
      progress.add(block.elements.count, byteCount: byteCount)
    }
    try output.flush()
  }

  /// Appends JSON in one line, in which there is neither a line feed nor a NUL byte.
  private func appendCompact(_ element: RawSpan, _ index: Int, to buffer: inout [UInt8]) throws {
    let parser = JSONParser(
      maximumDepth: JSONValue.maximumElementDepth, maximumByteCount: Int(UInt32.max))
    do throws(JSONError) {
      try parser.appendCompact(element, to: &buffer)
    } catch {
      throw ToolError("\(array.location): element \(index) is not JSON: \(error)")
    }
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
