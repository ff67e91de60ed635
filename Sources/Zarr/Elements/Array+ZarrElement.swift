public import ChunkEngine

/// The bytes of an element, whatever it is; or numbers back to back, of which each element has its own count.
///
/// Arrays of `UInt8` are byte strings.
extension Array: ZarrElement where Element: PackedElement {
  private static var isByteString: Bool { Element.self == UInt8.self }

  public static var dataType: DataType { isByteString ? .bytes : .array(of: Element.dataType) }

  public static func isElement(of dataType: DataType) -> Bool {
    isByteString || dataType == .array(of: Element.dataType)
  }

  public func appendElement(of dataType: DataType, to bytes: inout [UInt8]) throws(ElementError) {
    Element.append(span, to: &bytes)
  }

  public init(element bytes: RawSpan, of dataType: DataType) throws(ElementError) {
    guard bytes.byteCount.isMultiple(of: MemoryLayout<Element>.size) else {
      throw Self.undecodable(
        "\(bytes.byteCount) bytes are no whole number of items of \(MemoryLayout<Element>.size) bytes")
    }
    self = Element.values(of: bytes)
  }

  public static func source(of elements: [Self], as dataType: DataType) throws -> any BlobSource {
    // Byte strings are what is written, as they are.
    try (elements as Any) as? [[UInt8]] ?? EncodedElements.encode(elements, as: dataType)
  }
}
