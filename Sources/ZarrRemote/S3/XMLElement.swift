import CExpat

/// An element of a document of XML, with what is inside of it.
///
/// Document types are refused, and with them all entities that grow.
struct XMLElement: Sendable {
  /// The name, without a prefix.
  let name: String

  /// The characters directly in the element.
  private(set) var text = ""

  private(set) var children: [XMLElement] = []

  /// How deep elements may be in others.
  private static let depthLimit = 16

  /// The text of the first child of a name, or nil.
  subscript(name: String) -> String? { child(name)?.text }

  /// The first child of a name, or nil.
  func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }

  /// All children of a name.
  func children(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

  fileprivate init(name: String) {
    self.name = name
  }

  /// Reads a document, and returns nil if it is none, or more than any server has to say.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the document.
  init?(parsing document: RawSpan) {
    guard document.byteCount <= 64 << 20, let parser = unsafe XML_ParserCreate("UTF-8") else { return nil }
    defer { unsafe XML_ParserFree(parser) }
    let builder = unsafe Builder(parser)
    let own = unsafe Unmanaged.passUnretained(builder).toOpaque()
    unsafe XML_SetUserData(parser, own)
    unsafe XML_SetElementHandler(
      parser,
      { own, name, _ in unsafe Builder.at(own).begin(name.map { unsafe String(cString: $0) } ?? "") },
      { own, _ in unsafe Builder.at(own).end() })
    unsafe XML_SetCharacterDataHandler(parser) { own, text, count in
      unsafe Builder.at(own).add(UnsafeRawBufferPointer(start: text, count: Int(count)))
    }
    unsafe XML_SetStartDoctypeDeclHandler(parser) { own, _, _, _, _ in unsafe Builder.at(own).stop() }
    let status = unsafe document.withUnsafeBytes { bytes in
      unsafe XML_Parse(
        parser, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count), 1)
    }
    guard status == XML_STATUS_OK, let root = builder.root else { return nil }
    self = root
  }

  /// Whether the first element of a document has a name, or one that begins with it.
  ///
  /// - Complexity: O(*n*) where *n* is the number of bytes before the element.
  static func rootBegins(with name: String, in document: RawSpan) -> Bool {
    let (opening, mark) = (UInt8(ascii: "<"), Array(name.utf8))
    return unsafe document.withUnsafeBytes { bytes in
      guard
        let start = bytes.indices.dropLast().first(where: {
          unsafe bytes[$0] == opening && ![UInt8(ascii: "?"), UInt8(ascii: "!")].contains(bytes[$0 + 1])
        })
      else { return false }
      return unsafe bytes[(start + 1)...].starts(with: mark)
    }
  }

  /// Puts the elements together that the parser reports.
  @safe
  private final class Builder {
    private let parser: XML_Parser
    private var open: [XMLElement] = []
    private(set) var root: XMLElement?

    init(_ parser: XML_Parser) {
      unsafe self.parser = unsafe parser
    }

    static func at(_ pointer: UnsafeMutableRawPointer?) -> Builder {
      // SAFETY: The builder outlives the parser, which was handed it.
      guard let pointer = unsafe pointer else { preconditionFailure("the parser has lost the builder") }
      return unsafe Unmanaged<Builder>.fromOpaque(pointer).takeUnretainedValue()
    }

    func begin(_ name: String) {
      guard open.count < XMLElement.depthLimit else { return stop() }
      open.append(XMLElement(name: name.split(separator: ":").last.map(String.init) ?? ""))
    }

    func add(_ text: UnsafeRawBufferPointer) {
      guard let last = open.indices.last else { return }
      unsafe open[last].text += String(decoding: text, as: UTF8.self)
    }

    func end() {
      guard let done = open.popLast() else { return }
      if let last = open.indices.last { open[last].children.append(done) } else { root = done }
    }

    func stop() { unsafe XML_StopParser(parser, 0) }
  }
}

extension String {
  /// The text as the content of an element, or nil if XML has no way to say it.
  var xmlEscaped: String? {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\r": result += "&#13;"
      case "\t", "\n": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: return nil
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
