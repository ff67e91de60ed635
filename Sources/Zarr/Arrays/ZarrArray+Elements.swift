public import ChunkEngine

// What the plain names read and write are values of Swift types that conform to `ZarrElement`, checked against the data
// type of the array. Bytes as they lie in memory have the label `blobs`.

extension ZarrArray {
  /// Reads the elements of a region, in C order, as values of a type.
  ///
  ///     let names = try array.read(as: String.self)
  ///
  /// - Parameters:
  ///   - region: The elements to read. The default is the whole array.
  ///   - type: The type of the values.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The values.
  /// - Throws: As `read(_:monitor:)`, and ``ZarrError/element(path:index:reason:)`` for the first element that is
  ///   no value of the type.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the region touches.
  @available(*, noasync)
  public func read<Element: ZarrElement>(
    _ region: ArrayRegion? = nil, as type: Element.Type, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> [Element] {
    try zarrErrors(at: location, following: monitor) {
      try type.checkReadable(from: dataType)
      return try transfer.elements(of: read(region, monitor: monitor), as: type)
    }
  }

  /// Reads one element as a value of a type.
  ///
  /// - Throws: As `read(_:as:monitor:)`.
  /// - Complexity: O(*n*) where *n* is the size of the chunk that the element is in.
  @available(*, noasync)
  public func read<Element: ZarrElement>(
    at indices: [Int], as type: Element.Type
  ) throws(ZarrError) -> Element {
    try zarrErrors(at: location) {
      try type.checkReadable(from: transfer.dataType)
      let bytes = try read(at: indices)
      return try transfer.withCoder { try Element(element: bytes.rawSpan, of: dataType, with: $0) }
    }
  }

  /// Shows the elements of a region to `body` as values of a type, chunk by chunk.
  ///
  /// `body` is called from several threads at once, in no particular order of the chunks, with the region of the array
  /// that a chunk has and its values in C order. At most a chunk for each worker is in memory.
  ///
  /// - Throws: As `read(_:as:monitor:)`, and what `body` throws. The index in an error is that in the region that
  ///   the error's chunk has.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the region touches.
  @available(*, noasync)
  public func scan<Element: ZarrElement>(
    _ region: ArrayRegion? = nil, as type: Element.Type, monitor: ProgressMonitor? = nil,
    _ body: @Sendable (ArrayRegion, [Element]) throws -> Void
  ) throws {
    try zarrErrors(at: location) { try type.checkReadable(from: dataType) }
    try scan(region, monitor: monitor) { region, blobs in
      try body(region, zarrErrors(at: location) { try transfer.elements(of: blobs, as: type) })
    }
  }

  /// Writes values to a region, in C order.
  ///
  /// - Parameters:
  ///   - elements: As many values as the region has elements.
  ///   - region: Where they go. The default is the whole array.
  ///   - monitor: Follows the work and can stop it.
  /// - Throws: As `write(blobs:to:monitor:)`, and ``ZarrError/element(path:index:reason:)`` for the
  ///   first value that cannot be an element; nothing is written then.
  /// - Complexity: O(*n*) where *n* is the size of the elements and of the chunks that they are in.
  @available(*, noasync)
  public func write<Elements: Sequence>(
    _ elements: Elements, to region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) where Elements.Element: ZarrElement {
    try zarrErrors(at: location, following: monitor) {
      try checkWritable()
      try write(transfer.source(of: Array(elements)), to: region, monitor: monitor)
    }
  }

  /// Writes one value.
  ///
  /// Each call reads, merges and writes a chunk. To set many elements one after the other, use a ``WriteBackView``.
  ///
  /// - Throws: As `write(_:to:monitor:)`.
  /// - Complexity: O(*n*) where *n* is the size of the chunk.
  @available(*, noasync)
  public func write<Element: ZarrElement>(_ element: Element, at indices: [Int]) throws(ZarrError) {
    try write([element], to: ArrayRegion(elementAt: indices))
  }

  /// Creates an array of values.
  ///
  ///     try ZarrArray.create(in: store, at: "labels", writing: ["north", "south"])
  ///
  /// Groups above the array that do not exist are created too.
  ///
  /// - Parameters:
  ///   - store: Where the array goes.
  ///   - path: The path in the store. The default is the root.
  ///   - elements: The elements in C order.
  ///   - shape: The number of elements along each dimension. The default is one dimension.
  ///   - options: What the array is like. Its data type is that of the values by default.
  ///   - access: How you work on the array.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The array.
  /// - Throws: As `create(in:at:blobs:shape:options:access:monitor:)`, and ``ZarrError/element(path:index:reason:)`` for
  ///   values that cannot be elements.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  @available(*, noasync)
  @discardableResult
  public static func create<Elements: Sequence>(
    in store: any Store, at path: String = "", writing elements: Elements, shape: [Int]? = nil,
    options: ArrayOptions = ArrayOptions(), access: ArrayAccess = ArrayAccess(),
    monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> ZarrArray where Elements.Element: ZarrElement {
    let path = try nodePath(path, in: store)
    return try zarrErrors(at: location(store, path), following: monitor) {
      var options = options
      let source = try options.source(of: elements, access)
      let array = try create(
        in: store, at: path, writing: source, shape: shape, options: options, access: access, monitor: monitor
      )
      try ConsolidatedMetadata.add(path, in: store, access.metadataLimits)
      return array
    }
  }
}

extension ZarrArray {
  /// Writes elements that you have as bytes to a region, in C order.
  ///
  /// The bytes of an element are those that ``ArrayMetadata/dataType`` has in memory: little-endian numbers, UTF-8 text,
  /// the text of a JSON value. They are checked: sizes against data types of fixed size, text and JSON for being such.
  ///
  /// - Parameters:
  ///   - blobs: As many elements as the region has.
  ///   - region: Where they go. The default is the whole array.
  ///   - monitor: Follows the work and can stop it.
  /// - Throws: ``ZarrError``: ``ZarrError/elementCount(path:found:expected:)`` for another number of elements than the
  ///   region has, ``ZarrError/element(path:index:reason:)`` for the first that the data type does not take,
  ///   ``ZarrError/outOfBounds(path:region:shape:)``, ``ZarrError/notWritable(path:reason:)``,
  ///   ``ZarrError/store(path:reason:)``, and ``ZarrError/cancelled``. Chunks that were done before may stay written.
  /// - Complexity: O(*n*) where *n* is the size of the elements and of the chunks that they are in.
  @available(*, noasync)
  public func write(
    blobs: any BlobSource, to region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) {
    try zarrErrors(at: location, following: monitor) {
      try checkWritable()
      try transfer.withChecked(blobs) { try write(blobs, to: region, monitor: monitor) }
    }
  }

  /// Writes elements whose bytes are known to be those of the data type, such as what was read from the array.
  package func write(checked blobs: any BlobSource, to region: ArrayRegion? = nil) throws(ZarrError) {
    try zarrErrors(at: location) { try write(blobs, to: region, monitor: nil) }
  }

  /// Writes one element that you have as bytes.
  ///
  /// - Throws: As `write(blobs:to:monitor:)`.
  /// - Complexity: O(*n*) where *n* is the size of the chunk, which is read, merged and written.
  @available(*, noasync)
  public func write(blob: [UInt8], at indices: [Int]) throws(ZarrError) {
    try write(blobs: [blob], to: ArrayRegion(elementAt: indices))
  }

  /// Creates an array of elements that you have as bytes.
  ///
  /// The bytes of an element are those that the data type has in memory, as for `write(blobs:to:monitor:)`.
  /// Groups above the array that do not exist are created too.
  ///
  /// - Parameters:
  ///   - store: Where the array goes.
  ///   - path: The path in the store. The default is the root.
  ///   - blobs: The elements in C order.
  ///   - shape: The number of elements along each dimension. The default is one dimension.
  ///   - options: What the array is like. Without a data type it is `string` if the source is one of text, and `bytes`
  ///     otherwise.
  ///   - access: How you work on the array.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The array.
  /// - Throws: As `create(in:at:shape:options:access:)` and `write(blobs:to:monitor:)`, and
  ///   ``ZarrError/elementCount(path:found:expected:)`` if the shape has another number of elements. The document of the
  ///   array is written last: if writing fails there is no array, and trying again replaces the chunks that were stored.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  @available(*, noasync)
  @discardableResult
  public static func create(
    in store: any Store, at path: String = "", blobs: any BlobSource, shape: [Int]? = nil,
    options: ArrayOptions = ArrayOptions(), access: ArrayAccess = ArrayAccess(),
    monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> ZarrArray {
    let path = try nodePath(path, in: store)
    return try zarrErrors(at: location(store, path), following: monitor) {
      let array = try options.withChecked(blobs, access) { options in
        try create(
          in: store, at: path, writing: blobs, shape: shape, options: options, access: access,
          monitor: monitor)
      }
      try ConsolidatedMetadata.add(path, in: store, access.metadataLimits)
      return array
    }
  }
}

extension ArrayOptions {
  /// The elements of a new array as a source, after the data type is set to theirs if there is none.
  mutating func source<Elements: Sequence>(
    of elements: Elements, _ access: ArrayAccess
  ) throws -> any BlobSource where Elements.Element: ZarrElement {
    let dataType = dataType ?? Elements.Element.dataType
    self.dataType = dataType
    return try ElementTransfer(dataType, access).source(of: Array(elements))
  }

  /// Checks the elements of a new array, and calls `body` with the options, which then have a data type.
  func withChecked<Result>(
    _ blobs: any BlobSource, _ access: ArrayAccess, _ body: (ArrayOptions) throws -> Result
  ) throws -> Result {
    let dataType = dataType ?? (blobs.elementsAreText ? .string : .bytes)
    var options = self
    options.dataType = dataType
    return try ElementTransfer(dataType, access).withChecked(blobs) { try body(options) }
  }
}
