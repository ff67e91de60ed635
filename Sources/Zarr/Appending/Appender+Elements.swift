import ChunkEngine

extension Appender {
  /// Creates an array and an appender of values of a type to it.
  ///
  ///     let appender = try Appender.create(of: Station.self, in: store, at: "stations")
  ///     for station in stations { try appender.append(station) }
  ///     try appender.finish()
  ///
  /// See ``create(in:at:rowShape:options:access:memoryBudget:monitor:)``. The data type is that of the values
  /// unless the options say another.
  ///
  /// - Throws: As that, and ``ZarrError/element(path:index:reason:)`` if values of the type cannot be
  ///   elements.
  public static func create<Element: ZarrElement>(
    of type: Element.Type, in store: any Store, at path: String = "", rowShape: [Int] = [],
    options: ArrayOptions = ArrayOptions(), access: ArrayAccess = ArrayAccess(),
    memoryBudget: Int = standardMemoryBudget, monitor: ProgressMonitor? = nil
  ) throws -> Appender {
    var options = options
    let dataType = options.dataType ?? type.dataType
    options.dataType = dataType
    guard type.isElement(of: dataType) else {
      throw ZarrError.element(path: store.location, index: nil, reason: type.wrongDataType(dataType))
    }
    return try create(
      in: store, at: path, rowShape: rowShape, options: options, access: access, memoryBudget: memoryBudget,
      monitor: monitor)
  }

  /// Appends a value.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``append(_:)-(RawSpan)``, and ``ElementError`` if the value cannot be an element; nothing
  ///   is appended then.
  /// - Complexity: O(*n*) where *n* is the size of the element, and may wait for a chunk to be stored.
  public func append<Element: ZarrElement>(_ value: Element) throws {
    try withBytes(of: value, append)
  }

  private func withBytes<Element: ZarrElement, Result>(
    of value: Element, _ body: (RawSpan) throws -> Result
  ) throws -> Result {
    guard Element.isElement(of: dataType) else { throw Element.wrongDataType(dataType) }
    valueBytes.removeAll(keepingCapacity: true)
    try value.appendElement(of: dataType, to: &valueBytes)
    // The bytes themselves: while they are read nobody writes to the property.
    let bytes = valueBytes
    // SAFETY: Bytes have no padding.
    return try body(unsafe bytes.span.bytes)
  }

  /// Appends a value if the open chunk has room for it, and returns whether it had.
  ///
  /// This waits for nothing.
  func appendIfRoom<Element: ZarrElement>(_ value: Element) throws -> Bool {
    guard hasRoom else { return false }
    return try withBytes(of: value, appendIfRoom)
  }

  /// Appends values.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``append(_:)-(RawSpan)``, and ``ElementFailure`` for a value that cannot be an element;
  ///   nothing is appended then.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  public func append<Element: ZarrElement>(values: [Element]) throws {
    guard Element.isElement(of: dataType) else { throw Element.wrongDataType(dataType) }
    try append(contentsOf: try Element.source(of: values, as: dataType))
  }
}
