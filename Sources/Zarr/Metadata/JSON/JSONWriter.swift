/// Writes JSON documents.
///
/// Numbers keep their spelling. Text is UTF-8 with only the escapes that JSON needs.
package struct JSONWriter: Hashable, Sendable {
  private let style: JSONSpelling

  /// Creates a writer.
  package init(style: JSONSpelling = .pretty) {
    self.style = style
  }

  /// The text of a value, as UTF-8.
  ///
  /// - Complexity: O(*n*) in the length of the text.
  package func bytes(of value: JSONValue) -> [UInt8] {
    var output: [UInt8] = []
    append(value, to: &output)
    return output
  }

  /// Appends the text of a value, as UTF-8.
  ///
  /// - Complexity: O(*n*) in the length of the text.
  package func append(_ value: JSONValue, to output: inout [UInt8]) {
    append(value, to: &output, level: 0)
  }

  private func append(_ value: JSONValue, to output: inout [UInt8], level: Int) {
    switch value {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
    case .number(let number) where style.quotesNaN && !number.isFinite:
      Self.appendString(number.text, to: &output)
    case .number(let number): output.append(contentsOf: number.text.utf8)
    case .string(let text): Self.appendString(text, to: &output)
    case .array(let values):
      style.appendList(values, between: "[", and: "]", level: level + 1, to: &output) { value, output in
        append(value, to: &output, level: level + 1)
      }
    case .object(let members):
      style.appendList(members, between: "{", and: "}", level: level + 1, to: &output) { member, output in
        Self.appendString(member.key, to: &output)
        output.append(contentsOf: style.keySeparator)
        append(member.value, to: &output, level: level + 1)
      }
    }
  }
}

extension JSONWriter {
  /// Appends a string in quotes, with the escapes that JSON needs.
  ///
  /// - Complexity: O(*n*) in the length of the string.
  package static func appendString(_ text: String, to output: inout [UInt8]) {
    appendString(text.utf8Span, to: &output)
  }

  /// Appends text in quotes, with the escapes that JSON needs.
  ///
  /// - Complexity: O(*n*) in the length of the text.
  package static func appendString(_ text: UTF8Span, to output: inout [UInt8]) {
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

  /// Appends bytes in one copy.
  ///
  /// A loop over them in safe code is several times slower.
  static func appendBytes(_ bytes: Span<UInt8>, to output: inout [UInt8]) {
    // SAFETY: The buffer does not leave the closure.
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
