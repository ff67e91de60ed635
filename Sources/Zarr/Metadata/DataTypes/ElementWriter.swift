import ChunkEngine
import Foundation

/// Makes JSON values of elements.
struct ElementWriter {
  let form: ElementForm

  /// The JSON value of an element of a data type.
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
    // The form of the specification; for people all bytes are written alike.
    case .rawBytes where form != .element: return .array(bytes.map { .integer(Int($0)) })
    case .bytes, .opaqueBytes, .rawBytes: return .string(Data(bytes).base64EncodedString())
    case .string: return .string(try text(bytes, field: field))
    case .json: return try document(bytes, field: field)
    case .array(let item): return try array(of: item, bytes, field: field)
    case .nullTerminatedBytes:
      return .string(Data(bytes.prefix(upTo: endOfContent(bytes))).base64EncodedString())
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
      // SAFETY: Bytes have no padding.
      return try type.base.json(ofElement: unsafe element.span.bytes)
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

  /// Where the zeros begin with which an element of fixed size is filled up.
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
          message: "0x\(String(value, radix: 16)) is no code point of Unicode")
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
        message: "\(bytes.count) bytes are no whole number of items of the type \(item.name)")
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

  /// The nested arrays of an array of a shape, whose bytes are all there.
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
        message: "the bytes do not begin with 1, or 0 for an absent element")
    }
  }
}
