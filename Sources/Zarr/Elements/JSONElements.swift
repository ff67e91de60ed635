import ChunkEngine

/// The rule for elements that are JSON, wherever they come from and go to.
///
/// An element is a JSON text of [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259) in UTF-8, nested at most
/// ``JSONValue/maximumElementDepth`` deep. It is kept byte for byte: white space, numbers of any length,
/// repeated keys, and escapes of half a surrogate pair, which the grammar allows. `NaN`, `Infinity`, a byte
/// order mark and text after the value are not JSON, and are refused.
///
/// Elements that other libraries stored may have `NaN` and infinities, as Python writes them.
package enum JSONElement {
  private static let parser = JSONParser(
    maximumDepth: JSONValue.maximumElementDepth, maximumByteCount: WireForm.maximumElementByteCount)

  /// As deep as the parser can go, since other libraries have other limits.
  private static let readingParser = JSONParser(
    maximumDepth: JSONParser.depths.upperBound, maximumByteCount: WireForm.maximumElementByteCount)

  private static let strict = JSONSpelling(allowsNaN: false)

  /// Checks that bytes may become an element.
  ///
  /// - Parameters:
  ///   - bytes: The text.
  ///   - scratch: Memory for the check. Its content may be replaced.
  /// - Throws: An error that says where the text breaks the rule.
  /// - Complexity: O(*n*) in the number of bytes.
  package static func check(_ bytes: RawSpan, scratch: inout [UInt8]) throws(JSONError) {
    if parser.surelyAccepts(bytes) { return }
    scratch.removeAll(keepingCapacity: true)
    try parser.append(bytes, as: strict, allowsByteOrderMark: false, to: &scratch)
  }

  /// Checks that common JSON parsers accept a stored element: `NaN` and infinities are allowed.
  ///
  /// - Parameters:
  ///   - bytes: The text.
  ///   - scratch: Memory for the check. Its content may be replaced.
  /// - Throws: An error that says where the text breaks the rule.
  /// - Complexity: O(*n*) in the number of bytes.
  package static func checkStored(_ bytes: RawSpan, scratch: inout [UInt8]) throws(JSONError) {
    if readingParser.surelyAccepts(bytes) { return }
    scratch.removeAll(keepingCapacity: true)
    try readingParser.append(bytes, as: .compact, allowsByteOrderMark: false, to: &scratch)
  }

  /// Appends a stored element in one line, so that every JSON parser accepts it.
  ///
  /// `NaN` and infinities are put in quotes. The last value of a repeated key counts, as in Python.
  ///
  /// - Parameters:
  ///   - bytes: The text of the element.
  ///   - output: Where it goes. After an error it may hold a part of the element.
  /// - Throws: An error that says where the text is not JSON.
  /// - Complexity: O(*n*) in the number of bytes.
  package static func appendPortable(_ bytes: RawSpan, to output: inout [UInt8]) throws(JSONError) {
    try readingParser.append(bytes, as: .portable, allowsByteOrderMark: true, to: &output)
  }

  /// Whether two stored elements have the same value.
  ///
  /// White space, the order of members and escapes make no difference. Numbers are equal if their digits are.
  ///
  /// - Complexity: O(*n*) in the number of bytes.
  package static func areEqual(_ left: RawSpan, _ right: RawSpan) -> Bool {
    var texts: [[UInt8]] = [[], []]
    do throws(JSONError) {
      try readingParser.append(left, as: sorted, allowsByteOrderMark: true, to: &texts[0])
      try readingParser.append(right, as: sorted, allowsByteOrderMark: true, to: &texts[1])
    } catch {
      return false
    }
    return texts[0] == texts[1]
  }

  private static let sorted = JSONSpelling(sortsKeys: true, mergesRepeatedKeys: true)

  /// Whether the text of an element is `null`, with or without white space around it.
  static func isNull(_ bytes: RawSpan) -> Bool {
    let octets = bytes.octets
    func isSpace(_ index: Int) -> Bool {
      switch octets[index] {
      case 0x20, 0x09, 0x0A, 0x0D: true
      default: false
      }
    }
    var (start, end) = (0, octets.count)
    while start < end, isSpace(start) { start += 1 }
    while start < end, isSpace(end - 1) { end -= 1 }
    guard end - start == 4 else { return false }
    return octets[start] == UInt8(ascii: "n") && octets[start + 1] == UInt8(ascii: "u")
      && octets[start + 2] == UInt8(ascii: "l") && octets[start + 3] == UInt8(ascii: "l")
  }
}

/// The text of a JSON value, kept character by character: white space, digits and escapes stay as they are.
///
///     try array.write([JSONText(#"{"price": 1.10}"#)])
///     let texts = try array.read(as: JSONText.self).map(\.text)
///
/// The text is checked when you write it. Text that another library stored may have `NaN` and infinities.
public struct JSONText: ZarrElement, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
  /// The text.
  public var text: String

  /// Takes the text of a JSON value.
  public init(_ text: String) {
    self.text = text
  }

  public init(stringLiteral text: String) {
    self.init(text)
  }

  public var description: String { text }

  public static var dataType: DataType { .json }

  public static func isElement(of dataType: DataType) -> Bool { JSONValue.isElement(of: dataType) }

  public func appendElement(
    of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
  ) throws(ElementError) {
    let start = bytes.count
    bytes.append(contentsOf: text.utf8)
    do throws(JSONError) {
      try JSONElement.check(bytes.rawSpan.extracting(start..<bytes.count), scratch: &coder.scratch)
    } catch {
      throw Self.unencodable("the text is not JSON: \(error)")
    }
  }

  public init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError) {
    self.init(try String.text(bytes))
  }
}

/// A JSON value, including `null`, in an array of JSON, or of text or bytes that hold JSON.
extension JSONValue: ZarrElement {
  /// The depth to which elements may be nested.
  public static let maximumElementDepth = 512

  public static var dataType: DataType { .json }

  public static func isElement(of dataType: DataType) -> Bool {
    switch dataType {
    case .json, .string, .bytes: true
    default: false
    }
  }

  public func appendElement(
    of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
  ) throws(ElementError) {
    guard depth(isAtMost: Self.maximumElementDepth) else {
      throw Self.unencodable("it is nested more than \(Self.maximumElementDepth) deep")
    }
    guard isFinite else {
      throw Self.unencodable("JSON has no NaN and no infinities; null may take their place")
    }
    JSONWriter(style: .compact).append(self, to: &bytes)
  }

  public init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError) {
    let parser = JSONParser(
      maximumDepth: Self.maximumElementDepth, maximumByteCount: WireForm.maximumElementByteCount)
    do throws(JSONError) {
      self = try parser.parse(bytes.octets)
    } catch {
      throw Self.undecodable(error.description)
    }
  }

  /// Whether no number in the value is `NaN` or an infinity.
  ///
  /// The value must not be nested too deeply.
  private var isFinite: Bool {
    switch self {
    case .number(let number): number.isFinite
    case .array(let values): values.allSatisfy(\.isFinite)
    case .object(let members): members.allSatisfy(\.value.isFinite)
    default: true
    }
  }

  /// Whether the value is nested at most `limit` deep.
  ///
  /// Deeper values are not visited.
  private func depth(isAtMost limit: Int) -> Bool {
    switch self {
    case .array(let values): limit > 0 && values.allSatisfy { $0.depth(isAtMost: limit - 1) }
    case .object(let members): limit > 0 && members.allSatisfy { $0.value.depth(isAtMost: limit - 1) }
    default: true
    }
  }
}
