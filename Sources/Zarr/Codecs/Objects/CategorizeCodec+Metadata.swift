extension CategorizeCodec: MetadataCodec {
  public var configuration: JSONObject {
    [
      "labels": .array(labels.map(JSONValue.string)), "dtype": .string(dataTypeName),
      "astype": .string(codeType.name),
    ]
  }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("labels", "dtype", "astype")
    var labels: [String] = []
    for value in settings["labels"]?.arrayValue ?? [] {
      guard let label = value.stringValue else {
        throw settings.unexpected("labels", expected: "an array of strings")
      }
      labels.append(label)
    }
    guard settings["labels"]?.arrayValue != nil else {
      throw settings.unexpected("labels", expected: "an array of strings")
    }
    guard let dataTypeName = (settings["dtype"] ?? "|O").stringValue else {
      throw settings.unexpected("dtype", expected: "the name of a data type")
    }
    guard let codeType = CodeType(settings["astype"] ?? "|u1"), labels.count <= codeType.maximum else {
      throw settings.unexpected("astype", expected: "a type of integers that can count the labels")
    }
    self.init(labels: labels, dataTypeName: dataTypeName, codeType: codeType)
  }
}

extension CategorizeCodec.CodeType {
  /// Reads the name of a type of integers in NumPy, short or long, with the byte order in front.
  init?(_ value: JSONValue) {
    guard let text = value.stringValue, text.utf8.count <= 8 else { return nil }
    let bare = text.drop { "<>|=".contains($0) }
    for byteCount in [1, 2, 4, 8] {
      for (kind, isSigned) in [("u", false), ("i", true)]
      where bare == "\(kind)\(byteCount)" || bare == "\(isSigned ? "" : "u")int\(byteCount * 8)" {
        self.init(
          name: text, byteCount: byteCount, isBigEndian: text.hasPrefix(">"), isSigned: isSigned)
        return
      }
    }
    return nil
  }
}
