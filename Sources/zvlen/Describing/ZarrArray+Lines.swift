import ArgumentParser
import ChunkEngine
import Zarr

/// The elements that a command has written in their raw form, because they are none of their data type.
///
/// Each is a line on standard error, and the exit code is 1.
struct RawElements {
  private let path: String
  private var count = 0

  /// Watches over the elements of the array at a path.
  init(of path: String) {
    self.path = path
  }

  /// Says that the bytes of an element were written, why, and how.
  mutating func add(_ element: String, _ reason: String, as form: String = "base64") {
    count += 1
    StandardError.write(
      "zvlen: \(OneLine("\(path): \(element) \(reason)")); its bytes are written as \(form)\n")
  }

  /// Ends the command.
  ///
  /// - Throws: `ExitCode.failure` if there are any.
  func finish() throws {
    if count > 0 { throw ExitCode.failure }
  }
}

extension ZarrArray {
  /// Writes elements as JSON, one a line, in C order.
  ///
  /// What was read in front of an element or chunk that cannot be is written, also if this throws.
  ///
  /// - Parameters:
  ///   - elements: The elements, counted in C order.
  ///   - form: How they are written.
  ///   - terminator: What ends a line.
  ///   - output: Where they go.
  ///   - raw: Is told of elements that are none of their data type, whose bytes are written.
  /// - Throws: What reading and writing throw.
  func writeLines(
    of elements: Range<Int>, as form: ElementText.Form, terminator: UInt8 = UInt8(ascii: "\n"),
    to output: OutputStream, raw: inout RawElements
  ) throws {
    let text = ElementText(dataType, form)
    let progress = ProgressLine("writing", totalCount: elements.count)
    defer { progress.clear() }
    try output.flushing {
      try forEachBlock(of: elements, monitor: Interruption.monitor) { block in
        let blobs = block.elements.blobs
        for index in block.elements.indices {
          try output.write { buffer in
            if let problem = text.append(blobs[index], to: &buffer) {
              progress.clear()
              raw.add("element \(block.offset + index)", problem)
            }
            buffer.append(terminator)
          }
        }
        progress.add(
          block.elements.count, byteCount: try block.elements.byteCount(of: block.elements.indices))
      }
    }
  }
}
