import Foundation

extension ElementReader {
  /// Reads a byte string.
  ///
  /// - Parameters:
  ///   - value: Base64 text, with the standard alphabet and padded, or an array of integers.
  ///   - field: Where the value is.
  ///   - count: How many bytes there may be.
  /// - Returns: The bytes.
  /// - Throws: An error if the value is neither, or has another number of bytes.
  func byteString(
    from value: JSONValue, field: String, count: ClosedRange<Int> = 0...Int.max
  ) throws(MetadataError) -> [UInt8] {
    let bytes: [UInt8]
    switch value {
    case .string(let text):
      guard let data = Data(base64Encoded: text), data.base64EncodedString() == text else {
        throw .expected("base64 text, padded", found: value, in: field)
      }
      bytes = Array(data)
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
