public import ChunkEngine

#if _endian(big)
#error("numbers lie in memory as they are stored, which is little-endian")
#endif

/// A number whose bytes in memory are those of an element.
///
/// Arrays of numbers are written and read in one copy. ``ChunkEngine/BlobView/packed(as:)`` shows them
/// without a copy.
public protocol PackedElement: ZarrElement, BitwiseCopyable {
  /// The name of the number in metadata.
  static var numberType: NumberType { get }

  /// Converts a number of another type, or returns nil if the value does not fit.
  init?(_ value: NumberValue)
}

/// A number of any type.
@nonexhaustive
public enum NumberValue: Hashable, Sendable {
  /// An integer of a signed type.
  case signed(Int64)
  /// An integer of an unsigned type.
  case unsigned(UInt64)
  /// A number with a fraction.
  case floating(Double)
}

extension PackedElement {
  public static var dataType: DataType { .number(numberType) }

  public static func isElement(of dataType: DataType) -> Bool { dataType == Self.dataType }

  public func appendElement(
    of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
  ) throws(ElementError) {
    Self.append([self].span, to: &bytes)
  }

  public init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError) {
    if dataType == Self.dataType {
      guard bytes.byteCount == MemoryLayout<Self>.size else {
        throw Self.undecodable("it has \(bytes.byteCount) bytes, not \(MemoryLayout<Self>.size)")
      }
      self = Self.values(of: bytes)[0]
      return
    }
    guard case .number(let type) = dataType, let value = NumberValue(bytes, of: type) else {
      throw Self.wrongDataType(dataType)
    }
    guard let number = Self(value) else { throw Self.undecodable("\(value) is out of its range") }
    self = number
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

// MARK: Integers

extension PackedElement where Self: FixedWidthInteger {
  public static var numberType: NumberType {
    switch (isSigned, bitWidth) {
    case (true, 8): .int8
    case (true, 16): .int16
    case (true, 32): .int32
    case (true, _): .int64
    case (false, 8): .uint8
    case (false, 16): .uint16
    case (false, 32): .uint32
    case (false, _): .uint64
    }
  }

  /// An integer can be read from all arrays of integers.
  ///
  /// An element outside of its range is an error.
  public static func canBeRead(from dataType: DataType) -> Bool {
    switch dataType {
    case .number(.int8), .number(.int16), .number(.int32), .number(.int64), .number(.uint8), .number(.uint16),
      .number(.uint32), .number(.uint64):
      true
    default: false
    }
  }

  public init?(_ value: NumberValue) {
    switch value {
    case .signed(let value): self.init(exactly: value)
    case .unsigned(let value): self.init(exactly: value)
    case .floating: return nil
    }
  }
}

extension Int8: PackedElement {}
extension Int16: PackedElement {}
extension Int32: PackedElement {}
extension Int64: PackedElement {}
extension Int: PackedElement {}
extension UInt8: PackedElement {}
extension UInt16: PackedElement {}
extension UInt32: PackedElement {}
extension UInt64: PackedElement {}
extension UInt: PackedElement {}

// MARK: Numbers with a fraction

extension Float16: PackedElement {
  public static var numberType: NumberType { .float16 }

  public init?(_ value: NumberValue) { return nil }
}

extension Float: PackedElement {
  public static var numberType: NumberType { .float32 }

  public static func canBeRead(from dataType: DataType) -> Bool {
    [.number(.float32), .number(.float16), .number(.bfloat16)].contains(dataType)
  }

  public init?(_ value: NumberValue) {
    guard case .floating(let value) = value else { return nil }
    self = Float(value)
  }
}

extension Double: PackedElement {
  public static var numberType: NumberType { .float64 }

  public static func canBeRead(from dataType: DataType) -> Bool {
    dataType == .number(.float64) || Float.canBeRead(from: dataType)
  }

  public init?(_ value: NumberValue) {
    guard case .floating(let value) = value else { return nil }
    self = value
  }
}

// MARK: Truth values

extension Bool: ZarrElement {
  public static var dataType: DataType { .number(.bool) }

  public static func isElement(of dataType: DataType) -> Bool { dataType == Self.dataType }

  public func appendElement(
    of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
  ) throws(ElementError) {
    bytes.append(self ? 1 : 0)
  }

  /// Reads an element.
  ///
  /// Every byte except 0 is true, as in other libraries.
  public init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError) {
    guard bytes.byteCount == 1 else { throw Self.undecodable("it has \(bytes.byteCount) bytes, not 1") }
    self = bytes.octets[0] != 0
  }
}

// MARK: In memory

extension BlobView {
  /// The elements as numbers, without a copy.
  ///
  ///     let view = try array.read()
  ///     if let heights = view.packed(as: Float.self) {
  ///       for index in heights.indices { … heights[index] … }
  ///     }
  ///
  /// - Parameter type: The type of the numbers, which must be that of the array.
  /// - Returns: The numbers, or nil if elements have another size or are not aligned.
  /// - Complexity: O(1)
  @_lifetime(borrow self)
  public func packed<Number: PackedElement>(as type: Number.Type) -> Span<Number>? {
    guard let bytes = packedBytes, blobs.elementByteCount == MemoryLayout<Number>.stride else { return nil }
    let isAligned = unsafe bytes.withUnsafeBytes { bytes in
      Int(bitPattern: bytes.baseAddress) % MemoryLayout<Number>.alignment == 0
    }
    guard isAligned else { return nil }
    return Span(_bytes: bytes)
  }
}

/// A source of numbers that are written as they lie in memory.
struct PackedElements<Element: PackedElement>: BlobSource {
  private let elements: [Element]

  init(_ elements: [Element]) {
    self.elements = elements
  }

  var count: Int { elements.count }

  func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    range.count * MemoryLayout<Element>.size
  }

  func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    // SAFETY: Numbers have no padding.
    let bytes = unsafe elements.span.extracting(range).bytes
    try writer.append(packed: bytes, elementByteCount: MemoryLayout<Element>.size)
  }
}

extension NumberValue {
  /// Reads a number of a type, or returns nil if it is a truth value or complex, or the bytes have another
  /// size.
  fileprivate init?(_ bytes: RawSpan, of type: NumberType) {
    guard bytes.byteCount == type.byteCount else { return nil }
    let octets = bytes.octets
    switch type {
    case .int8: self = .signed(Int64(Int8(littleEndianAt: 0, in: octets)))
    case .int16: self = .signed(Int64(Int16(littleEndianAt: 0, in: octets)))
    case .int32: self = .signed(Int64(Int32(littleEndianAt: 0, in: octets)))
    case .int64: self = .signed(Int64(littleEndianAt: 0, in: octets))
    case .uint8: self = .unsigned(UInt64(octets[0]))
    case .uint16: self = .unsigned(UInt64(UInt16(littleEndianAt: 0, in: octets)))
    case .uint32: self = .unsigned(UInt64(UInt32(littleEndianAt: 0, in: octets)))
    case .uint64: self = .unsigned(UInt64(littleEndianAt: 0, in: octets))
    case .float16: self = .floating(Double(Float16(bitPattern: UInt16(littleEndianAt: 0, in: octets))))
    case .bfloat16:
      // The upper half of a `Float`.
      let bits = UInt32(UInt16(littleEndianAt: 0, in: octets)) << 16
      self = .floating(Double(Float(bitPattern: bits)))
    case .float32: self = .floating(Double(Float(bitPattern: UInt32(littleEndianAt: 0, in: octets))))
    case .float64: self = .floating(Double(bitPattern: UInt64(littleEndianAt: 0, in: octets)))
    case .bool, .complex64, .complex128: return nil
    }
  }
}

extension FixedWidthInteger {
  /// Appends the bytes of the number, the least significant first.
  func appendLittleEndian(to bytes: inout [UInt8]) {
    for shift in stride(from: 0, to: Self.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: self >> Self(shift)))
    }
  }

  /// Reads a number, the least significant byte first.
  ///
  /// - Precondition: The number lies inside the span.
  init(littleEndianAt offset: Int, in bytes: Span<UInt8>) {
    var value: Self = 0
    for index in (0..<Self.bitWidth / 8).reversed() {
      value = value << 8 | Self(truncatingIfNeeded: bytes[offset + index])
    }
    self = value
  }
}
