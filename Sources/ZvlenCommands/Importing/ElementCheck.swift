import ChunkEngine
import Zarr

/// Checks what elements of an array must be.
///
/// It reuses memory for each element, so use it on one thread.
struct ElementCheck {
  /// Why bytes cannot be an element.
  struct Problem {
    /// The reason, in words that follow the name of the element.
    let reason: String

    /// The position of the first wrong byte in the element.
    let byteOffset: Int

    /// Whether the bytes are not UTF-8.
    let isEncoding: Bool
  }

  private enum Kind {
    case bytes
    case text
    case json
  }

  private let kind: Kind
  let dataType: DataType
  private var scratch: [UInt8] = []

  /// Checks elements that go to an array.
  init(_ type: ElementType?, dataType: DataType) {
    self.dataType = dataType
    kind =
      switch (type, dataType) {
      case (.json, _), (.jsonString, _), (_, .json): .json
      case (_, .string): .text
      default: .bytes
      }
  }

  /// Whether elements are text or JSON.
  var isText: Bool { kind != .bytes }

  /// Whether elements are JSON.
  var isJSON: Bool { kind == .json }

  /// Whether each element has to be looked at, also where all of them together are text.
  var isForEach: Bool { isJSON || dataType.layout.fixedByteCount != nil }

  /// Returns the problem of an element, or nil.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the element.
  mutating func problem(of element: RawSpan) -> Problem? {
    if let byteCount = dataType.layout.fixedByteCount, element.byteCount != byteCount {
      return Problem(
        reason:
          "has \(Quantity.count(element.byteCount, "byte")), and each \(dataType.name) of the array has \(byteCount)",
        byteOffset: 0, isEncoding: false)
    }
    switch kind {
    case .bytes: return nil
    case .text: return encodingProblem(of: element, prefix: "")
    case .json:
      do throws(JSONError) {
        try JSONElement.check(element, scratch: &scratch)
        return nil
      } catch {
        return encodingProblem(of: element, prefix: "is not JSON: it ")
          ?? Problem(reason: "is not JSON: \(error.message)", byteOffset: error.byteOffset, isEncoding: false)
      }
    }
  }

  /// The first byte of an element that is not UTF-8 as a problem, or nil.
  private func encodingProblem(of element: RawSpan, prefix: String) -> Problem? {
    guard let (offset, byte) = element.firstByteOutsideText else { return nil }
    let name = "0x" + String(byte, radix: 16, uppercase: true)
    return Problem(
      reason: "\(prefix)is not UTF-8\(prefix.isEmpty ? ":" : ",") there is \(name)", byteOffset: offset,
      isEncoding: true)
  }

  /// The beginning of a source without a byte order mark before JSON.
  @_lifetime(copy source)
  func content(of source: RawSpan) -> RawSpan {
    isJSON && source.byteCount > 3 && source.beginsWithByteOrderMark
      ? source.extracting(3..<source.byteCount) : source
  }
}

extension RawSpan {
  /// The first byte that is not UTF-8, and its position, or nil.
  fileprivate var firstByteOutsideText: (offset: Int, byte: UInt8)? {
    guard !isWellFormedText else { return nil }
    return unsafe withUnsafeBytes { bytes in
      // SAFETY: The span outlives the call.
      let octets = unsafe Span<UInt8>(_unsafeBytes: bytes)
      do throws(UTF8.ValidationError) {
        _ = try UTF8Span(validating: octets)
        return nil
      } catch {
        let offset = error.byteOffsets.lowerBound
        return (offset, octets[offset])
      }
    }
  }
}

/// A form of file or stream without lines of its own, as its first bytes tell.
enum SourceForm {
  /// Compressed data, and the program that decompresses it.
  case compressed(name: String, undoneBy: String)
  /// Text that is not UTF-8, with the name of its encoding for iconv.
  case text(encoding: String)
  /// Columns.
  case arrow

  /// The first bytes of each form.
  ///
  /// A longer beginning comes before a shorter one that it starts with.
  private static let beginnings: [(bytes: [UInt8], form: SourceForm)] = [
    ([0x1F, 0x8B, 0x08], .compressed(name: "gzip", undoneBy: "zcat")),
    ([0x28, 0xB5, 0x2F, 0xFD], .compressed(name: "zstd", undoneBy: "zstdcat")),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], .compressed(name: "xz", undoneBy: "xzcat")),
    (
      [0x42, 0x5A, 0x68, 0x31, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
      .compressed(name: "bzip2", undoneBy: "bzcat")
    ),
    (Array("ARROW1\0\0".utf8), .arrow), ([0xFF, 0xFF, 0xFF, 0xFF], .arrow),
    ([0xFF, 0xFE, 0x00, 0x00], .text(encoding: "UTF-32")),
    ([0x00, 0x00, 0xFE, 0xFF], .text(encoding: "UTF-32")),
    ([0xFF, 0xFE], .text(encoding: "UTF-16")), ([0xFE, 0xFF], .text(encoding: "UTF-16")),
  ]

  /// Looks at the beginning of a source.
  ///
  /// The result is nil if it may contain lines.
  init?(_ beginning: RawSpan, isText: Bool) {
    let count = min(16, beginning.byteCount)
    var first = unsafe beginning.extracting(0..<count).withUnsafeBytes { unsafe Array($0) }
    // The digit is the block size of bzip2.
    if first.count > 3, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first[3]) {
      first[3] = UInt8(ascii: "1")
    }
    guard let form = Self.beginnings.first(where: { first.starts(with: $0.bytes) })?.form else { return nil }
    switch form {
    case .text, .arrow: guard isText else { return nil }
    case .compressed: break
    }
    self = form
  }

  /// The error for a source of lines.
  func error(_ name: String) -> ToolError {
    ToolError("\(name) \(self), and has no lines of its own; \(advice(name))")
  }

  private func advice(_ name: String) -> String {
    switch self {
    case .compressed(_, let program): "import its contents: \(Self.pipeline(from: program, name))"
    case .text(let encoding): Self.conversion(from: encoding, name)
    case .arrow: "--column imports a column"
    }
  }

  /// The advice for lines in another encoding.
  static func conversion(from encoding: String, _ name: String) -> String {
    "convert it: \(pipeline(from: "iconv -f \(encoding) -t UTF-8", name))"
  }

  /// The shell command that imports the output of a program for a source.
  ///
  /// The program reads standard input, because some programs refuse names without their suffix, or take names for
  /// options.
  private static func pipeline(from program: String, _ name: String) -> String {
    var arguments = Array(CommandLine.arguments.dropFirst())
    let isStream = name == LineImport.standardInputTitle
    if !isStream, let index = arguments.firstIndex(of: name) {
      arguments[index] = LineImport.standardInputName
    }
    let words = (["zvlen"] + arguments).map(shellWord).joined(separator: " ")
    return "\(program) < \(isStream ? "FILE" : shellWord(name)) | \(words)"
  }

  /// A word, quoted for a shell if needed.
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
    // Control characters need escapes.
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
  /// The form, in words that follow the name of a file.
  var description: String {
    switch self {
    case .compressed(let name, _): "is compressed by \(name)"
    case .text(let encoding): "is \(encoding), not UTF-8"
    case .arrow: "is Arrow"
    }
  }
}
