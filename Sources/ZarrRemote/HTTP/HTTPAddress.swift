import Zarr

/// A URL of HTTP, without what may be secret in it.
struct HTTPAddress {
  /// The URL up to its query, without a slash at the end.
  let text: String

  /// The query with its question mark, or nothing.
  let query: String

  /// Splits a URL.
  ///
  /// - Throws: `StoreError.invalidURL`
  init(_ url: String) throws(StoreError) {
    let shown = PercentEncoding.redacted(url)
    guard PercentEncoding.authority(of: url)?.hasUser != true else {
      throw .invalidURL(
        shown,
        reason: "a user and a password do not belong into a URL, where others see them: give them as headers")
    }
    guard Origin(of: url) != nil else {
      throw .invalidURL(shown, reason: "it names no host, as https://host/path does")
    }
    // What follows is for browsers.
    let visible = url[...].upTo("#")
    let path = visible.upTo("?")
    text = PercentEncoding.encodeIllegal(String(path.withoutSlashesAtEnd))
    query = PercentEncoding.encodeIllegal(String(visible[path.endIndex...]))
  }
}

/// Bytes in URLs as `%` and two digits.
enum PercentEncoding {
  /// Encodes what no URL may have: blanks, control characters, quotes, and all but ASCII.
  static func encodeIllegal(_ url: String) -> String {
    url.unicodeScalars.map { scalar in
      let isLegal = 0x21...0x7E ~= scalar.value && !"\"<>\\^`{|}".unicodeScalars.contains(scalar)
      return isLegal ? String(scalar) : String(scalar).percentEncoded()
    }.joined()
  }

  /// Decodes text, or returns nil if a `%` has no two digits after it, or what is decoded is not UTF-8.
  static func decode(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
        return nil
      }
      bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
  }

  /// The part of a URL between `//` and the path, or nil if there is none.
  static func authority(of url: String) -> Substring? {
    url.utf8.firstRange(of: "://".utf8).map { url[$0.upperBound...].upTo("/?#") }
  }

  /// A URL without users, passwords and query, for errors.
  static func redacted(_ url: String) -> String {
    var (shown, rest) = ("", url[...].upTo("?"))
    while let start = rest.utf8.firstRange(of: "://".utf8)?.upperBound {
      shown += rest[..<start]
      let user = rest[start...].upTo("/#").utf8.lastIndex(of: UInt8(ascii: "@"))
      rest = rest[(user.map { rest.utf8.index(after: $0) } ?? start)...]
    }
    return shown + rest
  }
}

/// URLs are bytes: a mark that Unicode joins with a slash does not hide it.
extension Substring {
  /// The text in front of the first byte that is one of some.
  func upTo(_ bytes: String) -> Substring {
    self[..<(utf8.firstIndex { bytes.utf8.contains($0) } ?? endIndex)]
  }

  var withoutSlashesAtEnd: Substring {
    self[..<(utf8.lastIndex { $0 != UInt8(ascii: "/") }.map { utf8.index(after: $0) } ?? startIndex)]
  }

  /// Whether there is a user, or a user and a password, in front of the name of a host.
  var hasUser: Bool { utf8.contains(UInt8(ascii: "@")) }
}

extension String {
  /// The text with all bytes escaped that do not stand for themselves in any part of an address.
  ///
  /// Slashes are kept in a path.
  func percentEncoded(keepsSlashes: Bool = false) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    result.reserveCapacity(utf8.count)
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        result.append(byte)
      case UInt8(ascii: "/") where keepsSlashes: result.append(byte)
      default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
