import ChunkEngine

/// Elements as values of Swift types.
extension ZarrArray {
  /// Reads the elements of a region, in C order, as values of a type.
  ///
  ///     let names = try array.read(as: String.self)
  ///
  /// - Parameters:
  ///   - region: The elements to read; all unless it is said.
  ///   - type: The type of the values.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The values.
  /// - Throws: As ``read(_:monitor:)-8ycye``, and ``ZarrError/element(path:index:reason:)`` for elements that
  ///   are no such values.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the region touches.
  public func read<Element: ZarrElement>(
    _ region: ArrayRegion? = nil, as type: Element.Type, monitor: ProgressMonitor? = nil
  ) throws -> [Element] {
    try checkReadable(as: type)
    let view = try read(region, monitor: monitor)
    return try withElementErrors { try Element.elements(of: view, as: dataType) }
  }

  /// Reads one element as a value of a type.
  ///
  /// - Throws: As ``read(_:as:monitor:)-8dsl9``.
  /// - Complexity: O(*n*) where *n* is the size of the chunk that the element is in.
  public func read<Element: ZarrElement>(at indices: [Int], as type: Element.Type) throws -> Element {
    try checkReadable(as: type)
    let view = try read(ArrayRegion(elementAt: indices))
    return try withElementErrors { try Element(element: view[0], of: dataType) }
  }

  /// Writes values to a region, in C order.
  ///
  /// - Parameters:
  ///   - values: As many values as the region has elements.
  ///   - region: Where they go; everywhere unless it is said.
  ///   - monitor: Follows the work and can stop it.
  /// - Throws: As ``write(_:to:monitor:)-9204v``, and ``ZarrError/element(path:index:reason:)`` for values
  ///   that cannot be elements; nothing is written then.
  /// - Complexity: O(*n*) where *n* is the size of the elements and of the chunks that they are in.
  public func write<Element: ZarrElement>(
    _ values: [Element], to region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil
  ) throws {
    try checkWritable(as: Element.self)
    let source = try withElementErrors { try Element.source(of: values, as: dataType) }
    try write(source, to: region, monitor: monitor)
  }

  /// Writes one value.
  ///
  /// Each call reads, merges and writes a chunk. To set many elements one after the other, use a
  /// ``WriteBackView``.
  ///
  /// - Throws: As ``write(_:to:monitor:)-9204v``, and ``ZarrError/element(path:index:reason:)`` for a value
  ///   that cannot be an element.
  /// - Complexity: O(*n*) where *n* is the size of the chunk, which is read, merged and written.
  public func write<Element: ZarrElement>(_ value: Element, at indices: [Int]) throws {
    try write([value], to: ArrayRegion(elementAt: indices))
  }

  /// Creates an array of values.
  ///
  /// - Parameters:
  ///   - store: Where the array goes.
  ///   - path: The path in the store, nothing for its root.
  ///   - values: The elements in C order.
  ///   - shape: The number of elements along each dimension; one dimension unless it is said.
  ///   - options: What the array is like. Its data type is that of the values unless it is said.
  ///   - access: How the array is worked on.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The array.
  /// - Throws: As ``create(in:at:shape:options:access:)`` and ``write(_:to:monitor:)-9204v``, and
  ///   ``ZarrError/element(path:index:reason:)`` for values that cannot be elements.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  @discardableResult
  public static func create<Element: ZarrElement>(
    in store: any Store, at path: String = "", writing values: [Element], shape: [Int]? = nil,
    options: ArrayOptions = ArrayOptions(), access: ArrayAccess = ArrayAccess(),
    monitor: ProgressMonitor? = nil
  ) throws -> ZarrArray {
    var options = options
    let dataType = options.dataType ?? Element.dataType
    options.dataType = dataType
    let location = location(store, try nodePath(path, in: store))
    guard Element.isElement(of: dataType) else {
      throw ZarrError.element(path: location, index: nil, reason: Element.wrongDataType(dataType))
    }
    let source = try withElementErrors(location) { try Element.source(of: values, as: dataType) }
    return try create(
      in: store, at: path, writing: source, shape: shape, options: options, access: access, monitor: monitor)
  }
}

extension ZarrArray {
  /// Checks that elements can be read as values of a type.
  func checkReadable<Element: ZarrElement>(as type: Element.Type) throws(ZarrError) {
    let dataType = dataType
    guard type.canBeRead(from: dataType) else {
      throw .element(path: location, index: nil, reason: type.wrongDataType(dataType))
    }
  }

  /// Checks that values of a type can be elements.
  func checkWritable<Element: ZarrElement>(as type: Element.Type) throws(ZarrError) {
    let dataType = dataType
    guard type.isElement(of: dataType) else {
      throw .element(path: location, index: nil, reason: type.wrongDataType(dataType))
    }
  }

  /// The elements of a source as they are stored: text has other bytes in arrays of other types than text.
  ///
  /// Text that is given as an array of strings comes as a source, not as values, since it is one.
  static func source(
    of elements: any BlobSource, as dataType: DataType, location: String
  ) throws -> any BlobSource {
    guard dataType != .string, String.isElement(of: dataType), let texts = elements as? [String] else {
      return elements
    }
    return try withElementErrors(location) { try String.source(of: texts, as: dataType) }
  }

  /// Says of which array an error of an element is.
  func withElementErrors<Result>(_ body: () throws -> Result) throws -> Result {
    try Self.withElementErrors(location, body)
  }

  /// Says of which array an error of an element is.
  static func withElementErrors<Result>(_ location: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let failure as ElementFailure {
      throw ZarrError.element(path: location, index: failure.index, reason: failure.reason)
    } catch let error as ElementError {
      throw ZarrError.element(path: location, index: nil, reason: error)
    }
  }
}
