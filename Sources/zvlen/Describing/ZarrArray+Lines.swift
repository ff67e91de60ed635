import ChunkEngine
import Zarr

extension ZarrArray {
  /// Writes elements as JSON, one a line, in C order.
  ///
  /// - Parameters:
  ///   - elements: The elements, counted in C order.
  ///   - form: How they are written.
  ///   - terminator: What ends a line.
  ///   - output: Where they go.
  ///   - path: The path of the array, for errors.
  /// - Throws: What reading throws, and ``ToolError`` for an element that is none of its data type.
  func writeLines(
    of elements: Range<Int>, as form: ElementText.Form, terminator: UInt8 = UInt8(ascii: "\n"),
    to output: OutputStream, path: String
  ) throws {
    let text = ElementText(dataType, form)
    let progress = ProgressLine("writing", totalCount: elements.count)
    defer { progress.clear() }
    try forEachBlock(of: elements, monitor: Interruption.monitor) { block in
      let blobs = block.elements.blobs
      for index in block.elements.indices {
        try output.write { buffer in
          do {
            try text.append(blobs[index], to: &buffer)
          } catch {
            let reason = (error as? MetadataError).map { ": \($0.message)" } ?? " \(error)"
            throw ToolError(
              "\(path): element \(block.offset + index)\(reason); zvlen cat writes it as it is")
          }
          buffer.append(terminator)
        }
      }
      progress.add(block.elements.count, byteCount: try block.elements.byteCount(of: block.elements.indices))
    }
    try output.flush()
  }
}
