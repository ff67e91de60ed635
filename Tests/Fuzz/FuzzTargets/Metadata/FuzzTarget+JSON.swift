import Zarr

extension FuzzTarget {
  /// The JSON parser and writer: the input is the document.
  static let json = FuzzTarget("json") {
    let texts = [
      "null", "true", "false", "0", "-0.0e+10", "1.5E-3", "NaN", "-Infinity", "Infinity", "\"\"",
      "[[], {}, [1, 2]]", #"{"a": {"b": [null, "\ud83d\ude00\n\u0000é"]}, "a": 1}"#,
      " {\"long\": 123456789012345678901234567890}\n", "[0.1, 1e400, -9223372036854775808]",
    ]
    return texts.map { Array($0.utf8) }
  } prepare: {
    let parser = JSONParser(maximumDepth: 64, maximumByteCount: 1 << 16)
    return { input in
      let bytes = input.rest()
      var compact: [UInt8] = []
      let isJSON = (try? parser.appendCompact(bytes.span.bytes, to: &compact)) != nil
      if isJSON {
        var again: [UInt8] = []
        try must("compact text is no JSON") { try parser.appendCompact(compact.span.bytes, to: &again) }
        try check(again == compact, "compact text is not what it is made compact to")
      }
      guard let value = try? parser.parse(bytes) else { return }
      try check(isJSON, "a document that is parsed cannot be made compact")
      try check(must("compact text") { try parser.parse(compact) } == value, "compact text has another value")
      for style in [JSONSpelling.compact, .pretty] {
        let text = JSONWriter(style: style).bytes(of: value)
        let parsed = try must("a written document is not parsed") { try parser.parse(text) }
        try check(parsed == value, "a written document has another value")
        try check(parsed.hashValue == value.hashValue, "equal values have other hashes")
      }
      if case .number(let number) = value {
        let double = number.double
        let again = JSONNumber(double)
        try check(JSONNumber(again.text) == again, "\(again.text) is no number")
        try check(again.double == double || double.isNaN && again.double.isNaN, "\(double) became \(again)")
        _ = (number.integer, number.unsignedInteger)
      }
    }
  }
}
