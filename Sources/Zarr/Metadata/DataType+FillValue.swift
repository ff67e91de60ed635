import Foundation

extension DataType {
  /// Reads a fill value: the bytes of the element that stands for all that was never written.
  ///
  /// Text is a string. Byte strings are base64, with the standard alphabet and padded, or an array of
  /// integers from 0 to 255, which zarrs writes.
  ///
  /// - Throws: An error if the value does not fit the data type.
  /// - Complexity: O(*n*) in the length of the value.
  public func fillValue(from value: JSONValue) throws(MetadataError) -> [UInt8] {
    switch (self, value) {
    case (.number, _):
      throw .expected("a number", found: value, in: "fill_value")
    case (.string, .string(let text)):
      return Array(text.utf8)
    case (.string, _):
      throw .expected("a string", found: value, in: "fill_value")
    case (.bytes, .string(let text)):
      guard let data = Data(base64Encoded: text), data.base64EncodedString() == text else {
        throw .expected("base64 text, padded", found: value, in: "fill_value")
      }
      return Array(data)
    case (.bytes, .array(let values)):
      return try Self.bytes(values)
    case (.bytes, _):
      throw .expected("base64 text or an array of integers", found: value, in: "fill_value")
    }
  }

  /// The value that a document holds for a fill value.
  ///
  /// Byte strings are written as base64, because zarr-python does not read arrays of integers.
  ///
  /// - Throws: An error if the data type is text and the bytes are not UTF-8.
  /// - Complexity: O(*n*) in the number of bytes.
  public func json(ofFillValue bytes: [UInt8]) throws(MetadataError) -> JSONValue {
    switch self {
    case .number:
      throw MetadataError(code: .unsupported, field: "fill_value", message: "numbers are not supported")
    case .bytes:
      return .string(Data(bytes).base64EncodedString())
    case .string:
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw MetadataError(code: .unexpectedValue, field: "fill_value", message: "the bytes are not UTF-8")
      }
      return .string(text)
    }
  }

  private static func bytes(_ values: [JSONValue]) throws(MetadataError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      guard let byte = value.integerValue.flatMap({ UInt8(exactly: $0) }) else {
        throw .expected("an integer from 0 to 255", found: value, in: "fill_value[\(index)]")
      }
      bytes.append(byte)
    }
    return bytes
  }
}
