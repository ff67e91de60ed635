/// A value of a JSON document.
///
/// Foundation's JSON types are not used, because they lose digits of large integers, refuse `NaN` and
/// `Infinity`, which zarr-python writes into attributes, and forget the order of members.
///
/// Strings are equal if their bytes are.
public enum JSONValue: Sendable {
  /// The value `null`.
  case null
  /// The value `true` or `false`.
  case bool(Bool)
  /// A number, as it was written.
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

  /// The value, if it is `true` or `false`.
  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The value, if it is a number that is written as an integer and an `Int` can hold it.
  public var integerValue: Int? {
    if case .number(let value) = self { value.integer } else { nil }
  }

  /// The value, if it is a string.
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The elements, if this is an array.
  public var arrayValue: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The members, if this is an object.
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

  /// What the value is, in a few words for an error message, however large it is.
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
