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
