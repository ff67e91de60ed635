import ChunkEngine

/// What a file or stream is that holds no lines, as its first bytes tell.
enum SourceForm {
  /// Compressed by a program, which another one undoes.
  case compressed(name: String, undoneBy: String)
  /// Text in another encoding than UTF-8, under the name that iconv has for it.
  case text(encoding: String)

  /// The bytes that a file of each form begins with; a longer beginning stands in front of its own beginning.
  private static let beginnings: [(bytes: [UInt8], form: SourceForm)] = [
    ([0x1F, 0x8B, 0x08], .compressed(name: "gzip", undoneBy: "zcat")),
    ([0x28, 0xB5, 0x2F, 0xFD], .compressed(name: "zstd", undoneBy: "zstdcat")),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], .compressed(name: "xz", undoneBy: "xzcat")),
    (
      [0x42, 0x5A, 0x68, 0x31, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
      .compressed(name: "bzip2", undoneBy: "bzcat")
    ),
    ([0xFF, 0xFE, 0x00, 0x00], .text(encoding: "UTF-32")),
    ([0x00, 0x00, 0xFE, 0xFF], .text(encoding: "UTF-32")),
    ([0xFF, 0xFE], .text(encoding: "UTF-16")), ([0xFE, 0xFF], .text(encoding: "UTF-16")),
  ]

  /// Looks at the beginning of a source; nil if it may hold lines of what is wanted.
  init?(_ beginning: RawSpan, isText: Bool) {
    let count = min(16, beginning.byteCount)
    var first = unsafe beginning.extracting(0..<count).withUnsafeBytes { unsafe Array($0) }
    // The digit says the size of blocks.
    if first.count > 3, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first[3]) {
      first[3] = UInt8(ascii: "1")
    }
    guard let form = Self.beginnings.first(where: { first.starts(with: $0.bytes) })?.form else { return nil }
    if case .text = form, !isText { return nil }
    self = form
  }

  /// The error for a source of lines.
  func error(_ name: String) -> ToolError {
    ToolError("\(name) \(self), and holds no lines of its own; \(advice(name))")
  }

  private func advice(_ name: String) -> String {
    switch self {
    case .compressed(_, let program):
      "import what is in it: \(program) \(Self.file(name)) | zvlen import - ..."
    case .text(let encoding): Self.conversion(from: encoding, name)
    }
  }

  /// How to import a source of lines in another encoding.
  static func conversion(from encoding: String, _ name: String) -> String {
    "convert it: iconv -f \(encoding) -t UTF-8 \(file(name)) | zvlen import - ..."
  }

  private static func file(_ name: String) -> String {
    name == LineImport.standardInputTitle ? "FILE" : name
  }
}

extension SourceForm: CustomStringConvertible {
  /// What is said of a file of this form, in words that follow its name.
  var description: String {
    switch self {
    case .compressed(let name, _): "is compressed by \(name)"
    case .text(let encoding): "is \(encoding), not UTF-8"
    }
  }
}
