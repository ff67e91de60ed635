import CKernels
import ChunkEngine

/// What lines are searched for.
enum LinePattern: Sendable {
  /// Nothing: each line matches.
  case anything
  /// These bytes.
  case bytes(BytePattern)
  /// A regular expression.
  case expression(RegularExpression)

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
      self = .expression(try RegularExpression(pattern, options))
    } else {
      self = pattern.isEmpty ? .anything : .bytes(BytePattern(Array(pattern.utf8)))
    }
  }

  /// The pattern for one thread.
  final class Search {
    private let pattern: LinePattern
    private let match: RegularExpression.Match?

    init(_ pattern: LinePattern) {
      self.pattern = pattern
      match =
        if case .expression(let expression) = pattern { RegularExpression.Match(expression) } else { nil }
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
