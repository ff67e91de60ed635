import Zarr

/// Writes elements as JSON, each in one line, whatever their data type.
struct ElementText {
  /// The two ways to write elements, which differ in how what may be absent is told from what is.
  enum Form {
    /// As people and other programs read them.
    case element
    /// As metadata holds fill values, with numbers by their value: what is not a number is always "NaN".
    case fillValue
  }

  private let dataType: DataType
  private let form: Form
  private let writer = JSONWriter(style: .compact, quotesNaN: true)

  /// Creates a writer for the elements of a data type.
  init(_ dataType: DataType, _ form: Form) {
    self.dataType = dataType
    self.form = form
  }

  /// Appends the JSON value of an element, which is `{"base64":"…"}` with its bytes if these are no element of
  /// the data type.
  ///
  /// - Returns: Why the bytes are no element, in words that follow its name, or nil if they are one.
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
    Base64.append(element, to: &buffer)
    buffer.append(contentsOf: #""}"#.utf8)
  }

  private func appendValue(of element: RawSpan, to buffer: inout [UInt8]) throws {
    switch (dataType, form) {
    case (.bytes, _):
      buffer.append(UInt8(ascii: "\""))
      Base64.append(element, to: &buffer)
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
      // SAFETY: The bytes are those of the element, which outlives the call.
      let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
      do throws(UTF8.ValidationError) {
        JSONWriter.appendString(try UTF8Span(validating: span), to: &buffer)
      } catch {
        throw ToolError("is not UTF-8 (byte \(error.byteOffsets.lowerBound))")
      }
    }
  }
}
