import ArgumentParser
import ChunkEngine
import Zarr

/// Writes elements of any data type as JSON, each on one line.
struct ElementText {
  /// The two forms of elements.
  enum Form {
    /// The form for people and programs.
    case element
    /// The form of fill values in metadata, in which every NaN is "NaN".
    case fillValue
  }

  /// The name of the column of elements in a table.
  static let columnName = "value"

  private let dataType: DataType
  private let form: Form
  private let writer = JSONWriter(style: .portable)

  /// Creates a writer for the elements of a data type.
  init(_ dataType: DataType, _ form: Form) {
    self.dataType = dataType
    self.form = form
  }

  /// Appends an element as a JSON value, or its bytes as `{"base64":"…"}` if they do not fit the data type.
  ///
  /// - Returns: Why the bytes do not fit, in words that follow the name of the element, or nil.
  func append(_ element: RawSpan, to buffer: inout [UInt8]) -> String? {
    let start = buffer.count
    do {
      try appendValue(of: element, to: &buffer)
      return nil
    } catch {
      buffer.removeSubrange(start...)
      Self.appendRaw(element, to: &buffer)
      switch error {
      case let error as MetadataError: return "cannot be written as \(dataType.name): \(error.message)"
      default: return "\(error)"
      }
    }
  }

  /// Appends the bytes of an element as a JSON object.
  static func appendRaw(_ element: RawSpan, to buffer: inout [UInt8]) {
    buffer.append(contentsOf: #"{"base64":""#.utf8)
    Base64Codec.append(element, to: &buffer)
    buffer.append(contentsOf: #""}"#.utf8)
  }

  private func appendValue(of element: RawSpan, to buffer: inout [UInt8]) throws {
    switch (dataType, form) {
    case (.bytes, _):
      buffer.append(UInt8(ascii: "\""))
      Base64Codec.append(element, to: &buffer)
      buffer.append(UInt8(ascii: "\""))
    case (.string, _):
      try appendText(element, to: &buffer)
    case (.json, _):
      do throws(JSONError) {
        try JSONElement.appendPortable(element, to: &buffer)
      } catch {
        throw ToolError("is not JSON: \(error.message) (byte \(error.byteOffset))")
      }
    default:
      writer.append(try dataType.json(ofElement: element, wrapsPresent: form == .fillValue), to: &buffer)
    }
  }

  private func appendText(_ element: RawSpan, to buffer: inout [UInt8]) throws {
    try unsafe element.withUnsafeBytes { bytes in
      // SAFETY: The element outlives the call.
      let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
      do throws(UTF8.ValidationError) {
        JSONWriter.appendString(try UTF8Span(validating: span), to: &buffer)
      } catch {
        throw ToolError("is not UTF-8 (byte \(error.byteOffsets.lowerBound))")
      }
    }
  }
}

/// The elements that a command has written as raw bytes, because they do not fit their data type.
///
/// Each is a line on standard error, and the exit code is 1.
struct RawElements {
  private let path: String
  private var count = 0

  /// Prepares for the array at a path.
  init(of path: String) {
    self.path = path
  }

  /// Reports an element that is written as raw bytes.
  mutating func add(_ element: String, _ reason: String, as form: String = "base64") {
    count += 1
    StandardError.write(
      "zvlen: \(OneLine("\(path): \(element) \(reason)")); its bytes are written as \(form)\n")
  }

  /// Ends the command.
  ///
  /// - Throws: `ExitCode.failure` if there are such elements.
  func finish() throws {
    if count > 0 { throw ExitCode.failure }
  }
}

extension ZarrArray {
  /// Writes elements as JSON, one per line, in C order.
  ///
  /// If this throws, the elements before the one that cannot be read have been written.
  ///
  /// - Parameters:
  ///   - elements: The elements, counted in C order.
  ///   - form: The form of the elements.
  ///   - terminator: The byte that ends a line.
  ///   - output: Where the lines go.
  ///   - raw: Receives the elements that do not fit their data type.
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
