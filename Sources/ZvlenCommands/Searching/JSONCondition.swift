import ArgumentParser
import ChunkEngine
import CommandLineOptions
import Zarr

/// What a value inside an element has to be, such as `/level=error` or `/status!=200`.
struct JSONCondition: ExplainedArgument, Sendable {
  /// The names and positions that lead to the value.
  private let path: [String]

  /// The value as text: of a string, a number, or one of the words `true`, `false` and `null`.
  private let text: String

  private let isNegated: Bool

  init?(argument: String) {
    guard let equals = argument.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
    var pointer = Substring(argument.utf8[..<equals])
    isNegated = pointer.utf8.last == UInt8(ascii: "!")
    if isNegated { pointer = Substring(pointer.utf8.dropLast()) }
    text = String(Substring(argument.utf8[argument.utf8.index(after: equals)...]))
    guard pointer.isEmpty || pointer.utf8.first == UInt8(ascii: "/") else { return nil }
    // https://www.rfc-editor.org/rfc/rfc6901
    path = pointer.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst().map
    {
      String(Substring($0)).replacing("~1", with: "/").replacing("~0", with: "~")
    }
  }

  static func advice(_: String) -> String {
    "Give a JSON pointer and a value, such as /level=error, /request/0/status!=200 or /id=17."
  }

  /// Whether a JSON value meets the condition.
  ///
  /// What is not there is not equal to anything.
  func isMet(by value: JSONValue) -> Bool {
    var value = value
    for name in path {
      switch value {
      case .object(let members):
        guard let member = members[name] else { return isNegated }
        value = member
      case .array(let items):
        guard let index = Int(digits: name.utf8), items.indices.contains(index) else { return isNegated }
        value = items[index]
      default: return isNegated
      }
    }
    let isEqual =
      switch value {
      case .string(let string): string.utf8.elementsEqual(text.utf8)
      case .number(let number): number.text == text
      case .bool, .null: value.description == text
      case .array, .object: false
      }
    return isEqual != isNegated
  }

  /// Bytes that every element that meets the condition has, if it has no escapes, or nil.
  var necessaryBytes: BytePattern? { isNegated || text.isEmpty ? nil : BytePattern(Array(text.utf8)) }
}

/// Several conditions that an element has to meet.
struct JSONConditions: Sendable {
  private let conditions: [JSONCondition]
  private let necessary: [BytePattern]

  private static let backslash = BytePattern([UInt8(ascii: "\\")])

  private static let parser = JSONParser(
    maximumDepth: JSONParser.depths.upperBound, maximumByteCount: WireForm.maximumElementByteCount)

  init(_ conditions: [JSONCondition]) {
    self.conditions = conditions
    necessary = conditions.compactMap(\.necessaryBytes)
  }

  /// Whether an element is JSON that meets all conditions.
  func areMet(by element: UnsafeRawBufferPointer) -> Bool {
    if conditions.isEmpty { return true }
    // Most elements need not be parsed.
    for bytes in necessary where unsafe bytes.first(in: element) == nil {
      guard unsafe Self.backslash.first(in: element) != nil else { return false }
    }
    // SAFETY: The span is used inside of the call only.
    guard let value = try? unsafe Self.parser.parse(Span<UInt8>(_unsafeBytes: element)) else { return false }
    return conditions.allSatisfy { $0.isMet(by: value) }
  }
}
