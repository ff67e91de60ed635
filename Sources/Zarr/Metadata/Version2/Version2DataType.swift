import ChunkEngine

/// A data type of Zarr v2: a name of NumPy that begins with the byte order, or a list of fields.
///
///     <f8                            eight bytes, the least significant first
///     >i4                            four bytes, the most significant first
///     |S5   <U5   |V5                byte strings, text, and bytes of a fixed size
///     <M8[25s]                       points in time, 25 seconds apart
///     |O                             objects, whose type the filters determine
///     [["x","<f4"],["y",">f4",[3]]]  structures, whose fields can be arrays
///
/// See [data type encoding](https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html#data-type-encoding).
struct Version2DataType: Hashable, Sendable {
  /// What the elements are, or nil for objects.
  let type: DataType?

  /// The byte order of the stored numbers, or nil if no number has several bytes, or if the fields of a
  /// structure differ in byte order.
  let byteOrder: ByteOrder?

  /// The widths in bytes of the numbers whose bytes a codec swaps, in order; see ``BytesCodec``.
  ///
  /// Bytes that it does not swap have the width 1, also those of little-endian numbers.
  var swappedByteCounts: [UInt8] {
    swappedByteCountsOfFields
      ?? (byteOrder == .big
        ? type?.scalarByteCounts : type?.layout.fixedByteCount.map { [UInt8](repeating: 1, count: $0) }) ?? []
  }

  /// The widths if the fields of a structure differ in byte order.
  private let swappedByteCountsOfFields: [UInt8]?

  private init(_ type: DataType?, _ byteOrder: ByteOrder?, swappedByteCountsOfFields: [UInt8]? = nil) {
    self.type = type
    self.byteOrder = byteOrder
    self.swappedByteCountsOfFields = swappedByteCountsOfFields
  }

  /// Whether the fields of a structure differ in byte order.
  var hasMixedByteOrder: Bool { swappedByteCountsOfFields != nil }

  /// Reads a data type.
  ///
  /// - Throws: An error if it is not supported, nested too deeply, or has elements of too many bytes.
  init(_ value: JSONValue, field: String = "dtype") throws(MetadataError) {
    try self.init(value, field: field, depth: 0)
  }

  private init(_ value: JSONValue, field: String, depth: Int) throws(MetadataError) {
    if let fields = value.arrayValue {
      guard depth < DataType.maximumDepth else {
        throw MetadataError(
          code: .tooLarge, field: field,
          message: "data types are nested more than \(DataType.maximumDepth) deep")
      }
      self = try Self.structure(fields, field: field, depth: depth)
      return
    }
    guard let name = value.stringValue else {
      throw .expected("the name of a data type, or an array of fields", found: value, in: field)
    }
    guard let type = Self(named: name) else {
      throw MetadataError(
        code: .unsupported, field: field, message: "expected a supported data type, found \(value.summary)")
    }
    self = type
    try type.type?.checkByteCount(field: field)
  }

  /// Takes the name of a type other than a structure.
  private init?(named name: String) {
    // tensorstore takes names of Zarr v3 where NumPy has none.
    if let small = SmallNumberType(rawValue: name) {
      self.init(.smallNumber(small), nil)
      return
    }
    if name == "bfloat16" {
      self.init(.number(.bfloat16), .little)
      return
    }
    var code = name[...]
    let order: ByteOrder = name.utf8.first == UInt8(ascii: ">") ? .big : .little
    // Some writers give single bytes an order. A type without one has that of the machine.
    if let first = code.first, "<>|=".contains(first) { code.removeFirst() }
    guard code != "O" else {
      self.init(nil, nil)
      return
    }
    let number = NumberType(version2Code: String(code)).map(DataType.number)
    guard let type = number ?? Self.time(code) ?? Self.string(code) else { return nil }
    // The caller refuses types that are too large. Until then nothing takes memory for their parts.
    let isSmall = type.layout.fixedByteCount ?? 0 <= DataType.maximumByteCount
    let hasOrder = isSmall && type.scalarByteCounts.prefix(2).contains { $0 > 1 }
    self.init(type, hasOrder ? order : nil)
  }

  /// Reads `M8[25s]` and the like.
  ///
  /// Without brackets the type has no unit.
  private static func time(_ code: Substring) -> DataType? {
    guard code.hasPrefix("M8") || code.hasPrefix("m8") else { return nil }
    var unit = TimeUnit.generic
    var scaleFactor = 1
    let brackets = code.dropFirst(2)
    if !brackets.isEmpty {
      guard brackets.first == "[", brackets.last == "]", brackets.count > 2 else { return nil }
      let inside = brackets.dropFirst().dropLast()
      let digits = inside.prefix { ("0"..."9").contains($0) }
      guard let factor = digits.isEmpty ? 1 : Int(digits), TimeUnit.scaleFactors.contains(factor),
        let named = TimeUnit(spelled: String(inside.dropFirst(digits.count)))
      else { return nil }
      unit = named
      scaleFactor = factor
    }
    return code.first == "M"
      ? .datetime64(unit, scaleFactor: scaleFactor) : .timedelta64(unit, scaleFactor: scaleFactor)
  }

  private static func string(_ code: Substring) -> DataType? {
    let digits = code.dropFirst()
    guard let kind = code.first, let count = Int(digits: digits.utf8), count > 0 else { return nil }
    switch kind {
    case "S", "a": return .nullTerminatedBytes(byteCount: count)
    case "V": return .rawBytes(byteCount: count)
    // The check of the size multiplies by four.
    case "U" where count <= DataType.maximumByteCount: return .fixedLengthUTF32(length: count)
    default: return nil
    }
  }
}

extension Version2DataType {
  /// Reads the fields of a structure.
  ///
  /// A field without a name, which NumPy uses for padding, gets NumPy's name for it. NumPy may write an array of
  /// a title and a name. Then the name counts.
  private static func structure(
    _ values: [JSONValue], field path: String, depth: Int
  ) throws(MetadataError) -> Version2DataType {
    guard !values.isEmpty else { throw .expected("at least one field", found: [], in: path) }
    var fields: [StructureField] = []
    var names: Set<ExactString> = []
    var items: [Version2DataType] = []
    var byteCount = 0
    for (index, value) in values.enumerated() {
      let path = "\(path)[\(index)]"
      guard let parts = value.arrayValue, 2...3 ~= parts.count,
        let stated = (parts[0].arrayValue?.last ?? parts[0]).stringValue
      else {
        throw .expected("an array of a name, a data type and an optional shape", found: value, in: path)
      }
      let name = stated.isEmpty ? "f\(index)" : stated
      guard names.insert(ExactString(name)).inserted else {
        throw .expected("a name that no other field has", found: parts[0], in: "\(path)[0]")
      }
      let item = try Version2DataType(parts[1], field: "\(path)[1]", depth: depth + 1)
      guard var type = item.type, let itemByteCount = type.layout.fixedByteCount else {
        throw .expected("a data type of fixed size", found: parts[1], in: "\(path)[1]")
      }
      if parts.count == 3 {
        let shape = try shape(parts[2], ofItemsOf: itemByteCount, field: "\(path)[2]")
        type = .subarray(of: type, shape: shape)
      }
      // No part exceeds the limit, so the sum does not overflow.
      byteCount += type.layout.fixedByteCount ?? 0
      guard byteCount <= DataType.maximumByteCount else {
        throw MetadataError(
          code: .tooLarge, field: path,
          message: "an element has more than \(DataType.maximumByteCount) bytes")
      }
      fields.append(StructureField(name, type))
      items.append(item)
    }
    let type = DataType.structure(fields)
    let byteOrders = Set(items.compactMap(\.byteOrder))
    if byteOrders.count < 2, !items.contains(where: \.hasMixedByteOrder) {
      return Version2DataType(type, byteOrders.first)
    }
    var swappedByteCounts: [UInt8] = []
    for (field, item) in zip(fields, items) {
      let itemByteCount = item.type?.layout.fixedByteCount ?? 1
      let itemCount = (field.dataType.layout.fixedByteCount ?? 0) / itemByteCount
      swappedByteCounts += repeatElement(item.swappedByteCounts, count: itemCount).joined()
    }
    return Version2DataType(type, nil, swappedByteCountsOfFields: swappedByteCounts)
  }

  /// Reads the shape of a field that is an array.
  private static func shape(
    _ shape: JSONValue, ofItemsOf itemByteCount: Int, field: String
  ) throws(MetadataError) -> [Int] {
    // NumPy may write a single length without brackets.
    var lengths: [Int] = []
    var byteCount = itemByteCount
    for length in shape.arrayValue ?? [shape] {
      guard let count = length.integerValue, count > 0, count <= DataType.maximumByteCount / byteCount else {
        throw .expected(
          "a shape of at most \(DataType.maximumByteCount) bytes, and at least 1", found: shape, in: field)
      }
      byteCount *= count
      lengths.append(count)
    }
    return lengths
  }
}

extension DataType {
  /// The data type in Zarr v2 metadata.
  ///
  /// - Returns: A name or a list of fields, or nil if Zarr v2 does not have the type.
  func version2JSON(byteOrder: ByteOrder = .little) -> JSONValue? {
    if case .structure(let fields) = self {
      var values: [JSONValue] = []
      for field in fields {
        var item = field.dataType
        var member: [JSONValue] = [.string(field.name)]
        if case .subarray(let type, let shape) = item {
          item = type
          member.append(.array(shape.map(JSONValue.integer)))
        }
        guard let type = item.version2JSON(byteOrder: byteOrder) else { return nil }
        member.insert(type, at: 1)
        values.append(.array(member))
      }
      return .array(values)
    }
    guard let code = version2Code else { return nil }
    guard layout != .variable, scalarByteCounts.contains(where: { $0 > 1 }) else {
      return .string("|\(code)")
    }
    return .string((byteOrder == .little ? "<" : ">") + code)
  }

  /// The name of the type in NumPy, without the byte order.
  private var version2Code: String? {
    switch self {
    case .number(let type): type.version2Code
    case .rawBytes(let byteCount), .opaqueBytes(let byteCount): "V\(byteCount)"
    case .nullTerminatedBytes(let byteCount): "S\(byteCount)"
    case .fixedLengthUTF32(let length): "U\(length)"
    case .datetime64(let unit, let scaleFactor): "M8\(unit.version2Suffix(scaleFactor))"
    case .timedelta64(let unit, let scaleFactor): "m8\(unit.version2Suffix(scaleFactor))"
    case .bytes, .string, .json, .array: "O"
    case .smallNumber, .complex, .structure, .subarray, .optional, .extension: nil
    }
  }
}

extension NumberType {
  /// Takes a code of NumPy without the byte order, as `f8`.
  init?(version2Code code: String) {
    guard let type = Self.allCases.first(where: { $0.version2Code == code }) else { return nil }
    self = type
  }

  fileprivate var version2Code: String? {
    switch self {
    case .bool: "b1"
    case .int8, .int16, .int32, .int64: "i\(byteCount)"
    case .uint8, .uint16, .uint32, .uint64: "u\(byteCount)"
    case .float16, .float32, .float64: "f\(byteCount)"
    case .complex64, .complex128: "c\(byteCount)"
    case .bfloat16: nil
    }
  }
}

extension TimeUnit {
  /// The unit in brackets, which follows the type in Zarr v2 metadata.
  fileprivate func version2Suffix(_ scaleFactor: Int) -> String {
    self == .generic ? "" : "[\(scaleFactor == 1 ? "" : String(scaleFactor))\(rawValue)]"
  }
}
