/// Names of files and directories that get another name once they are whole, or have lost theirs.
///
/// `.NAME.0123456789abcdef.partial` is beside NAME and gets its name when it is whole. `.NAME.….removed` had the
/// name NAME and is being deleted. The digits are random: no one can guess a name and plant a file or link there,
/// and processes in other containers or on other machines have other names.
package enum TemporaryName {
  private static let suffix = ".partial"
  private static let removedSuffix = ".removed"
  private static let digitCount = 16

  /// The longest beginning of a name that is kept, so that a file system takes the whole.
  private static let maximumByteCount = 200

  /// Makes a name that no other file has.
  package static func make(for name: String) -> String { make(for: name, suffix) }

  /// Makes a name for a file with the name `name` that is being deleted.
  static func makeRemoved(for name: String) -> String { make(for: name, removedSuffix) }

  private static func make(for name: String, _ suffix: String) -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    let padding = String(repeating: "0", count: digitCount - digits.utf8.count)
    return "\(prefix(of: name))\(padding)\(digits)\(suffix)"
  }

  /// Whether a name was made by this type, for `name` if it is given.
  package static func matches(_ text: String, for name: String? = nil) -> Bool {
    guard let stem = stem(of: text, suffix) ?? stem(of: text, removedSuffix) else { return false }
    return name.map { stem.elementsEqual(prefix(of: $0).utf8) } ?? (stem.count > 2)
  }

  /// Whether a file with this name is being deleted.
  static func isRemoved(_ text: String) -> Bool { stem(of: text, removedSuffix) != nil }

  /// The name that a file had before it was to be deleted.
  ///
  /// Nil for all other files, and if the name was too long to be kept.
  static func originalName(of text: String) -> String? {
    guard let stem = stem(of: text, removedSuffix), (1..<maximumByteCount - 4).contains(stem.count - 2) else {
      return nil
    }
    return String(Substring(stem.dropFirst().dropLast()))
  }

  /// What is in front of the digits, with the dots around the name.
  private static func stem(of text: String, _ suffix: String) -> Substring.UTF8View? {
    guard text.hasPrefix("."), text.hasSuffix(suffix) else { return nil }
    let rest = text.utf8.dropLast(suffix.utf8.count)
    let stem = rest.dropLast(digitCount)
    guard stem.count >= 2, stem.last == UInt8(ascii: "."),
      rest.suffix(digitCount).allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
    else { return nil }
    return stem
  }

  private static func prefix(of name: String) -> String {
    var length = 0
    let scalars = name.unicodeScalars.prefix { scalar in
      length += UTF8.width(scalar)
      return length <= maximumByteCount
    }
    return ".\(String(scalars))."
  }
}
