import ChunkEngine

extension DataType {
  /// Reads a fill value: the element that readers find where nothing was written.
  ///
  /// | data type | value |
  /// |-----------|-------|
  /// | `bool` | `true`, `false` |
  /// | integers | an integer |
  /// | floating-point numbers | a number, `"NaN"`, `"Infinity"`, `"-Infinity"`, or the bits as `"0x7fc00000"` |
  /// | complex numbers | an array of both parts |
  /// | text | a string |
  /// | byte strings | base64 text with the standard alphabet and padding, or an array of integers |
  /// | JSON | any value |
  /// | times | an integer or `"NaT"` |
  /// | structures | an object with the fields, or base64 text of all their bytes |
  /// | arrays | an array |
  /// | optional elements | `null`, or an array with the element |
  ///
  /// Like zarr-python, this also takes integers as `1.0`, `"1"` and `true`, and numbers as strings.
  ///
  /// - Returns: The bytes of the element in memory.
  /// - Throws: An error if the value does not fit the data type.
  /// - Complexity: O(*n*) in the length of the value and the size of an element.
  public func fillValue(from value: JSONValue) throws(MetadataError) -> [UInt8] {
    try fillValue(from: value, field: "fill_value")
  }

  /// Reads a value in the form of a fill value from another field.
  func fillValue(from value: JSONValue, field: String) throws(MetadataError) -> [UInt8] {
    try ElementReader(form: .fillValue).bytes(of: self, from: value, field: field)
  }

  /// The fill value in a document.
  ///
  /// It has the form that most libraries read. Byte strings of any length are base64 text, because
  /// zarr-python does not read arrays of integers for them.
  ///
  /// - Throws: An error if the bytes are not an element of the data type.
  /// - Complexity: O(*n*) in the number of bytes.
  public func json(ofFillValue bytes: [UInt8]) throws(MetadataError) -> JSONValue {
    try ElementWriter(form: .fillValue).json(of: self, bytes[...], field: "fill_value")
  }

  /// An element as JSON.
  ///
  /// It has the form of a fill value with two exceptions. A present element of an optional type is in an
  /// array only if the inner type is optional, JSON, or of another package. Byte strings of fixed length are
  /// base64 text like all others.
  ///
  /// - Parameters:
  ///   - bytes: The bytes of the element in memory.
  ///   - wrapsPresent: Whether every present element of an optional type is in an array, as in documents.
  /// - Returns: The value.
  /// - Throws: An error if the bytes are not an element of the data type.
  /// - Complexity: O(*n*) in the number of bytes.
  public func json(
    ofElement bytes: RawSpan, wrapsPresent: Bool = false
  ) throws(MetadataError) -> JSONValue {
    if case .extension(let type) = self { return try type.base.json(ofElement: bytes) }
    let bytes = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    let form = wrapsPresent ? ElementForm.wrappedElement : .element
    return try ElementWriter(form: form).json(of: self, bytes[...], field: "element")
  }

  /// Reads an element as ``json(ofElement:wrapsPresent:)`` writes it.
  ///
  /// - Returns: The bytes of the element in memory.
  /// - Throws: An error if the value does not fit the data type.
  /// - Complexity: O(*n*) in the length of the value and the size of an element.
  public func elementBytes(from value: JSONValue) throws(MetadataError) -> [UInt8] {
    try ElementReader(form: .element).bytes(of: self, from: value, field: "element")
  }

  /// Whether a present element is in an array of its own, so that it differs from an absent one.
  fileprivate func wrapsElements(in form: ElementForm) -> Bool {
    switch (form, self) {
    case (.fillValue, _), (.wrappedElement, _), (_, .json), (_, .optional), (_, .extension): true
    case (.element, _): false
    }
  }
}

/// The purpose of an element as JSON.
enum ElementForm: Hashable, Sendable {
  /// The metadata of an array.
  case fillValue
  /// People and other programs.
  case element
  /// Programs that expect the form of fill values, but numbers by their value.
  case wrappedElement
}

extension UInt64 {
  /// The number with these bytes, at most eight, the least significant first.
  init(littleEndianBytes bytes: ArraySlice<UInt8>) {
    self = bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The low bytes, the least significant first.
  func littleEndianBytes(count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: self >> (8 * UInt64($0))) }
  }
}

/// Turns JSON values into elements.
///
/// Values come from documents, so they can be anything. The depth of the data type limits the recursion.
private struct ElementReader {
  let form: ElementForm

  func bytes(of type: DataType, from value: JSONValue, field: String) throws(MetadataError) -> [UInt8] {
    switch type {
    case .number(let type): return try number(type, from: value, field: field)
    case .smallNumber(let type): return [try smallNumber(type, from: value, field: field)]
    case .complex(let part):
      return try pair(from: value, field: field) { value, field throws(MetadataError) in
        try bytes(of: part, from: value, field: field)
      }
    case .bytes: return try byteString(from: value, field: field)
    case .string: return Array(try text(from: value, field: field).utf8)
    case .json: return JSONWriter(style: .compact).bytes(of: value)
    case .array(let item): return try array(of: item, from: value, field: field)
    case .rawBytes(let byteCount), .opaqueBytes(let byteCount):
      return try byteString(from: value, field: field, count: byteCount...byteCount)
    case .nullTerminatedBytes(let byteCount):
      let bytes = try byteString(from: value, field: field, count: 0...byteCount)
      return bytes + [UInt8](repeating: 0, count: byteCount - bytes.count)
    case .fixedLengthUTF32(let length): return try codePoints(length, from: value, field: field)
    case .datetime64, .timedelta64:
      if value == "NaT" { return TimeUnit.notATime.littleEndianBytes(count: 8) }
      return try integer(.int64, from: value, field: field)
    case .structure(let fields): return try structure(fields, type, from: value, field: field)
    case .subarray(let item, let shape):
      return try subarray(of: item, shape[...], from: value, field: field)
    case .optional(let type): return try optional(type, from: value, field: field)
    case .extension(let type):
      let bytes =
        try form == .fillValue ? type.base.fillValue(from: value) : type.base.elementBytes(from: value)
      if let expected = type.base.layout.fixedByteCount, bytes.count != expected {
        throw .expected("a value of \(expected) bytes", found: value, in: field)
      }
      return bytes
    }
  }

  private func text(from value: JSONValue, field: String) throws(MetadataError) -> String {
    guard let text = value.stringValue else { throw .expected("a string", found: value, in: field) }
    return text
  }

  private func codePoints(
    _ count: Int, from value: JSONValue, field: String
  ) throws(MetadataError) -> [UInt8] {
    var scalars = Array(try text(from: value, field: field).unicodeScalars)
    while scalars.last?.value == 0 { scalars.removeLast() }
    guard scalars.count <= count else {
      throw .expected("at most \(count) code points", found: value, in: field)
    }
    let bytes = scalars.flatMap { UInt64($0.value).littleEndianBytes(count: 4) }
    return bytes + [UInt8](repeating: 0, count: 4 * count - bytes.count)
  }

  private func array(of item: DataType, from value: JSONValue, field: String) throws(MetadataError) -> [UInt8]
  {
    guard let values = value.arrayValue else { throw .expected("an array", found: value, in: field) }
    var bytes: [UInt8] = []
    for (index, value) in values.enumerated() {
      bytes += try self.bytes(of: item, from: value, field: "\(field)[\(index)]")
    }
    return bytes
  }

  /// Reads nested arrays with a level for each dimension of the shape.
  private func subarray(
    of item: DataType, _ shape: ArraySlice<Int>, from value: JSONValue, field: String
  ) throws(MetadataError) -> [UInt8] {
    guard let count = shape.first else { return try bytes(of: item, from: value, field: field) }
    guard let values = value.arrayValue, values.count == count else {
      throw .expected("an array of \(count) values", found: value, in: field)
    }
    var bytes: [UInt8] = []
    for (index, value) in values.enumerated() {
      bytes += try subarray(of: item, shape.dropFirst(), from: value, field: "\(field)[\(index)]")
    }
    return bytes
  }

  private func optional(
    _ type: DataType, from value: JSONValue, field: String
  ) throws(MetadataError) -> [UInt8] {
    if value == .null { return [UInt8](repeating: 0, count: 1 + (type.layout.fixedByteCount ?? 0)) }
    guard type.wrapsElements(in: form) else { return [1] + (try bytes(of: type, from: value, field: field)) }
    guard let values = value.arrayValue, values.count == 1 else {
      throw .expected("null or an array with one value", found: value, in: field)
    }
    return [1] + (try bytes(of: type, from: values[0], field: "\(field)[0]"))
  }

  private func structure(
    _ fields: [StructureField], _ type: DataType, from value: JSONValue, field path: String
  ) throws(MetadataError) -> [UInt8] {
    if case .string = value {
      let count = type.layout.fixedByteCount ?? 0
      return try byteString(from: value, field: path, count: count...count)
    }
    guard let members = value.objectValue else {
      throw .expected("an object, or base64 text", found: value, in: path)
    }
    let names = Set(fields.map { ExactString($0.name) })
    for (name, value) in members where !names.contains(ExactString(name)) {
      throw .expected(
        "only the fields of the data type", found: value,
        in: MetadataFields(JSONObject(), path: path).path(of: name))
    }
    var bytes: [UInt8] = []
    for field in fields {
      if let value = members[field.name] {
        bytes += try self.bytes(
          of: field.dataType, from: value,
          field: MetadataFields(JSONObject(), path: path).path(of: field.name))
      } else {
        bytes += field.dataType.defaultFillValue
      }
    }
    return bytes
  }
}

extension ElementReader {
  /// Reads a byte string.
  ///
  /// It is base64 text with the standard alphabet and padding, or an array of integers.
  ///
  /// - Throws: An error if the value is neither, or has another number of bytes.
  private func byteString(
    from value: JSONValue, field: String, count: ClosedRange<Int> = 0...Int.max
  ) throws(MetadataError) -> [UInt8] {
    let bytes: [UInt8]
    switch value {
    case .string(let text):
      guard let decoded = Base64Codec.bytes(of: text) else {
        throw .expected("base64 text with padding", found: value, in: field)
      }
      bytes = decoded
    case .array(let values):
      bytes = try self.bytes(values, field: field)
    default:
      throw .expected("base64 text or an array of integers", found: value, in: field)
    }
    guard count.contains(bytes.count) else {
      let expected =
        count.lowerBound == count.upperBound ? "\(count.upperBound)" : "at most \(count.upperBound)"
      throw MetadataError(
        code: .unexpectedValue, field: field, message: "expected \(expected) bytes, found \(bytes.count)")
    }
    return bytes
  }

  private func bytes(_ values: [JSONValue], field: String) throws(MetadataError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      guard let byte = value.integerValue.flatMap({ UInt8(exactly: $0) }) else {
        throw .expected("an integer from 0 to 255", found: value, in: "\(field)[\(index)]")
      }
      bytes.append(byte)
    }
    return bytes
  }
}

extension ElementReader {
  /// Reads a number of at least eight bits.
  private func number(
    _ type: NumberType, from value: JSONValue, field: String
  ) throws(MetadataError) -> [UInt8] {
    if type == .bool { return [try truth(from: value, field: field)] }
    guard let format = type.format else { return try integer(type, from: value, field: field) }
    func part(_ value: JSONValue, _ field: String) throws(MetadataError) -> [UInt8] {
      try format.bits(from: value, field: field).littleEndianBytes(count: format.byteCount)
    }
    return type.isComplex ? try pair(from: value, field: field, part) : try part(value, field)
  }

  /// Reads an array of two values.
  private func pair(
    from value: JSONValue, field: String,
    _ part: (JSONValue, String) throws(MetadataError) -> [UInt8]
  ) throws(MetadataError) -> [UInt8] {
    guard let parts = value.arrayValue, parts.count == 2 else {
      throw .expected("an array of a real and an imaginary part", found: value, in: field)
    }
    return try part(parts[0], "\(field)[0]") + part(parts[1], "\(field)[1]")
  }

  /// Reads a number of at most eight bits.
  private func smallNumber(
    _ type: SmallNumberType, from value: JSONValue, field: String
  ) throws(MetadataError) -> UInt8 {
    if let format = type.format {
      return UInt8(truncatingIfNeeded: try format.bits(from: value, field: field))
    }
    guard let integers = type.integers, let integer = self.integer(value), let number = Int(exactly: integer),
      integers.contains(number)
    else {
      throw .expected("an integer of the type \(type.rawValue)", found: value, in: field)
    }
    return UInt8(truncatingIfNeeded: number)
  }

  private func truth(from value: JSONValue, field: String) throws(MetadataError) -> UInt8 {
    switch value {
    case .bool(let flag): return flag ? 1 : 0
    case .null: return 0
    case .string("true"), .string("True"): return 1
    case .string("false"), .string("False"): return 0
    default:
      guard let integer = integer(value), 0...1 ~= integer else {
        throw .expected("true or false", found: value, in: field)
      }
      return UInt8(truncatingIfNeeded: integer)
    }
  }

  private func integer(
    _ type: NumberType, from value: JSONValue, field: String
  ) throws(MetadataError) -> [UInt8] {
    let magnitude = Int128(1) << (8 * type.byteCount - (type.isSignedInteger ? 1 : 0))
    let range = (type.isSignedInteger ? -magnitude : 0)...magnitude - 1
    guard let integer = self.integer(value), range.contains(integer) else {
      throw .expected(
        "an integer from \(range.lowerBound) to \(range.upperBound)", found: value, in: field)
    }
    return UInt64(truncatingIfNeeded: integer).littleEndianBytes(count: type.byteCount)
  }

  /// The integer in any of the spellings that zarr-python takes.
  private func integer(_ value: JSONValue) -> Int128? {
    switch value {
    case .bool(let flag): flag ? 1 : 0
    // No type has that many digits, and converting them takes time.
    case .number(let number) where number.text.utf8.count <= 64: integer(number)
    case .string(let text) where text.utf8.count <= 64: Int128(text)
    default: nil
    }
  }

  private func integer(_ number: JSONNumber) -> Int128? {
    if let integer = Int128(number.text) { return integer }
    // A `Double` holds every integer up to this one.
    guard number.double.magnitude <= 0x1p53 else { return nil }
    return Int128(exactly: number.double)
  }
}

/// Turns elements into JSON values.
private struct ElementWriter {
  let form: ElementForm

  func json(of type: DataType, _ bytes: ArraySlice<UInt8>, field: String) throws(MetadataError) -> JSONValue {
    if let expected = type.layout.fixedByteCount, bytes.count != expected {
      throw MetadataError(
        code: .unexpectedValue, field: field, message: "expected \(expected) bytes, found \(bytes.count)")
    }
    switch type {
    case .number(let type): return number(type, bytes)
    case .smallNumber(let type): return smallNumber(type, bytes)
    case .complex(let part):
      let middle = bytes.startIndex + bytes.count / 2
      return .array([
        try json(of: part, bytes[..<middle], field: field),
        try json(of: part, bytes[middle...], field: field),
      ])
    // The form of the specification. For people all byte strings look the same.
    case .rawBytes where form != .element: return .array(bytes.map { .integer(Int($0)) })
    case .bytes, .opaqueBytes, .rawBytes: return .string(Base64Codec.text(of: bytes))
    case .string: return .string(try text(bytes, field: field))
    case .json: return try document(bytes, field: field)
    case .array(let item): return try array(of: item, bytes, field: field)
    case .nullTerminatedBytes:
      return .string(Base64Codec.text(of: bytes.prefix(upTo: endOfContent(bytes))))
    case .fixedLengthUTF32: return .string(try codePoints(bytes, field: field))
    case .datetime64, .timedelta64:
      let bits = UInt64(littleEndianBytes: bytes)
      return bits == TimeUnit.notATime ? "NaT" : .integer(Int(truncatingIfNeeded: bits))
    case .structure(let fields): return try structure(fields, bytes, field: field)
    case .subarray(let item, let shape): return try subarray(of: item, shape[...], bytes, field: field)
    case .optional(let type): return try optional(type, bytes, field: field)
    case .extension(let type):
      guard form != .fillValue else { return try type.base.json(ofFillValue: Array(bytes)) }
      let element = Array(bytes)
      return try type.base.json(ofElement: element.rawSpan)
    }
  }

  private func text(_ bytes: ArraySlice<UInt8>, field: String) throws(MetadataError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw MetadataError(code: .unexpectedValue, field: field, message: "the bytes are not UTF-8")
    }
    return text
  }

  private func document(_ bytes: ArraySlice<UInt8>, field: String) throws(MetadataError) -> JSONValue {
    let parser = JSONParser(maximumDepth: JSONParser.depths.upperBound, maximumByteCount: .max)
    do {
      return try parser.parse(Array(bytes))
    } catch {
      throw MetadataError(code: .unexpectedValue, field: field, message: error.description)
    }
  }

  /// The index of the first of the zeros that fill up an element of fixed size.
  private func endOfContent(_ bytes: ArraySlice<UInt8>) -> Int {
    (bytes.lastIndex { $0 != 0 } ?? bytes.startIndex - 1) + 1
  }

  private func codePoints(_ bytes: ArraySlice<UInt8>, field: String) throws(MetadataError) -> String {
    var text = String.UnicodeScalarView()
    for start in stride(from: bytes.startIndex, to: endOfContent(bytes), by: 4) {
      let value = UInt32(truncatingIfNeeded: UInt64(littleEndianBytes: bytes[start..<start + 4]))
      guard let scalar = UnicodeScalar(value) else {
        throw MetadataError(
          code: .unexpectedValue, field: field,
          message: "0x\(String(value, radix: 16)) is not a code point of Unicode")
      }
      text.append(scalar)
    }
    return String(text)
  }

  private func array(
    of item: DataType, _ bytes: ArraySlice<UInt8>, field: String
  ) throws(MetadataError) -> JSONValue {
    guard let byteCount = item.layout.fixedByteCount, byteCount > 0, bytes.count.isMultiple(of: byteCount)
    else {
      throw MetadataError(
        code: .unexpectedValue, field: field,
        message: "\(bytes.count) bytes are not a whole number of items of the type \(item.name)")
    }
    var values: [JSONValue] = []
    values.reserveCapacity(bytes.count / byteCount)
    for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: byteCount) {
      values.append(try json(of: item, bytes[start..<start + byteCount], field: field))
    }
    return .array(values)
  }

  private func structure(
    _ fields: [StructureField], _ bytes: ArraySlice<UInt8>, field path: String
  ) throws(MetadataError) -> JSONValue {
    var members = JSONObject()
    var rest = bytes
    for field in fields {
      let byteCount = field.dataType.layout.fixedByteCount ?? 0
      members[field.name] = try json(
        of: field.dataType, rest.prefix(byteCount),
        field: MetadataFields(JSONObject(), path: path).path(of: field.name))
      rest = rest.dropFirst(byteCount)
    }
    return .object(members)
  }

  /// The nested arrays with a level for each dimension of the shape.
  private func subarray(
    of item: DataType, _ shape: ArraySlice<Int>, _ bytes: ArraySlice<UInt8>, field: String
  ) throws(MetadataError) -> JSONValue {
    guard let count = shape.first else { return try json(of: item, bytes, field: field) }
    let byteCount = bytes.count / count
    var values: [JSONValue] = []
    for index in 0..<count {
      let start = bytes.startIndex + index * byteCount
      values.append(
        try subarray(
          of: item, shape.dropFirst(), bytes[start..<start + byteCount], field: "\(field)[\(index)]"))
    }
    return .array(values)
  }

  private func optional(
    _ type: DataType, _ bytes: ArraySlice<UInt8>, field: String
  ) throws(MetadataError) -> JSONValue {
    switch bytes.first {
    case 0? where type.layout != .variable || bytes.count == 1: return .null
    case 1?:
      let value = try json(of: type, bytes.dropFirst(), field: field)
      return type.wrapsElements(in: form) ? .array([value]) : value
    default:
      throw MetadataError(
        code: .unexpectedValue, field: field,
        message: "expected 1 as the first byte, or 0 for an absent element")
    }
  }
}

extension ElementWriter {
  /// The JSON value of a number of at least eight bits.
  private func number(_ type: NumberType, _ bytes: ArraySlice<UInt8>) -> JSONValue {
    let bits = UInt64(littleEndianBytes: bytes.prefix(8))
    if type == .bool { return .bool(bits != 0) }
    if let format = type.format {
      func part(_ bytes: ArraySlice<UInt8>) -> JSONValue {
        format.json(of: UInt64(littleEndianBytes: bytes), in: form)
      }
      let count = format.byteCount
      return type.isComplex ? .array([part(bytes.prefix(count)), part(bytes.dropFirst(count))]) : part(bytes)
    }
    guard type.isSignedInteger else { return .number(JSONNumber(bits)) }
    // The sign bit moves to the top and back.
    let shift = 64 - 8 * type.byteCount
    return .integer(Int(truncatingIfNeeded: bits << UInt64(shift)) >> shift)
  }

  /// The JSON value of a number of at most eight bits.
  private func smallNumber(_ type: SmallNumberType, _ bytes: ArraySlice<UInt8>) -> JSONValue {
    let bits = UInt64(littleEndianBytes: bytes)
    if let format = type.format {
      // Some versions of zarrs take a number for the bits.
      return form == .fillValue ? format.json(ofBits: bits) : format.json(of: bits, in: form)
    }
    // Bits above those of the number do not count.
    switch type {
    case .int2: return .integer(Int(Int8(truncatingIfNeeded: bits << 6) >> 6))
    case .int4: return .integer(Int(Int8(truncatingIfNeeded: bits << 4) >> 4))
    case .uint2: return .integer(Int(bits & 3))
    default: return .integer(Int(bits & 15))
    }
  }
}

extension Base64Codec {
  /// The base64 text of bytes, as metadata and JSON elements hold them.
  ///
  /// - Complexity: O(*n*)
  static func text(of bytes: some Sequence<UInt8>) -> String {
    let bytes = Array(bytes)
    var text: [UInt8] = []
    append(bytes.rawSpan, to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes with this base64 text, or nil if no bytes have it.
  ///
  /// - Complexity: O(*n*)
  static func bytes(of text: String) -> [UInt8]? {
    let characters = Array(text.utf8)
    var bytes = ByteArena()
    do throws(ChunkError) {
      try Base64Codec().decode(characters.rawSpan, into: &bytes, limit: .max)
    } catch {
      return nil
    }
    return unsafe bytes.bytes.withUnsafeBytes { unsafe Array($0) }
  }
}
