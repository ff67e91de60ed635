public import Zarr

/// An amount of money, an element of arrays of ``DecimalType``.
public struct Amount: ZarrElement, Hashable {
  /// The smallest units, such as cents.
  public var units: Int64

  /// Creates an amount.
  public init(units: Int64) {
    self.units = units
  }

  public static var dataType: DataType { .extension(AnyExtensionDataType(DecimalType(digits: 2))) }

  public static func isElement(of dataType: DataType) -> Bool { dataType == Self.dataType }

  public func appendElement(
    of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
  ) throws(ElementError) {
    bytes += units.littleEndianBytes
  }

  public init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError) {
    guard let units = Int64(littleEndianBytes: bytes.withUnsafeBytes { Array($0) }) else {
      throw .undecodable(type: "Amount", reason: "\(bytes.byteCount) bytes")
    }
    self.units = units
  }
}
