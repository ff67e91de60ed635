public import ChunkEngine

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

// Text and byte strings: elements whose bytes are their value.

extension String: ZarrElement {
  public static var dataType: DataType { .string }

  public static func isElement(of dataType: DataType) -> Bool {
    switch dataType {
    case .string, .json, .fixedLengthUTF32: true
    default: false
    }
  }

  /// Appends the text, which is a JSON string in an array of JSON.
  public func appendElement(
    of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
  ) throws(ElementError) {
    switch dataType {
    case .fixedLengthUTF32(let length):
      let count = unicodeScalars.count
      guard count <= length else {
        throw Self.unencodable("it has \(count) code points, and an element has room for \(length)")
      }
      for scalar in unicodeScalars {
        scalar.value.appendLittleEndian(to: &bytes)
      }
      bytes.append(contentsOf: repeatElement(0, count: 4 * (length - count)))
    case .json: JSONWriter.appendString(self, to: &bytes)
    default: bytes.append(contentsOf: utf8)
    }
  }

  /// Reads text, without the zeros that fill up an element of fixed size.
  public init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError) {
    switch dataType {
    case .fixedLengthUTF32: self = try Self.codePoints(bytes)
    case .json:
      guard case .string(let text) = try JSONValue(element: bytes, of: dataType, with: coder) else {
        throw Self.undecodable("the JSON value is not a string; read it as JSONValue or JSONText")
      }
      self = text
    default: self = try Self.text(bytes)
    }
  }

  /// Text in UTF-8.
  static func text(_ bytes: RawSpan) throws(ElementError) -> String {
    do throws(UTF8.ValidationError) {
      return String(copying: try UTF8Span(validating: bytes.octets))
    } catch {
      throw Self.undecodable("byte \(error.byteOffsets.lowerBound) is not UTF-8")
    }
  }

  /// Text whose code points have four bytes each, up to the zeros at the end.
  static func codePoints(_ bytes: RawSpan) throws(ElementError) -> String {
    let octets = bytes.octets
    var text = String.UnicodeScalarView()
    var zeroCount = 0
    for start in stride(from: 0, to: octets.count - 3, by: 4) {
      let value = UInt32(littleEndianAt: start, in: octets)
      guard value != 0 else {
        zeroCount += 1
        continue
      }
      text.append(contentsOf: repeatElement("\0", count: zeroCount))
      zeroCount = 0
      guard let scalar = UnicodeScalar(value) else {
        throw Self.undecodable("0x\(String(value, radix: 16)) is not a code point")
      }
      text.append(scalar)
    }
    return String(text)
  }
}

/// A byte string if the items are `UInt8`, otherwise any number of numbers back to back.
extension Array: ZarrElement where Element: PackedElement {
  private static var isByteString: Bool { Element.self == UInt8.self }

  public static var dataType: DataType { isByteString ? .bytes : .array(of: Element.dataType) }

  public static func isElement(of dataType: DataType) -> Bool {
    isByteString ? dataType.isByteString : dataType == .array(of: Element.dataType)
  }

  public func appendElement(
    of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
  ) throws(ElementError) {
    if Self.isByteString { try dataType.checkByteCount(count, of: Self.self) }
    Element.append(span, to: &bytes)
    if Self.isByteString { dataType.fill(&bytes, after: count) }
  }

  public init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError) {
    guard bytes.byteCount.isMultiple(of: MemoryLayout<Element>.size) else {
      throw Self.undecodable(
        "\(bytes.byteCount) bytes are no whole number of items of \(MemoryLayout<Element>.size) bytes")
    }
    self = Element.values(of: Self.isByteString ? dataType.unpadded(bytes) : bytes)
  }
}

extension Data: ZarrElement {
  public static var dataType: DataType { .bytes }

  public static func isElement(of dataType: DataType) -> Bool { dataType.isByteString }

  public func appendElement(
    of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
  ) throws(ElementError) {
    try dataType.checkByteCount(count, of: Self.self)
    bytes.append(contentsOf: self)
    dataType.fill(&bytes, after: count)
  }

  public init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError) {
    self = unsafe dataType.unpadded(bytes).withUnsafeBytes { unsafe Data($0) }
  }
}

// MARK: Bytes in memory

/// A string is the bytes of its UTF-8.
extension String: BlobConvertible {
  public static var isText: Bool { true }

  public var blobByteCount: Int { utf8.count }

  public func withBlobBytes(_ body: (RawSpan) throws(ChunkError) -> Void) throws(ChunkError) {
    // Twice as fast as a span of the string. Only strings of other runtimes have no such storage.
    var failure: ChunkError?
    let isShown: Void? = unsafe utf8.withContiguousStorageIfAvailable { bytes in
      do throws(ChunkError) {
        try body(unsafe RawSpan(_unsafeElements: bytes))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    if isShown == nil {
      try Array(utf8).withBlobBytes(body)
    }
  }
}

extension Data: BlobConvertible {
  public var blobByteCount: Int { count }

  public func withBlobBytes(_ body: (RawSpan) throws(ChunkError) -> Void) throws(ChunkError) {
    try body(bytes)
  }
}

extension BlobView {
  /// Copies of the elements.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the elements. Allocates once for each element.
  public func data() -> [Data] {
    indices.map { index in
      unsafe blobs[index].withUnsafeBytes { unsafe Data($0) }
    }
  }
}

// MARK: Data types

extension DataType {
  /// Whether elements are byte strings, text or JSON, of variable or fixed size.
  public var isBlob: Bool {
    switch self {
    case .string, .json, .fixedLengthUTF32: true
    default: isByteString
    }
  }

  /// Whether elements are byte strings, of variable or fixed size.
  fileprivate var isByteString: Bool {
    switch self {
    case .bytes, .rawBytes, .opaqueBytes, .nullTerminatedBytes: true
    default: false
    }
  }

  /// Whether elements are byte strings or text, padded with zeros to a fixed size.
  public var isPadded: Bool {
    switch self {
    case .nullTerminatedBytes, .fixedLengthUTF32: true
    default: false
    }
  }

  /// Appends an element without its padding, and text as UTF-8, as NumPy shows it.
  ///
  /// Elements of other types are appended unchanged.
  ///
  /// - Parameters:
  ///   - element: The bytes of the element in memory.
  ///   - output: Where it goes.
  /// - Throws: ``ElementError/undecodable(type:reason:)`` for text with a code point that Unicode lacks.
  /// - Complexity: O(*n*) where *n* is the size of the element.
  public func appendUnpadded(_ element: RawSpan, to output: inout [UInt8]) throws(ElementError) {
    switch self {
    case .fixedLengthUTF32: output.append(contentsOf: try String.codePoints(element).utf8)
    default: JSONWriter.appendBytes(unpadded(element).octets, to: &output)
    }
  }

  /// A byte string without its padding.
  @_lifetime(copy bytes)
  fileprivate func unpadded(_ bytes: RawSpan) -> RawSpan {
    guard case .nullTerminatedBytes = self else { return bytes }
    let octets = bytes.octets
    var count = octets.count
    while count > 0, octets[count - 1] == 0 { count -= 1 }
    return bytes.extracting(0..<count)
  }

  /// Pads the byte string at the end of `bytes` with zeros, if the type has padding.
  fileprivate func fill(_ bytes: inout [UInt8], after count: Int) {
    guard case .nullTerminatedBytes(let byteCount) = self else { return }
    bytes.append(contentsOf: repeatElement(0, count: byteCount - count))
  }

  /// Checks that a byte string has a size that elements may have.
  fileprivate func checkByteCount<Element: ZarrElement>(
    _ count: Int, of type: Element.Type
  ) throws(ElementError) {
    switch self {
    case .rawBytes(let expected), .opaqueBytes(let expected):
      guard count == expected else {
        throw type.unencodable("it has \(count) bytes, and each element has \(expected)")
      }
    case .nullTerminatedBytes(let most):
      guard count <= most else {
        throw type.unencodable("it has \(count) bytes, and an element has room for \(most)")
      }
    default: break
    }
  }
}
