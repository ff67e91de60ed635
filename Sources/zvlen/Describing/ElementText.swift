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
  private let writer = JSONWriter(style: .compact)

  /// Creates a writer for the elements of a data type.
  init(_ dataType: DataType, _ form: Form) {
    self.dataType = dataType
    self.form = form
  }

  /// Appends the JSON value of an element.
  ///
  /// - Throws: `MetadataError` if the bytes are not an element of the data type.
  func append(_ element: RawSpan, to buffer: inout [UInt8]) throws {
    switch (dataType, form) {
    case (.bytes, _):
      buffer.append(UInt8(ascii: "\""))
      Base64.append(element, to: &buffer)
      buffer.append(UInt8(ascii: "\""))
    case (.string, _):
      try appendText(element, to: &buffer)
    default:
      writer.append(try dataType.json(ofElement: element, wrapsPresent: form == .fillValue), to: &buffer)
    }
  }

  private func appendText(_ element: RawSpan, to buffer: inout [UInt8]) throws {
    try unsafe element.withUnsafeBytes { bytes in
      // SAFETY: The bytes are those of the element, which outlives the call.
      let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
      guard let text = try? UTF8Span(validating: span) else { throw ToolError("is not UTF-8") }
      JSONWriter.appendString(text, to: &buffer)
    }
  }
}
