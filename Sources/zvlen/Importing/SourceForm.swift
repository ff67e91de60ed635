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
    case .compressed(_, let program): "import what is in it: \(Self.pipeline(from: program, name))"
    case .text(let encoding): Self.conversion(from: encoding, name)
    }
  }

  /// How to import a source of lines in another encoding.
  static func conversion(from encoding: String, _ name: String) -> String {
    "convert it: \(pipeline(from: "iconv -f \(encoding) -t UTF-8", name))"
  }

  /// The command for a shell that imports what a program makes of a source.
  ///
  /// The program reads standard input: some refuse names without their suffix, and take others for options.
  private static func pipeline(from program: String, _ name: String) -> String {
    var arguments = Array(CommandLine.arguments.dropFirst())
    let isStream = name == LineImport.standardInputTitle
    if !isStream, let index = arguments.firstIndex(of: name) {
      arguments[index] = LineImport.standardInputName
    }
    let words = (["zvlen"] + arguments).map(shellWord).joined(separator: " ")
    return "\(program) < \(isStream ? "FILE" : shellWord(name)) | \(words)"
  }

  /// A word as a shell takes it.
  private static func shellWord(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...:
        true
      default: "-_./,:=+@%".utf8.contains(byte)
      }
    }
    guard !isPlain || text.isEmpty else { return text }
    guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      return "'\(text.replacing("'", with: #"'\''"#))'"
    }
    // Control characters would not be written as they are.
    var word = "$'"
    for scalar in text.unicodeScalars {
      if scalar.properties.generalCategory == .control {
        for byte in String(scalar).utf8 {
          let digits = String(byte, radix: 8)
          word += "\\" + String(repeating: "0", count: 3 - digits.utf8.count) + digits
        }
      } else {
        if scalar == "'" || scalar == "\\" { word += "\\" }
        word.unicodeScalars.append(scalar)
      }
    }
    return word + "'"
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
