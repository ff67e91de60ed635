/// A value of a JSON document.
///
/// It keeps the digits of large integers, the order of members, and the numbers `NaN` and `Infinity`, which
/// zarr-python writes into attributes. Foundation's JSON types lose them.
///
/// Strings are equal if their bytes are equal.
public enum JSONValue: Sendable {
  /// The value `null`.
  case null
  /// The value `true` or `false`.
  case bool(Bool)
  /// A number with its spelling.
  case number(JSONNumber)
  /// A string.
  case string(String)
  /// A list of values.
  case array([JSONValue])
  /// Members by name.
  case object(JSONObject)
}

extension JSONValue: Hashable {
  public static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.number(let left), .number(let right)): left == right
    case (.string(let left), .string(let right)): ExactString(left) == ExactString(right)
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null:
      hasher.combine(0)
    case .bool(let value):
      hasher.combine(1)
      hasher.combine(value)
    case .number(let value):
      hasher.combine(2)
      hasher.combine(value)
    case .string(let value):
      hasher.combine(3)
      hasher.combine(ExactString(value))
    case .array(let values):
      hasher.combine(4)
      hasher.combine(values)
    case .object(let members):
      hasher.combine(5)
      hasher.combine(members)
    }
  }
}

extension JSONValue {
  /// Creates an integer.
  public static func integer(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

  /// The value if it is `true` or `false`.
  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The value if it is spelled as an integer and an `Int` can hold it.
  public var integerValue: Int? {
    if case .number(let value) = self { value.integer } else { nil }
  }

  /// The value if it is a string.
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The elements if the value is an array.
  public var arrayValue: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The members if the value is an object.
  public var objectValue: JSONObject? {
    if case .object(let value) = self { value } else { nil }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSONValue: ExpressibleByFloatLiteral {
  public init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }
}

extension JSONValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

  public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}

extension JSONValue: CustomStringConvertible {
  /// The value as compact JSON text.
  ///
  /// - Complexity: O(*n*) in the length of the text.
  public var description: String {
    String(decoding: JSONWriter(style: .compact).bytes(of: self), as: UTF8.self)
  }

  /// The value in a few words for an error message, however large it is.
  var summary: String {
    switch self {
    case .null, .bool: description
    case .number(let number): number.text.count > 40 ? "\(number.text.prefix(40))…" : number.text
    case .string(let text): "the string \(text.quoted)"
    case .array(let values): values.isEmpty ? "an empty array" : "an array of \(values.count)"
    case .object(let members): members.isEmpty ? "an empty object" : "an object"
    }
  }
}

/// A number of a JSON document, stored as its text.
///
/// Zarr attributes hold integers of any size, which must not change when you rewrite a document. Besides the
/// numbers of RFC 8259 it can be `NaN`, `Infinity` or `-Infinity`, which Python writes.
///
/// Two numbers are equal if their texts are equal. `1` and `1.0` differ, because only the first is an integer to
/// Zarr.
public struct JSONNumber: Hashable, Sendable, CustomStringConvertible {
  /// The text of the number in a document.
  public let text: String

  /// Takes text that the parser checked.
  init(checked text: String) {
    self.text = text
  }

  /// Creates a number from its text, or nil if the text is not exactly one number.
  ///
  /// - Complexity: O(*n*) in the length of the text.
  public init?(_ text: String) {
    guard case .number(let number)? = try? JSONParser().parse(Array(text.utf8)), number.text == text else {
      return nil
    }
    self = number
  }

  /// Creates a number from an integer.
  public init(_ value: Int) {
    text = String(value)
  }

  /// Creates a number from an integer.
  public init(_ value: UInt64) {
    text = String(value)
  }

  /// Creates a number from a floating-point value, with the fewest digits that give the same value back.
  ///
  /// Python spells it in the same way, so documents and chunks have the bytes that Python would write.
  public init(_ value: Double) {
    if value.isNaN {
      text = "NaN"
    } else if value.isInfinite {
      text = value < 0 ? "-Infinity" : "Infinity"
    } else {
      text = Self.spelling(of: value)
    }
  }

  /// The text of a finite value.
  ///
  /// Python writes an exponent from 10¹⁶ on, and Swift from 2⁵⁴ on.
  private static func spelling(of value: Double) -> String {
    let text = value.description
    guard value.magnitude >= 1e16, text.hasSuffix(".0") else { return text }
    let sign = text.hasPrefix("-") ? "-" : ""
    let digits = text.dropFirst(sign.utf8.count).dropLast(2)
    var fraction = digits.dropFirst()
    while fraction.last == "0" {
      fraction.removeLast()
    }
    return "\(sign)\(digits.prefix(1))\(fraction.isEmpty ? "" : ".")\(fraction)e+\(digits.utf8.count - 1)"
  }

  /// Whether the number is neither `NaN` nor an infinity, which JSON does not have.
  ///
  /// A number that is too large for a `Double` is finite.
  public var isFinite: Bool {
    switch text {
    case "NaN", "Infinity", "-Infinity": false
    default: true
    }
  }

  /// The number if it is spelled as an integer and an `Int` can hold it.
  public var integer: Int? { Int(text) }

  /// The number if it is spelled as an integer and a `UInt64` can hold it.
  public var unsignedInteger: UInt64? { UInt64(text) }

  /// The nearest `Double`: an infinity if the number is out of range, and NaN for `NaN`.
  public var double: Double { Double(text) ?? .nan }

  /// The same as ``text``.
  public var description: String { text }
}

/// The members of a JSON object, in the order of reading or setting.
///
/// Keys are unique. If a document repeats a key, its last value counts, as in most readers. The order of members
/// does not matter for equality.
public struct JSONObject: Sendable {
  private struct Member: Sendable {
    let key: String
    var value: JSONValue
  }

  /// The number of members from which on the object finds keys by hash.
  ///
  /// For fewer members, comparing keys is as fast and takes no memory.
  private static let indexThreshold = 16

  private var members: [Member] = []

  /// The position of each key in `members`; empty below the threshold.
  private var positions: [ExactString: Int] = [:]

  /// Creates an object without members.
  public init() {}

  /// Creates an object from members.
  ///
  /// If a key occurs twice, its last value counts.
  ///
  /// - Complexity: O(*n*).
  public init(_ members: some Sequence<(String, JSONValue)>) {
    for (key, value) in members {
      self[key] = value
    }
  }

  /// The value of a key, or nil if the object does not have it.
  ///
  /// Setting nil removes the member.
  ///
  /// - Complexity: O(1), and O(*n*) to remove a member.
  public subscript(key: String) -> JSONValue? {
    get {
      position(of: key).map { members[$0].value }
    }
    set {
      if let newValue {
        set(Member(key: key, value: newValue))
      } else if let position = position(of: key) {
        remove(at: position)
      }
    }
  }

  private func position(of key: String) -> Int? {
    let key = ExactString(key)
    return positions.isEmpty ? members.firstIndex { ExactString($0.key) == key } : positions[key]
  }

  private mutating func set(_ member: Member) {
    let position: Int?
    if positions.isEmpty {
      position = self.position(of: member.key)
    } else {
      // Most keys are new. Entering the key at once hashes it only once.
      let key = ExactString(member.key)
      position = positions.updateValue(members.count, forKey: key)
      if let position {
        positions[key] = position
      }
    }
    if let position {
      members[position].value = member.value
      return
    }
    members.append(member)
    if positions.isEmpty && members.count >= Self.indexThreshold {
      index()
    }
  }

  private mutating func remove(at position: Int) {
    members.remove(at: position)
    positions = [:]
    if members.count >= Self.indexThreshold {
      index()
    }
  }

  private mutating func index() {
    for (position, member) in members.enumerated() {
      positions[ExactString(member.key)] = position
    }
  }
}

extension JSONObject: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { members.count }

  public subscript(position: Int) -> (key: String, value: JSONValue) {
    (members[position].key, members[position].value)
  }
}

extension JSONObject: Hashable {
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
  }

  public func hash(into hasher: inout Hasher) {
    // Like equality, mixing with exclusive or does not depend on the order.
    var mixed = 0
    for (key, value) in self {
      var member = Hasher()
      member.combine(ExactString(key))
      member.combine(value)
      mixed ^= member.finalize()
    }
    hasher.combine(mixed)
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self.init(elements)
  }
}

/// A string that equals another only if both have the same bytes.
///
/// To Swift, `é` as one character equals `é` as a letter with an accent. To a store, and to other readers of a
/// document, they are different names.
struct ExactString: Hashable, Sendable {
  let text: String

  init(_ text: String) {
    self.text = text
  }

  static func == (left: ExactString, right: ExactString) -> Bool {
    left.text.utf8.count == right.text.utf8.count && left.text.utf8.elementsEqual(right.text.utf8)
  }

  /// Feeds eight bytes at a time, which takes a fraction of the time of single bytes.
  func hash(into hasher: inout Hasher) {
    var word: UInt64 = 0
    var count = 0
    for byte in text.utf8 {
      word = word << 8 | UInt64(byte)
      count += 1
      if count.isMultiple(of: 8) {
        hasher.combine(word)
        word = 0
      }
    }
    hasher.combine(word)
    hasher.combine(count)
  }
}

extension String {
  /// The text in quotes for errors, shortened if it is long.
  var quoted: String {
    // The length of a Swift character has no bound. That of a scalar has.
    utf8.count > 60 ? "\(JSONValue.string(String(unicodeScalars.prefix(40))))…" : "\(JSONValue.string(self))"
  }
}
