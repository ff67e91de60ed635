/// Names of files and directories that get another name once they are whole.
///
/// `.NAME.0123456789abcdef.partial` is beside NAME. The digits are random, so that nobody can guess the name and
/// plant a file or link there, and processes in other containers or on other machines have other ones.
package enum TemporaryName {
  private static let suffix = ".partial"
  private static let digitCount = 16

  /// Makes a name that there is no other of.
  package static func make(for name: String) -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    let padding = String(repeating: "0", count: digitCount - digits.utf8.count)
    return "\(prefix(of: name))\(padding)\(digits)\(suffix)"
  }

  /// Whether a name was made by ``make(for:)``, for `name` if it is given.
  package static func matches(_ text: String, for name: String? = nil) -> Bool {
    let start = name.map(prefix(of:)) ?? "."
    guard text.utf8.starts(with: start.utf8), text.hasSuffix(suffix) else { return false }
    let rest = text.utf8.dropLast(suffix.utf8.count)
    guard rest.count >= start.utf8.count + digitCount else { return false }
    let digits = rest.suffix(digitCount)
    guard digits.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else { return false }
    let stem = rest.dropLast(digitCount)
    return name == nil ? stem.count > 2 && stem.last == UInt8(ascii: ".") : stem.elementsEqual(start.utf8)
  }

  /// What is in front of the digits; of a long name the beginning, so that a file system takes the whole.
  private static func prefix(of name: String) -> String {
    var length = 0
    let scalars = name.unicodeScalars.prefix { scalar in
      length += UTF8.width(scalar)
      return length <= 200
    }
    return ".\(String(scalars))."
  }
}
