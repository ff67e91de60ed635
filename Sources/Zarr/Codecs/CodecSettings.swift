import ChunkEngine

/// The settings of a codec in a document.
///
/// Errors name the setting.
public struct CodecSettings: Sendable {
  /// What the document calls the codec.
  let name: String

  let fields: MetadataFields

  /// Where the document holds the codec, or the part of one.
  let field: String

  /// Reads the settings of a codec.
  init(_ codec: MetadataExtension, field: String) {
    name = codec.name
    self.field = field
    fields = MetadataFields(codec.configuration, path: "\(field).configuration")
  }

  /// Reads the settings of a part of a codec.
  private init(_ name: String, _ fields: MetadataFields) {
    self.name = name
    field = fields.path
    self.fields = fields
  }

  /// All settings as the document has them.
  package var configuration: JSONObject { fields.object }

  /// A setting as the document has it, or nil if it is missing.
  public subscript(name: String) -> JSONValue? { fields.object[name] }

  /// The error for a setting that has another value than `expected`.
  public func unexpected(_ name: String, expected: String) -> MetadataError {
    .expected(expected, found: fields.object[name] ?? .null, in: path(of: name))
  }

  /// An error about a setting, for what only its codec can judge.
  public func error(_ name: String, _ message: String) -> MetadataError {
    MetadataError(code: .unexpectedValue, field: path(of: name), message: message)
  }

  /// An error about the codec as a whole.
  func error(_ message: String) -> MetadataError {
    MetadataError(code: .unexpectedValue, field: field, message: message)
  }

  /// The error for a setting that names a type of numbers which the codec cannot compute with.
  func unsupported(_ type: NumberType, _ name: String) -> MetadataError {
    MetadataError(
      code: .unsupported, field: path(of: name), message: "the codec does not work with \(type.rawValue)")
  }

  /// Checks that there are no settings but `known`.
  ///
  /// - Throws: ``MetadataError`` that names the first other one.
  public func checkOnly(_ known: String...) throws(MetadataError) {
    try fields.checkOnly(known)
  }

  /// An integer in `range`, or `defaultValue` if the setting is missing.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is another value.
  public func integer(
    _ name: String, in range: ClosedRange<Int>, default defaultValue: Int
  ) throws(MetadataError) -> Int {
    guard let value = fields.object[name] else { return defaultValue }
    return try Self.integer(value, in: range, path(of: name))
  }

  /// An integer in `range`, or nil if the setting is missing or null.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is another value.
  public func optionalInteger(_ name: String, in range: ClosedRange<Int>) throws(MetadataError) -> Int? {
    guard let value = value(name) else { return nil }
    return try Self.integer(value, in: range, path(of: name))
  }

  /// An integer in `range`.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is missing or another value.
  public func requiredInteger(
    _ name: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(MetadataError) -> Int {
    try Self.integer(fields.required(name, "an integer"), in: range, path(of: name))
  }

  /// A list of integers in `range`, or nil if the setting is missing or null.
  ///
  /// - Throws: ``MetadataError`` that names the first item which is another value.
  public func integers(_ name: String, in range: ClosedRange<Int>) throws(MetadataError) -> [Int]? {
    guard let items = try items(name, "a list of integers") else { return nil }
    var integers: [Int] = []
    for (index, item) in items.enumerated() {
      integers.append(try Self.integer(item, in: range, "\(path(of: name))[\(index)]"))
    }
    return integers
  }

  /// A number.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is missing or no number.
  func number(_ name: String) throws(MetadataError) -> JSONNumber {
    guard case .number(let number) = try fields.required(name, "a number") else {
      throw unexpected(name, expected: "a number")
    }
    return number
  }

  /// A type of numbers under its name in NumPy, or `defaultType` if the setting is missing or null.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is another value, or missing without a default.
  func numberType(_ name: String, default defaultType: NumberType?) throws(MetadataError) -> NumberType {
    if let defaultType, value(name) == nil { return defaultType }
    let expected = "a type of NumPy, as \"<f8\""
    guard let type = try fields.required(name, expected).stringValue.flatMap(NumberType.init(numpy:)) else {
      throw unexpected(name, expected: expected)
    }
    return type
  }

  /// Text, or `defaultValue` if the setting is missing.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is another value.
  public func string(_ name: String, default defaultValue: String) throws(MetadataError) -> String {
    guard fields.object[name] != nil else { return defaultValue }
    return try requiredString(name)
  }

  /// Text.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is missing or another value.
  public func requiredString(_ name: String) throws(MetadataError) -> String {
    guard let text = try fields.required(name, "a string").stringValue else {
      throw unexpected(name, expected: "a string")
    }
    return text
  }

  /// True or false, or `defaultValue` if the setting is missing.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is neither.
  public func boolean(_ name: String, default defaultValue: Bool) throws(MetadataError) -> Bool {
    guard let value = fields.object[name] else { return defaultValue }
    guard let boolean = value.boolValue else { throw unexpected(name, expected: "true or false") }
    return boolean
  }

  /// One of the named values of an enumeration, or `defaultValue` if the setting is missing.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is none of them.
  public func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, default defaultValue: Choice
  ) throws(MetadataError) -> Choice {
    guard fields.object[name] != nil else { return defaultValue }
    return try requiredChoice(name)
  }

  /// One of the named values of an enumeration.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is missing or none of them.
  public func requiredChoice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String
  ) throws(MetadataError) -> Choice {
    let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    let value = try fields.required(name, "one of \(names)")
    guard let choice = value.stringValue.flatMap(Choice.init(rawValue:)) else {
      throw unexpected(name, expected: "one of \(names)")
    }
    return choice
  }

  /// One of the numbered values of an enumeration, or nil if the setting is missing or null.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is none of them.
  public func choice<Choice: RawRepresentable<Int> & CaseIterable>(
    _ name: String
  ) throws(MetadataError) -> Choice? {
    guard let value = value(name) else { return nil }
    guard let choice = value.integerValue.flatMap(Choice.init(rawValue:)) else {
      let numbers = Choice.allCases.map { String($0.rawValue) }.joined(separator: ", ")
      throw unexpected(name, expected: "one of \(numbers)")
    }
    return choice
  }

  /// A list of objects, each as settings of its own, or nil if the setting is missing or null.
  ///
  /// - Throws: ``MetadataError`` that names the first item which is not an object.
  public func list(_ name: String) throws(MetadataError) -> [CodecSettings]? {
    guard let items = try items(name, "a list of objects") else { return nil }
    var list: [CodecSettings] = []
    for (index, item) in items.enumerated() {
      list.append(CodecSettings(self.name, try MetadataFields(item, path: "\(path(of: name))[\(index)]")))
    }
    return list
  }

  /// An array of codecs, or nil if the setting is missing.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is not an array of codecs.
  func extensions(_ name: String) throws(MetadataError) -> [MetadataExtension]? {
    guard fields.object[name] != nil else { return nil }
    return try fields.extensions(name, "an array of codecs")
  }

  /// A chain of codecs.
  ///
  /// An unknown codec is an error even if its metadata lets readers leave it out: writers that see only the
  /// outer codec could not know that the chain is incomplete.
  ///
  /// - Throws: ``MetadataError`` that names the setting, or what is wrong inside it.
  func chain(_ name: String, _ context: CodecContext) throws(MetadataError) -> CodecChain {
    let codecs = try fields.extensions(name, "an array of codecs")
    let chain = try CodecChain(codecs, context, field: path(of: name))
    guard chain.hasAll(codecs) else {
      throw MetadataError(
        code: .unsupported, field: path(of: name), message: "one of the codecs is not supported")
    }
    return chain
  }

  /// A setting that is neither missing nor null.
  private func value(_ name: String) -> JSONValue? {
    guard let value = fields.object[name], value != .null else { return nil }
    return value
  }

  /// The items of a list, or nil if the setting is missing or null.
  private func items(_ name: String, _ expected: String) throws(MetadataError) -> [JSONValue]? {
    guard let value = value(name) else { return nil }
    guard let items = value.arrayValue else { throw unexpected(name, expected: expected) }
    return items
  }

  private static func integer(
    _ value: JSONValue, in range: ClosedRange<Int>, _ path: String
  ) throws(MetadataError) -> Int {
    guard let integer = value.integerValue, range.contains(integer) else {
      let isAny = range == Int.min...Int.max
      throw .expected(
        isAny ? "an integer" : "an integer from \(range.lowerBound) to \(range.upperBound)", found: value,
        in: path)
    }
    return integer
  }

  private func path(of name: String) -> String { fields.path(of: name) }
}
