import ChunkEngine

extension CodecSettings {
  /// A type of numbers as NumPy calls it, or `defaultType` if there is none, or null in its place.
  ///
  /// - Throws: ``MetadataError`` that names the setting if it is no such type, or missing without a default.
  func numberType(_ name: String, default defaultType: NumberType?) throws(MetadataError) -> NumberType {
    if let defaultType, fields.object[name] ?? .null == .null { return defaultType }
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
