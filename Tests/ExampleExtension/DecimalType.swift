public import ChunkEngine
public import Zarr

/// Numbers with a fixed number of digits after the point, such as money: the data type `example.decimal`.
///
///     { "name": "example.decimal", "configuration": { "digits": 2 } }
///
/// An element is the number of its smallest units as an `int64`. A fill value is text, such as `"12.50"`.
public struct DecimalType: ExtensionDataType {
  static let name = "example.decimal"

  /// The number of digits after the point.
  public let digits: Int

  /// Creates the type.
  ///
  /// - Precondition: There are at most 9 digits.
  public init(digits: Int) {
    precondition(0...9 ~= digits, "\(digits) digits")
    self.digits = digits
  }

  init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("digits")
    self.init(digits: try settings.integer("digits", in: 0...9, default: 2))
  }

  public var name: String { Self.name }
  public var configuration: JSONObject { ["digits": .integer(digits)] }
  public var layout: ElementLayout { .fixed(byteCount: 8) }
  public var scalarByteCounts: [UInt8] { [8] }

  public func fillValue(from value: JSONValue) throws(MetadataError) -> [UInt8] {
    guard let text = value.stringValue, let units = units(of: text) else {
      throw MetadataError(
        code: .unexpectedValue, field: "fill_value", message: "no number with \(digits) digits")
    }
    return units.littleEndianBytes
  }

  public func json(ofFillValue bytes: [UInt8]) throws(MetadataError) -> JSONValue {
    guard let units = Int64(littleEndianBytes: bytes) else {
      throw MetadataError(code: .unexpectedValue, field: "fill_value", message: "not 8 bytes")
    }
    return .string(text(of: units))
  }

  /// The text of a number of smallest units.
  func text(of units: Int64) -> String {
    var magnitude = String(units.magnitude)
    if digits > 0 {
      magnitude = String(repeating: "0", count: max(0, digits + 1 - magnitude.count)) + magnitude
      magnitude.insert(".", at: magnitude.index(magnitude.endIndex, offsetBy: -digits))
    }
    return (units < 0 ? "-" : "") + magnitude
  }

  /// The number of smallest units in a text, or nil if it is not a number.
  func units(of text: String) -> Int64? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, parts.count == 1 || parts[1].count == digits && digits > 0 else { return nil }
    let fraction = parts.count == 2 ? String(parts[1]) : String(repeating: "0", count: digits)
    return Int64(parts[0] + fraction)
  }
}

extension Int64 {
  /// The bytes of the number, the least significant first.
  var littleEndianBytes: [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) }
  }

  /// Reads eight bytes, the least significant first, or returns nil for another count.
  init?(littleEndianBytes bytes: [UInt8]) {
    guard bytes.count == 8 else { return nil }
    self = bytes.reversed().reduce(0) { $0 << 8 | Int64($1) }
  }
}
