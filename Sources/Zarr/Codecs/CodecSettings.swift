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
