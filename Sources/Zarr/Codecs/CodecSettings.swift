import ChunkEngine

/// The settings of a codec in a document, read with errors that name the setting.
public struct CodecSettings: Sendable {
  let fields: MetadataFields

  /// Where the document holds the codec, or the part of one.
  let field: String

  /// Reads the settings of a codec.
  ///
  /// - Parameters:
  ///   - codec: The codec as the document holds it.
  ///   - field: Where the document holds it.
  init(_ codec: MetadataExtension, field: String) {
    self.field = field
    fields = MetadataFields(codec.configuration, path: "\(field).configuration")
  }

  /// Reads the settings of a part of a codec.
  init(_ fields: MetadataFields) {
    field = fields.path
    self.fields = fields
  }

  /// A setting as the document has it, or nil if there is none.
  public subscript(name: String) -> JSONValue? { fields.object[name] }

  /// The error for a setting that has another value than `expected`.
  public func unexpected(_ name: String, expected: String) -> MetadataError {
    .expected(expected, found: fields.object[name] ?? .null, in: fields.path(of: name))
  }

  /// An integer in `range`, or `defaultValue` if there is none.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is not such an integer.
  public func integer(
    _ name: String, in range: ClosedRange<Int>, default defaultValue: Int
  ) throws(MetadataError) -> Int {
    guard let value = fields.object[name] else { return defaultValue }
    guard let integer = value.integerValue, range.contains(integer) else {
      throw .expected(
        "an integer from \(range.lowerBound) to \(range.upperBound)", found: value, in: fields.path(of: name))
    }
    return integer
  }

  /// True or false, or `defaultValue` if there is none.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is neither.
  public func boolean(_ name: String, default defaultValue: Bool) throws(MetadataError) -> Bool {
    guard let value = fields.object[name] else { return defaultValue }
    guard let boolean = value.boolValue else {
      throw .expected("true or false", found: value, in: fields.path(of: name))
    }
    return boolean
  }

  /// One of the named values of an enumeration, or `defaultValue` if there is none.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is none of them.
  public func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, default defaultValue: Choice
  ) throws(MetadataError) -> Choice {
    guard let value = fields.object[name] else { return defaultValue }
    guard let choice = value.stringValue.flatMap(Choice.init(rawValue:)) else {
      let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw .expected("one of \(names)", found: value, in: fields.path(of: name))
    }
    return choice
  }

  /// An array of codecs, or nil if there is none.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is not an array of codecs.
  func extensions(_ name: String) throws(MetadataError) -> [MetadataExtension]? {
    guard fields.object[name] != nil else { return nil }
    var extensions: [MetadataExtension] = []
    for (index, value) in try fields.array(name, "an array of codecs").enumerated() {
      extensions.append(try MetadataExtension(value, field: "\(fields.path(of: name))[\(index)]"))
    }
    return extensions
  }

  /// Checks that there are no settings but `known`.
  ///
  /// - Throws: ``MetadataError`` that names the first other one.
  public func checkOnly(_ known: String...) throws(MetadataError) {
    for (name, value) in fields.object where !known.contains(name) {
      throw MetadataError(
        code: .unsupported, field: fields.path(of: name),
        message: "unknown setting with the value \(value.summary)")
    }
  }
}

/// Settings that may be null or left out, and lists.
extension CodecSettings {
  /// An integer in `range`, or nil if there is none or null.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is not such an integer.
  public func optionalInteger(_ name: String, in range: ClosedRange<Int>) throws(MetadataError) -> Int? {
    guard let value = value(name) else { return nil }
    guard let integer = value.integerValue, range.contains(integer) else {
      throw .expected(
        "an integer from \(range.lowerBound) to \(range.upperBound)", found: value, in: path(of: name))
    }
    return integer
  }

  /// An integer that must be there.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is not an integer.
  public func requiredInteger(_ name: String) throws(MetadataError) -> Int {
    let value = try fields.required(name, "an integer")
    guard let integer = value.integerValue else {
      throw .expected("an integer", found: value, in: path(of: name))
    }
    return integer
  }

  /// One of the numbered values of an enumeration, or nil if there is none or null.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is none of them.
  public func choice<Choice: RawRepresentable<Int> & CaseIterable>(
    _ name: String
  ) throws(MetadataError) -> Choice? {
    guard let value = value(name) else { return nil }
    guard let choice = value.integerValue.flatMap(Choice.init(rawValue:)) else {
      let numbers = Choice.allCases.map { String($0.rawValue) }.joined(separator: ", ")
      throw .expected("one of \(numbers)", found: value, in: path(of: name))
    }
    return choice
  }

  /// One of the named values of an enumeration, which must be there.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is none of them.
  public func requiredChoice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String
  ) throws(MetadataError) -> Choice {
    let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    let value = try fields.required(name, "one of \(names)")
    guard let choice = value.stringValue.flatMap(Choice.init(rawValue:)) else {
      throw .expected("one of \(names)", found: value, in: path(of: name))
    }
    return choice
  }

  /// A list of integers in `range`, or nil if there is none or null.
  ///
  /// - Throws: ``MetadataError`` that names the item which is not such an integer.
  public func integers(_ name: String, in range: ClosedRange<Int>) throws(MetadataError) -> [Int]? {
    guard let value = value(name) else { return nil }
    guard let items = value.arrayValue else {
      throw .expected("a list of integers", found: value, in: path(of: name))
    }
    var integers: [Int] = []
    for (index, item) in items.enumerated() {
      guard let integer = item.integerValue, range.contains(integer) else {
        throw .expected(
          "an integer from \(range.lowerBound) to \(range.upperBound)", found: item,
          in: "\(path(of: name))[\(index)]")
      }
      integers.append(integer)
    }
    return integers
  }

  /// A list of objects, each to be read as settings of its own, or nil if there is none or null.
  ///
  /// - Throws: ``MetadataError`` that names the item which is not an object.
  public func list(_ name: String) throws(MetadataError) -> [CodecSettings]? {
    guard let value = value(name) else { return nil }
    guard let items = value.arrayValue else {
      throw .expected("a list of objects", found: value, in: path(of: name))
    }
    var list: [CodecSettings] = []
    for (index, item) in items.enumerated() {
      list.append(CodecSettings(try MetadataFields(item, path: "\(path(of: name))[\(index)]")))
    }
    return list
  }

  /// An error about a setting, for what only its codec can judge.
  public func error(_ name: String, _ message: String) -> MetadataError {
    MetadataError(code: .unexpectedValue, field: path(of: name), message: message)
  }

  /// A setting that is neither missing nor null.
  private func value(_ name: String) -> JSONValue? {
    guard let value = fields.object[name], value != .null else { return nil }
    return value
  }

  private func path(of name: String) -> String { fields.path(of: name) }
}

extension CodecSettings {
  /// A type of numbers as NumPy calls it, or `defaultType` if there is none.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is no such type, or missing without a default.
  func numberType(_ name: String, default defaultType: NumberType?) throws(MetadataError) -> NumberType {
    if fields.object[name] == nil, let defaultType { return defaultType }
    let expected = "a type of NumPy, as \"<f8\""
    let value = try fields.required(name, expected)
    guard let type = value.stringValue.flatMap(NumberType.init(numpy:)) else {
      throw .expected(expected, found: value, in: fields.path(of: name))
    }
    return type
  }

  /// An integer that must be there, in `range`.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is missing, or not such an integer.
  func requiredInteger(_ name: String, in range: ClosedRange<Int>) throws(MetadataError) -> Int {
    _ = try fields.required(name, "an integer")
    return try integer(name, in: range, default: range.lowerBound)
  }

  /// A number that must be there.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is missing, or no number.
  func number(_ name: String) throws(MetadataError) -> JSONNumber {
    let value = try fields.required(name, "a number")
    guard case .number(let number) = value else {
      throw .expected("a number", found: value, in: fields.path(of: name))
    }
    return number
  }

  /// The codec cannot work with numbers of a type.
  func unsupported(_ type: NumberType, _ name: String) -> MetadataError {
    MetadataError(
      code: .unsupported, field: fields.path(of: name),
      message: "the codec does not work with \(type.rawValue)")
  }
}

/// Codecs inside of codecs.
extension CodecSettings {
  /// A chain of codecs that must be there.
  ///
  /// None of the codecs is left out, even if its metadata says that readers may: it could not be told from
  /// outside that nothing may be written.
  ///
  /// - Parameters:
  ///   - name: The name of the setting.
  ///   - context: What the first of the codecs gets.
  /// - Returns: The codecs, ready to run.
  /// - Throws: ``MetadataError`` that names the setting, or what is wrong inside of it.
  func chain(_ name: String, _ context: CodecContext) throws(MetadataError) -> CodecChain {
    guard let codecs = try extensions(name) else {
      throw MetadataError(
        code: .missingField, field: fields.path(of: name), message: "missing; expected an array of codecs")
    }
    let chain = try CodecChain(codecs, context, field: fields.path(of: name))
    guard chain.hasAll(codecs) else {
      throw MetadataError(
        code: .unsupported, field: fields.path(of: name), message: "one of the codecs is not supported")
    }
    return chain
  }
}
