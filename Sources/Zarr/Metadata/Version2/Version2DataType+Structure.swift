import ChunkEngine

extension Version2DataType {
  /// Reads the fields of a structure.
  ///
  /// A field that is an array, or whose byte order is not that of the first field that has one, is taken as
  /// bytes that are left as they are stored. A field without a name, as NumPy has for padding, gets the name
  /// that NumPy gives it.
  static func structure(
    _ values: [JSONValue], field path: String, depth: Int
  ) throws(MetadataError) -> Version2DataType {
    guard !values.isEmpty else { throw .expected("at least one field", found: [], in: path) }
    var fields: [StructureField] = []
    var names: Set<ExactString> = []
    var byteOrder: ByteOrder?
    var byteCount = 0
    for (index, value) in values.enumerated() {
      let path = "\(path)[\(index)]"
      guard let parts = value.arrayValue, 2...3 ~= parts.count, let stated = parts[0].stringValue else {
        throw .expected("an array of a name, a data type and perhaps a shape", found: value, in: path)
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
        type = .rawBytes(byteCount: try arrayByteCount(parts[2], itemByteCount, field: "\(path)[2]"))
      } else if let order = item.byteOrder {
        byteOrder = byteOrder ?? order
        if order != byteOrder { type = .rawBytes(byteCount: itemByteCount) }
      }
      // No part is larger than the limit.
      byteCount += type.layout.fixedByteCount ?? 0
      guard byteCount <= DataType.maximumByteCount else {
        throw MetadataError(
          code: .tooLarge, field: path,
          message: "an element has more than \(DataType.maximumByteCount) bytes")
      }
      fields.append(StructureField(name, type))
    }
    return Version2DataType(.structure(fields), byteOrder)
  }

  /// The bytes of a field that is an array of a shape.
  private static func arrayByteCount(
    _ shape: JSONValue, _ itemByteCount: Int, field: String
  ) throws(MetadataError) -> Int {
    // NumPy also writes a single length without brackets.
    let lengths = shape.arrayValue ?? [shape]
    var byteCount = itemByteCount
    for length in lengths {
      guard let count = length.integerValue, count > 0, count <= DataType.maximumByteCount / byteCount else {
        throw .expected(
          "a shape of at most \(DataType.maximumByteCount) bytes, and at least 1", found: shape, in: field)
      }
      byteCount *= count
    }
    return byteCount
  }
}
