import ChunkEngine

/// Makes elements of JSON values.
///
/// Values come from documents: they can be anything, and as deep as the parser allows. A data type is no
/// deeper than its limit.
struct ElementReader {
  let form: ElementForm

  /// Reads an element of a data type.
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
      return try integer(from: value, as: Int64.self, field: field)
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

  /// Reads nested arrays, as many deep as the shape has axes.
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
        "no other fields than those of the data type", found: value,
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
