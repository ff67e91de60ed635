extension JSONWriter {
  /// Appends a string in quotes, with the escapes that JSON needs.
  ///
  /// - Complexity: O(*n*) in the length of the string.
  public static func appendString(_ text: String, to output: inout [UInt8]) {
    appendString(text.utf8Span, to: &output)
  }

  /// Appends text in quotes, with the escapes that JSON needs.
  ///
  /// - Complexity: O(*n*) in the length of the text.
  public static func appendString(_ text: UTF8Span, to output: inout [UInt8]) {
    let bytes = text.span
    output.append(UInt8(ascii: "\""))
    var start = 0
    for index in bytes.indices {
      let byte = bytes[index]
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
      appendBytes(bytes.extracting(start..<index), to: &output)
      appendEscape(byte, to: &output)
      start = index + 1
    }
    appendBytes(bytes.extracting(start..<bytes.count), to: &output)
    output.append(UInt8(ascii: "\""))
  }

  /// Appends bytes in one copy; a loop over them in safe code is several times slower.
  static func appendBytes(_ bytes: Span<UInt8>, to output: inout [UInt8]) {
    // SAFETY: the buffer is read inside of the closure only.
    unsafe bytes.withUnsafeBufferPointer { unsafe output.append(contentsOf: $0) }
  }

  /// Appends the escape of a control character, a quote or a backslash.
  static func appendEscape(_ byte: UInt8, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\\"))
    switch byte {
    case 0x08: output.append(UInt8(ascii: "b"))
    case 0x09: output.append(UInt8(ascii: "t"))
    case 0x0A: output.append(UInt8(ascii: "n"))
    case 0x0C: output.append(UInt8(ascii: "f"))
    case 0x0D: output.append(UInt8(ascii: "r"))
    case 0x00..<0x20:
      output.append(contentsOf: byte < 0x10 ? "u000".utf8 : "u001".utf8)
      output.append(contentsOf: String(byte & 0x0F, radix: 16).utf8)
    default: output.append(byte)
    }
  }
}
