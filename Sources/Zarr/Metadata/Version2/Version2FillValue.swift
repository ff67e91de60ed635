import ChunkEngine
import Foundation

/// The fill value of an array of Zarr v2.
///
/// It is as in v3, with a few differences: what is not written may be undefined, `null`; structures and bytes
/// of fixed size are always base64 text, of the bytes as they are stored; and objects, of which Python can
/// have any for a fill value, often have 0.
struct Version2FillValue {
  let type: DataType

  /// How elements are stored.
  private let stored: Version2DataType

  init(_ type: DataType, stored: Version2DataType) {
    self.type = type
    self.stored = stored
  }

  /// Reads a fill value.
  func bytes(from value: JSONValue) throws(MetadataError) -> [UInt8] {
    if case .json = type { return try type.fillValue(from: value) }
    let zeros = [UInt8](repeating: 0, count: type.layout.fixedByteCount ?? 0)
    switch (type, value) {
    case (_, .null): return zeros
    case (.bytes, .string(let text)):
      return (try? type.fillValue(from: value)) ?? Array(text.utf8)
    case (.string, .number(let number)):
      return number.double == 0 ? [] : Array(number.text.utf8)
    case (.structure, .string(let text)) where !text.isEmpty:
      return swapped(try type.fillValue(from: value))
    case (.complex, .number), (.number(.complex64), .number), (.number(.complex128), .number):
      return try type.fillValue(from: [value, 0])
    case (.number, _), (.smallNumber, _): return try type.fillValue(from: value)
    case (.datetime64, .number), (.timedelta64, .number): return try type.fillValue(from: value)
    // zarr-python 2 takes 0 for the empty value of every type, and so do others.
    case (_, .number(let number)) where number.double == 0: return zeros
    case (_, ""), (_, false): return zeros
    default: return try type.fillValue(from: value)
    }
  }

  /// The value that a document holds for a fill value.
  ///
  /// - Throws: An error if Zarr v2 has none for it.
  func json(of bytes: [UInt8]) throws(MetadataError) -> JSONValue {
    switch type {
    case .rawBytes: return .string(Data(bytes).base64EncodedString())
    case .structure: return .string(Data(swapped(bytes)).base64EncodedString())
    case .datetime64, .timedelta64:
      return .integer(Int(truncatingIfNeeded: UInt64(littleEndianBytes: bytes[...])))
    case .array:
      guard bytes.isEmpty else {
        throw MetadataError(
          code: .unsupported, field: "fill_value", message: "Zarr v2 has no fill value that is an array")
      }
      return .null
    case .number: return Self.withoutBits(try type.json(ofFillValue: bytes))
    default: return try type.json(ofFillValue: bytes)
    }
  }

  /// The value with `"NaN"` in place of the bits of an unusual one, which Zarr v2 has no way to write.
  private static func withoutBits(_ value: JSONValue) -> JSONValue {
    switch value {
    case .string(let text) where text.hasPrefix("0x"): "NaN"
    case .array(let parts): .array(parts.map(withoutBits))
    default: value
    }
  }

  /// Turns round the bytes of each number if they are stored so.
  private func swapped(_ bytes: [UInt8]) -> [UInt8] {
    guard stored.byteOrder == .big || stored.hasMixedByteOrder else { return bytes }
    var result: [UInt8] = []
    var rest = bytes[...]
    for byteCount in stored.turnedByteCounts.lazy.map(Int.init) {
      result += rest.prefix(byteCount).reversed()
      rest = rest.dropFirst(byteCount)
    }
    return result
  }
}
