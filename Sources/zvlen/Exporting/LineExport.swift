import ChunkEngine
import Zarr
import ZarrPlatform

/// Writes the elements of an array as lines, in C order.
struct LineExport {
  let array: ZarrArray

  /// What ends a line.
  let terminator: UInt8

  /// Whether lines are read as they come, so that those after an element with the terminator in it are wanted
  /// too; such an element is then written in its raw form.
  let isStream: Bool

  /// Writes all elements, each with the terminator behind it.
  ///
  /// Bytes, text and JSON are written as they are, but for JSON that is laid out in several lines, which is
  /// written in one, and the zeros that fill up text and bytes of a fixed width, which are left out. Elements
  /// of other types are JSON values too, since their bytes mean nothing to others.
  ///
  /// - Parameters:
  ///   - output: Where the lines go; those in front of an error are written.
  ///   - raw: Is told of elements that are none of their data type, whose bytes are written.
  /// - Throws: ``ToolError`` if the terminator is part of an element, unless lines are read as they come.
  func run(to output: OutputStream, raw: inout RawElements) throws {
    guard array.dataType.isPadded || [.bytes, .string, .json].contains(array.dataType) else {
      return try array.writeLines(
        of: 0..<array.count, as: .element, terminator: terminator, to: output, raw: &raw)
    }
    let progress = ProgressLine("exporting", totalCount: array.count)
    defer { progress.clear() }
    let dataType = array.dataType
    var text: [UInt8] = []
    try output.flushing {
      try array.forEachBlock(monitor: Interruption.monitor) { block in
        let blobs = block.elements.blobs
        var byteCount = 0
        for index in block.elements.indices {
          let number = block.offset + index
          if dataType.isPadded {
            text.removeAll(keepingCapacity: true)
            do throws(ElementError) {
              try dataType.appendUnpadded(blobs[index], to: &text)
            } catch {
              progress.clear()
              raw.add("element \(number)", "\(error)")
              text.removeAll(keepingCapacity: true)
              ElementText.appendRaw(blobs[index], to: &text)
            }
            // SAFETY: Bytes have no padding.
            try write(unsafe text.span.bytes, number, to: output, raw: &raw)
          } else {
            try write(blobs[index], number, to: output, raw: &raw)
          }
          byteCount += blobs[index].byteCount
        }
        progress.add(block.elements.count, byteCount: byteCount)
      }
    }
  }

  /// Writes an element and the terminator.
  private func write(
    _ element: RawSpan, _ number: Int, to output: OutputStream, raw: inout RawElements
  ) throws {
    if !contains(terminator, element) {
      try output.write(element)
    } else if array.dataType == .json {
      // In one line there is neither a line feed nor a NUL byte.
      try output.write { buffer in
        let start = buffer.count
        do throws(JSONError) {
          try Self.parser.appendCompact(element, to: &buffer)
        } catch {
          buffer.removeSubrange(start...)
          raw.add("element \(number)", "is not JSON: \(error.message) (byte \(error.byteOffset))")
          ElementText.appendRaw(element, to: &buffer)
        }
      }
    } else if isStream {
      raw.add("element \(number)", "has a \(terminatorAdvice)")
      try output.write { ElementText.appendRaw(element, to: &$0) }
    } else {
      throw ToolError("\(array.location): element \(number) has a \(terminatorAdvice)")
    }
    try output.write { buffer in buffer.append(terminator) }
  }

  private static let parser = JSONParser(
    maximumDepth: JSONParser.depths.upperBound, maximumByteCount: Int(UInt32.max))

  private func contains(_ byte: UInt8, _ element: RawSpan) -> Bool {
    unsafe element.withUnsafeBytes { element in
      // SAFETY: The system looks at the bytes of the element only.
      unsafe element.baseAddress.map { unsafe memchr($0, Int32(byte), element.count) != nil } ?? false
    }
  }

  private var terminatorAdvice: String {
    terminator == 0
      ? "NUL byte in it; use zvlen dump or zvlen cat"
      : "line feed in it; use --null, which ends elements with a NUL byte, or zvlen dump, which writes JSON"
  }
}
