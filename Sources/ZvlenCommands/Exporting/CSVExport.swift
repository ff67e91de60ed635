import ChunkEngine
import Zarr

/// Writes elements as CSV, as [RFC 4180](https://www.rfc-editor.org/rfc/rfc4180) describes it.
struct CSVExport {
  private let dataType: DataType
  private let shape: [Int]
  private let text: ElementText

  /// The names of columns with the index along each dimension.
  private let indexNames: [String]

  /// Prepares for elements of an array.
  ///
  /// - Parameters:
  ///   - array: The array.
  ///   - indexNames: The names of columns with the index along each dimension, or none for no such columns.
  init(_ array: ZarrArray, indexNames: [String]) {
    (dataType, shape, self.indexNames) = (array.dataType, array.shape, indexNames)
    text = ElementText(dataType, .element)
  }

  /// Writes a line with the names of the columns, and a record for each element.
  ///
  /// - Parameters:
  ///   - elements: The elements, counted in C order.
  ///   - array: The array.
  ///   - output: Where the lines go.
  ///   - raw: Receives the elements that do not fit their data type.
  /// - Throws: What reading and writing throw.
  func run(
    _ elements: Range<Int>, of array: ZarrArray, to output: OutputStream, raw: inout RawElements
  ) throws {
    let progress = ProgressLine("writing", totalCount: elements.count)
    defer { progress.clear() }
    var value: [UInt8] = []
    try output.flushing {
      try output.write { buffer in
        for name in indexNames {
          Self.append(Array(name.utf8), to: &buffer)
          buffer.append(UInt8(ascii: ","))
        }
        buffer.append(contentsOf: "\(ElementText.columnName)\r\n".utf8)
      }
      try array.forEachBlock(of: elements, monitor: Interruption.monitor) { block in
        let blobs = block.elements.blobs
        for index in block.elements.indices {
          let place = block.offset + index
          if let problem = append(blobs[index], to: &value) {
            progress.clear()
            raw.add("element \(place)", problem)
          }
          try output.write { buffer in
            if !indexNames.isEmpty {
              buffer.append(contentsOf: ElementIndex.text(ofElement: place, in: shape).utf8)
              buffer.append(UInt8(ascii: ","))
            }
            if value == Self.null, dataType != .string {
              value.removeAll()
            } else {
              Self.append(value, to: &buffer)
            }
            buffer.append(contentsOf: "\r\n".utf8)
          }
        }
        progress.add(
          block.elements.count, byteCount: try block.elements.byteCount(of: block.elements.indices))
      }
    }
  }

  private static let null = Array("null".utf8)

  /// Replaces `value` by the text of an element, and returns why it is that of its bytes, or nil.
  private func append(_ element: RawSpan, to value: inout [UInt8]) -> String? {
    value.removeAll(keepingCapacity: true)
    if dataType == .string, element.isWellFormedText {
      unsafe element.withUnsafeBytes { unsafe value.append(contentsOf: $0) }
      return nil
    }
    let problem = text.append(element, to: &value)
    // What is a string in JSON needs no quotes of JSON.
    if dataType != .json, value.first == UInt8(ascii: "\""),
      case .string(let string)? = try? JSONParser().parse(value)
    {
      value = Array(string.utf8)
    }
    return problem
  }

  /// Appends a value, in quotes if it needs them.
  private static func append(_ value: [UInt8], to buffer: inout [UInt8]) {
    let needsQuotes =
      value.isEmpty
      || value.contains { byte in
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\r"), UInt8(ascii: "\n"): true
        default: false
        }
      }
    guard needsQuotes else { return buffer.append(contentsOf: value) }
    buffer.append(UInt8(ascii: "\""))
    for byte in value {
      if byte == UInt8(ascii: "\"") { buffer.append(byte) }
      buffer.append(byte)
    }
    buffer.append(UInt8(ascii: "\""))
  }
}
