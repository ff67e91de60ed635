import CKernels
import ChunkEngine

/// What lines are searched for.
enum LinePattern: Sendable {
  /// Nothing: each line matches.
  case anything
  /// These bytes.
  case bytes(BytePattern)
  /// A regular expression, and bytes that each match has, if there are some that are easily known.
  case expression(RegularExpression, necessary: BytePattern?)

  /// Prepares a pattern.
  ///
  /// A regular expression without special characters is searched for as bytes.
  ///
  /// - Throws: ``ToolError``
  init(_ pattern: String, _ options: RegularExpression.Options) throws(ToolError) {
    guard !pattern.utf8.contains(UInt8(ascii: "\n")) else {
      throw ToolError("the pattern has a line feed, and each line is searched by itself")
    }
    let isPlain = options.isLiteral || !pattern.utf8.contains { #"\^$.[]|()?*+{}"#.utf8.contains($0) }
    if options.ignoresCase || options.matchesWords || options.matchesLines || !isPlain {
      let necessary = options.isLiteral ? Array(pattern.utf8) : Self.literal(in: pattern)
      self = .expression(
        try RegularExpression(pattern, options),
        necessary: options.ignoresCase || necessary.isEmpty ? nil : BytePattern(necessary))
    } else {
      self = pattern.isEmpty ? .anything : .bytes(BytePattern(Array(pattern.utf8)))
    }
  }

  /// Whether lines match that have the necessary bytes.
  var isBytes: Bool { if case .bytes = self { true } else { false } }

  /// Bytes that each line that matches has, or nil if there are none that are known.
  var necessaryBytes: BytePattern? {
    switch self {
    case .anything: nil
    case .bytes(let bytes): bytes
    case .expression(_, let necessary): necessary
    }
  }

  /// The longest run of characters that each match of a regular expression has, or nothing.
  ///
  /// It looks only at simple expressions: without alternatives, options and comments.
  private static func literal(in pattern: String) -> [UInt8] {
    let bytes = Array(pattern.utf8)
    guard !bytes.contains(UInt8(ascii: "|")), !pattern.contains("(?"), !pattern.contains("(*"),
      !pattern.contains("\\Q")
    else { return [] }
    var (longest, run): ([UInt8], [UInt8]) = ([], [])
    func end() {
      if run.count > longest.count { longest = run }
      run = []
    }
    var (index, depth) = (0, 0)
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\\"):
        // An escape may be longer than its letter, such as \x41; then its rest breaks runs too.
        end()
        guard index < bytes.count, "bBdDsSwW".utf8.contains(bytes[index]) || !Self.isWord(bytes[index]) else {
          return longest
        }
        index += 1
      case UInt8(ascii: "["):
        end()
        // A bracket that comes first is a character.
        if index < bytes.count, bytes[index] == UInt8(ascii: "^") { index += 1 }
        if index < bytes.count, bytes[index] == UInt8(ascii: "]") { index += 1 }
        while index < bytes.count, bytes[index] != UInt8(ascii: "]") {
          // Escapes, and classes with names, are not worth the trouble.
          if bytes[index] == UInt8(ascii: "\\") || bytes[index] == UInt8(ascii: "[") { return longest }
          index += 1
        }
        index += 1
      case UInt8(ascii: "("):
        end()
        depth += 1
      case UInt8(ascii: ")"):
        end()
        depth -= 1
      case UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "{"):
        // The character before it may be missing. In UTF-8 it may have several bytes.
        while let last = run.popLast(), last & 0xC0 == 0x80 {}
        end()
        if byte == UInt8(ascii: "{") { return longest }
      case UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "^"), UInt8(ascii: "$"): end()
      default:
        // A group may be repeated no times.
        if depth == 0 { run.append(byte) }
      }
    }
    end()
    return longest
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  /// The pattern for one thread.
  final class Search {
    private let pattern: LinePattern
    private let match: RegularExpression.Match?

    init(_ pattern: LinePattern) {
      self.pattern = pattern
      match =
        if case .expression(let expression, _) = pattern { RegularExpression.Match(expression) } else { nil }
    }

    /// Returns the first match in a line that begins at an offset or later, or nil.
    ///
    /// - Throws: ``ToolError`` in words that follow the name of a line.
    func first(in line: UnsafeRawBufferPointer, from offset: Int = 0) throws(ToolError) -> Range<Int>? {
      switch pattern {
      case .anything: offset..<offset
      case .bytes(let bytes):
        unsafe bytes.first(in: UnsafeRawBufferPointer(rebasing: line[offset...]))
          .map { $0 + offset..<$0 + offset + bytes.count }
      case .expression: try unsafe match?.first(in: line, from: offset)
      }
    }
  }
}

/// Bytes to search for.
struct BytePattern: Hashable, Sendable {
  private let bytes: [UInt8]

  /// The places of the two bytes that are likely to be the rarest.
  private let places: [Int]

  /// Takes the bytes, at least one.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    places = bytes.indices.sorted {
      (Self.frequency(of: bytes[$0]), $0) < (Self.frequency(of: bytes[$1]), $1)
    }
  }

  /// The number of bytes.
  var count: Int { bytes.count }

  /// The offset at which the bytes occur first, or nil.
  func first(in haystack: UnsafeRawBufferPointer) -> Int? {
    let offset = unsafe ckernels_find(
      haystack.baseAddress, haystack.count, bytes, bytes.count, places[0], places[bytes.count > 1 ? 1 : 0])
    return offset < haystack.count ? offset : nil
  }

  /// About how often a byte occurs in text, JSON and the lengths between elements, from 0.
  private static func frequency(of byte: UInt8) -> Int {
    // From the rarest to the most frequent.
    let frequent = Array(
      "zqjxkvbZQXJKVYUWHGFBOLNMDPRCIEAST|#@&;%+=*()[]<>'!?y_/987654wgpfm3u-c.dh21lr:0{}sinoat,e \"".utf8)
    if byte == 0 { return frequent.count + 1 }
    return (frequent.firstIndex(of: byte) ?? -1) + 1
  }
}
