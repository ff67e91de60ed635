import ChunkEngine

/// A value or nil. Nil differs from an empty value.
///
///     ┌ 1 ┬ the element ┐        ┌ 0 ┬ zeros, if elements have one size, or nothing ┐
///
/// In an array of JSON, nil is stored as `null`, and `null` is always read as nil.
extension Optional: ZarrElement where Wrapped: ZarrElement {
  public static var dataType: DataType { .optional(Wrapped.dataType) }

  public static func isElement(of dataType: DataType) -> Bool {
    switch dataType {
    case .optional(let inner): Wrapped.isElement(of: inner)
    case .json: Wrapped.isElement(of: .json)
    default: false
    }
  }

  public static func canBeRead(from dataType: DataType) -> Bool {
    switch dataType {
    case .optional(let inner): Wrapped.canBeRead(from: inner)
    case .json: Wrapped.canBeRead(from: .json)
    default: false
    }
  }

  public func appendElement(
    of dataType: DataType, to bytes: inout [UInt8], with coder: ElementCoder
  ) throws(ElementError) {
    guard case .optional(let inner) = dataType else {
      guard let self else { return bytes.append(contentsOf: "null".utf8) }
      return try self.appendElement(of: dataType, to: &bytes, with: coder)
    }
    if let value = self {
      bytes.append(1)
      try value.appendElement(of: inner, to: &bytes, with: coder)
    } else {
      bytes.append(0)
      if case .fixed(let byteCount) = inner.layout {
        bytes.append(contentsOf: repeatElement(0, count: byteCount))
      }
    }
  }

  public init(element bytes: RawSpan, of dataType: DataType, with coder: ElementCoder) throws(ElementError) {
    guard case .optional(let inner) = dataType else {
      self = JSONElement.isNull(bytes) ? .none : .some(try Wrapped(element: bytes, of: dataType, with: coder))
      return
    }
    let octets = bytes.octets
    guard !octets.isEmpty, octets[0] <= 1 else {
      throw Self.undecodable("it does not begin with 0 or 1")
    }
    self =
      octets[0] == 0
      ? .none : .some(try Wrapped(element: bytes.extracting(1..<bytes.byteCount), of: inner, with: coder))
  }
}
