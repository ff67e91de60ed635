extension JSON2Codec: MetadataCodec {
  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly(
      "encoding", "skipkeys", "ensure_ascii", "check_circular", "allow_nan", "sort_keys", "indent",
      "separators", "strict")
    let indent = settings["indent"] ?? .null
    let separators = try Self.separators(settings, isIndented: indent != .null)
    let spelling = JSONSpelling(
      escapesNonASCII: try settings.boolean("ensure_ascii", default: true),
      sortsKeys: try settings.boolean("sort_keys", default: true), mergesRepeatedKeys: true,
      allowsNaN: try settings.boolean("allow_nan", default: true), itemSeparator: separators.item,
      keySeparator: separators.key, indentation: try Self.indentation(indent, settings))
    let encoding = try Self.encoding(settings, isASCII: spelling.escapesNonASCII)
    self.init(
      spelling,
      configuration: Self.configuration(
        spelling, encoding: encoding, skipsKeys: try settings.boolean("skipkeys", default: false),
        checksCircles: try settings.boolean("check_circular", default: true), indentation: indent,
        isStrict: try settings.boolean("strict", default: true)))
  }

  /// All settings, in the order of numcodecs.
  static func configuration(
    _ spelling: JSONSpelling, encoding: String, skipsKeys: Bool, checksCircles: Bool, indentation: JSONValue,
    isStrict: Bool
  ) -> JSONObject {
    [
      "encoding": .string(encoding), "skipkeys": .bool(skipsKeys),
      "ensure_ascii": .bool(spelling.escapesNonASCII), "check_circular": .bool(checksCircles),
      "allow_nan": .bool(spelling.allowsNaN), "indent": indentation,
      "separators": [
        .string(String(decoding: spelling.itemSeparator, as: UTF8.self)),
        .string(String(decoding: spelling.keySeparator, as: UTF8.self)),
      ],
      "sort_keys": .bool(spelling.sortsKeys), "strict": .bool(isStrict),
    ]
  }

  private static func separators(
    _ settings: CodecSettings, isIndented: Bool
  ) throws(MetadataError) -> (item: [UInt8], key: [UInt8]) {
    switch settings["separators"] {
    case nil, .null?:
      return isIndented ? (Array(", ".utf8), Array(": ".utf8)) : (Array(",".utf8), Array(":".utf8))
    case .array(let values)?:
      // With any other text between them the elements would not be JSON.
      if values.count == 2, let item = separator(values[0], of: ","), let key = separator(values[1], of: ":")
      {
        return (item, key)
      }
    default: break
    }
    throw settings.unexpected("separators", expected: "a comma and a colon, perhaps with spaces")
  }

  private static func separator(_ value: JSONValue, of mark: UnicodeScalar) -> [UInt8]? {
    guard let text = value.stringValue, text.utf8.count <= maximumSpaceCount else { return nil }
    let marks = text.unicodeScalars.filter { !" \t\n\r".unicodeScalars.contains($0) }
    return marks.elementsEqual([mark]) ? Array(text.utf8) : nil
  }

  /// What a level is indented with: as many spaces as a number says, or white space as it is.
  private static func indentation(
    _ value: JSONValue, _ settings: CodecSettings
  ) throws(MetadataError) -> [UInt8]? {
    if case .null = value { return nil }
    if let count = value.integerValue, count <= maximumSpaceCount {
      return Array(repeating: UInt8(ascii: " "), count: max(0, count))
    }
    if let text = value.stringValue, text.utf8.count <= maximumSpaceCount,
      text.unicodeScalars.allSatisfy({ " \t\n\r".unicodeScalars.contains($0) })
    {
      return Array(text.utf8)
    }
    throw settings.unexpected(
      "indent", expected: "null, a number up to \(maximumSpaceCount), or white space")
  }

  /// The most spaces that a setting may ask for: each level of each line has them.
  private static let maximumSpaceCount = 64

  private static func encoding(_ settings: CodecSettings, isASCII: Bool) throws(MetadataError) -> String {
    guard let value = settings["encoding"] else { return "utf-8" }
    let name = value.stringValue?.lowercased().replacing("_", with: "-") ?? ""
    let asciiNames = ["ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1"]
    guard name == "utf-8" || name == "utf8" || isASCII && asciiNames.contains(name),
      let text = value.stringValue
    else {
      throw settings.unexpected("encoding", expected: "utf-8")
    }
    return text
  }
}
