public import ChunkEngine

/// A number that lies in memory as it does in an array of such numbers.
///
/// Whole arrays of numbers are written and read in one copy, or looked at without any, as
/// ``ChunkEngine/BlobView/packed(as:)`` does.
public protocol PackedElement: ZarrElement, BitwiseCopyable {
  /// The number in metadata.
  static var numberType: NumberType { get }

  /// Creates the number of one that another type has, or nil if that loses something.
  init?(_ value: NumberValue)
}

/// A number of any type.
@nonexhaustive
public enum NumberValue: Hashable, Sendable {
  /// An integer, of a type that has a sign.
  case signed(Int64)
  /// An integer, of a type that has none.
  case unsigned(UInt64)
  /// A number with a fraction.
  case floating(Double)
}

extension PackedElement {
  public static var dataType: DataType { .number(numberType) }

  public static func isElement(of dataType: DataType) -> Bool { dataType == Self.dataType }

  public func appendElement(of dataType: DataType, to bytes: inout [UInt8]) throws(ElementError) {
    Self.append([self].span, to: &bytes)
  }

  public init(element bytes: RawSpan, of dataType: DataType) throws(ElementError) {
    if dataType == Self.dataType {
      guard bytes.byteCount == MemoryLayout<Self>.size else {
        throw Self.undecodable("\(bytes.byteCount) bytes in place of \(MemoryLayout<Self>.size)")
      }
      self = Self.values(of: bytes)[0]
      return
    }
    guard case .number(let type) = dataType, let value = NumberValue(bytes, of: type) else {
      throw Self.wrongDataType(dataType)
    }
    guard let number = Self(value) else {
      throw Self.undecodable("\(value) is out of its range")
    }
    self = number
  }

  public static func source(of elements: [Self], as dataType: DataType) throws -> any BlobSource {
    PackedElements(elements)
  }

  public static func elements(of view: BlobView, as dataType: DataType) throws -> [Self] {
    guard dataType == Self.dataType, let bytes = view.packedBytes else {
      return try DecodedElements.decode(view, as: dataType)
    }
    return values(of: bytes)
  }

  /// Appends the bytes of numbers, little-endian.
  static func append(_ values: Span<Self>, to bytes: inout [UInt8]) {
    unsafe values.withUnsafeBytes { values in
      unsafe bytes.append(contentsOf: values)
    }
  }

  /// The numbers that lie back to back in `bytes`, little-endian.
  static func values(of bytes: RawSpan) -> [Self] {
    let count = bytes.byteCount / MemoryLayout<Self>.size
    return unsafe [Self](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      unsafe bytes.withUnsafeBytes { bytes in
        // SAFETY: Every pattern of bits is a number, and the buffer has room for as many bytes.
        unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: bytes[..<(count * MemoryLayout<Self>.size)]))
      }
      initializedCount = count
    }
  }
}
