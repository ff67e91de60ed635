import ChunkEngine

/// A value, or none, which is another thing than an empty one.
///
///     ┌ 1 ┬ the element ┐        ┌ 0 ┬ zeros, if elements have one size, or nothing ┐
extension Optional: ZarrElement where Wrapped: ZarrElement {
  public static var dataType: DataType { .optional(Wrapped.dataType) }

  public static func isElement(of dataType: DataType) -> Bool {
    if case .optional(let inner) = dataType { Wrapped.isElement(of: inner) } else { false }
  }

  public static func canBeRead(from dataType: DataType) -> Bool {
    if case .optional(let inner) = dataType { Wrapped.canBeRead(from: inner) } else { false }
  }

  public func appendElement(of dataType: DataType, to bytes: inout [UInt8]) throws(ElementError) {
    guard case .optional(let inner) = dataType else { throw Self.wrongDataType(dataType) }
    if let value = self {
      bytes.append(1)
      try value.appendElement(of: inner, to: &bytes)
    } else {
      bytes.append(0)
      if case .fixed(let byteCount) = inner.layout {
        bytes.append(contentsOf: repeatElement(0, count: byteCount))
      }
    }
  }

  public init(element bytes: RawSpan, of dataType: DataType) throws(ElementError) {
    guard case .optional(let inner) = dataType else { throw Self.wrongDataType(dataType) }
    let octets = bytes.octets
    guard !octets.isEmpty, octets[0] <= 1 else {
      throw Self.undecodable("it does not begin with 0 or 1")
    }
    self =
      octets[0] == 0
      ? .none : .some(try Wrapped(element: bytes.extracting(1..<bytes.byteCount), of: inner))
  }
}
