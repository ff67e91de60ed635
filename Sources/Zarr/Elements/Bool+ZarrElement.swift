import ChunkEngine

extension Bool: ZarrElement {
  public static var dataType: DataType { .number(.bool) }

  public static func isElement(of dataType: DataType) -> Bool { dataType == Self.dataType }

  public func appendElement(of dataType: DataType, to bytes: inout [UInt8]) throws(ElementError) {
    bytes.append(self ? 1 : 0)
  }

  /// Reads an element: every byte but 0 is true, as in other libraries.
  public init(element bytes: RawSpan, of dataType: DataType) throws(ElementError) {
    guard bytes.byteCount == 1 else { throw Self.undecodable("\(bytes.byteCount) bytes in place of one") }
    self = bytes.octets[0] != 0
  }
}
