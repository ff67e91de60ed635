import ChunkEngine

extension Version2DataType {
  /// Reads the fields of a structure.
  ///
  /// A field without a name, as NumPy has for padding, gets the name that NumPy gives it. Of a title and a
  /// name, which NumPy has in an array, the name counts.
  static func structure(
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
        let shape = try shape(parts[2], ofItemsOf: itemByteCount, field: "\(path)[2]")
        type = .subarray(of: type, shape: shape)
      }
      // No part is larger than the limit.
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
    var turnedByteCounts: [UInt8] = []
    for (field, item) in zip(fields, items) {
      let itemByteCount = item.type?.layout.fixedByteCount ?? 1
      let itemCount = (field.dataType.layout.fixedByteCount ?? 0) / itemByteCount
      turnedByteCounts += repeatElement(item.turnedByteCounts, count: itemCount).joined()
    }
    return Version2DataType(type, turnedByteCounts: turnedByteCounts)
  }

  /// The shape of a field that is an array.
  private static func shape(
    _ shape: JSONValue, ofItemsOf itemByteCount: Int, field: String
  ) throws(MetadataError) -> [Int] {
    // NumPy also writes a single length without brackets.
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
