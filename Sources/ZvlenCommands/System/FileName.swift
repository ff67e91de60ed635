/// Names of files as text, whatever their bytes are.
///
/// A byte that is not part of UTF-8 is a character from U+EF80 to U+EFFF, which are for private use. These characters
/// themselves are three such characters, so that each text stands for one name:
///
///     bytes   66 C3 BC 72 FC     text   f ü r U+EFFC
package enum FileName {
  /// The text of an argument, which can be a name, or the text that stands for one.
  package static func argument(_ bytes: [UInt8]) -> String {
    String(validating: bytes, as: UTF8.self) ?? octets(of: bytes)
  }

  /// The text that stands for the bytes of a name.
  ///
  /// - Parameters:
  ///   - bytes: The name.
  ///   - encoding: What names that are not UTF-8 are in.
  /// - Returns: The text.
  static func text(of bytes: [UInt8], _ encoding: NameEncoding = .octets) -> String {
    if let text = String(validating: bytes, as: UTF8.self), !hasOctets(text) { return text }
    switch encoding {
    case .latin1:
      if let text = String(validating: bytes, as: UTF8.self) { return octets(of: Array(text.utf8)) }
      return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    case .octets: return octets(of: bytes)
    }
  }

  private static func octets(of bytes: [UInt8]) -> String {
    var text = ""
    var rest = bytes[...]
    while let first = rest.first {
      let count = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
      if let character = String(validating: rest.prefix(count), as: UTF8.self), !hasOctets(character) {
        text += character
        rest = rest.dropFirst(count)
      } else {
        text.unicodeScalars.append(Unicode.Scalar(0xef00 | UInt16(first)) ?? "\u{FFFD}")
        rest.removeFirst()
      }
    }
    return text
  }

  /// The bytes of the name that text stands for.
  static func bytes(of text: String) -> [UInt8] {
    guard hasOctets(text) else { return Array(text.utf8) }
    return text.unicodeScalars.flatMap { scalar in
      isOctet(scalar) ? [UInt8(truncatingIfNeeded: scalar.value)] : Array(String(scalar).utf8)
    }
  }

  /// The name that text stands for, as system calls take it.
  static func systemName(of text: String) -> [CChar] { bytes(of: text).map(CChar.init(bitPattern:)) + [0] }

  private static func isOctet(_ scalar: Unicode.Scalar) -> Bool { 0xef80...0xefff ~= scalar.value }

  private static func hasOctets(_ text: String) -> Bool {
    text.utf8.contains(0xee) && text.unicodeScalars.contains(where: isOctet)
  }
}

/// What names of files are in that are not UTF-8.
enum NameEncoding: String, CaseIterable {
  /// Any bytes, which an export makes again.
  case octets
  /// ISO 8859-1, which becomes UTF-8.
  case latin1
}
