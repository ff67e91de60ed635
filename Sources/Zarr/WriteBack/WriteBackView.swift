/// Sets and reads elements one at a time, and encodes each chunk once.
///
///     try array.withWriteBack(as: JSONValue.self) { view in
///       for (index, value) in values { try view.write(value, at: index) }
///     }
///
/// Writing an element to an array reads, merges and stores a whole chunk. A view keeps what is written in
/// memory, and does that once for all elements of a chunk: when it is flushed, or when the memory that it may
/// take is full, for the chunks that were not used for the longest time. What is read is what was written
/// last, whether it is stored or not.
///
/// A chunk that could not be stored stays in memory, so that nothing is lost and it can be tried again.
/// Others may write to the array meanwhile: only the elements that were written here are replaced. What they
/// write to chunks that the view has read is seen when it reads them again.
///
/// A view can be used from any number of threads, one of which works at a time. Close it at the end:
/// `withWriteBack` does. A view that is dropped tries to store what it has, and nobody hears if that fails.
public final class WriteBackView<Element: ZarrElement>: Sendable {
  /// The array.
  public let array: ZarrArray

  private let chunks: WriteBackChunks

  /// Creates a view.
  ///
  /// - Parameters:
  ///   - array: The array whose elements are set and read.
  ///   - type: The type of the elements.
  ///   - memoryBudget: The bytes of elements that may be kept. There is always room for one chunk.
  /// - Throws: ``ZarrError/element(path:index:reason:)`` if elements are no such values, and
  ///   ``ZarrError/notWritable(path:reason:)``.
  public init(
    _ array: ZarrArray, of type: Element.Type = Element.self,
    memoryBudget: Int = WriteBackView.standardMemoryBudget
  ) throws {
    try array.checkWritable()
    try array.withElementErrors {
      try type.checkWritable(to: array.dataType)
      try type.checkReadable(from: array.dataType)
    }
    self.array = array
    chunks = WriteBackChunks(array, memoryBudget: memoryBudget)
  }

  deinit {
    // Whoever closes the view hears of errors; here nothing is left to be done about them.
    try? chunks.flush()
  }

  /// The memory for elements, unless it is said.
  public static var standardMemoryBudget: Int { 64 << 20 }

  /// Sets an element.
  ///
  /// - Throws: ``ZarrError/outOfBounds(path:region:shape:)`` and ``ZarrError/element(path:index:reason:)``;
  ///   the element is then as before. An error of a chunk that had to be stored to make room is thrown too,
  ///   and then the element is set, and nothing is lost.
  /// - Complexity: O(*n*) where *n* is the size of the element, but for the time that storing other chunks
  ///   takes.
  public func write(_ value: Element, at indices: [Int]) throws {
    var bytes: [UInt8] = []
    try array.withElementErrors {
      let transfer = array.transfer
      try transfer.withCoder { try value.appendElement(of: transfer.dataType, to: &bytes, with: $0) }
    }
    try chunks.write(bytes, at: indices)
  }

  /// Sets an element.
  ///
  /// - Throws: As ``write(_:at:)-(_,[Int])``.
  /// - Complexity: As that.
  public func write(_ value: Element, at indices: Int...) throws {
    try write(value, at: indices)
  }

  /// Reads an element, as it was written last.
  ///
  /// - Throws: ``ZarrError/outOfBounds(path:region:shape:)``, ``ZarrError/element(path:index:reason:)``, and
  ///   what reading the chunk throws.
  /// - Complexity: O(*n*) where *n* is the size of the element, or that of the chunk if it is not in memory.
  public func read(at indices: [Int]) throws -> Element {
    let bytes = try chunks.read(at: indices)
    return try array.withElementErrors {
      let transfer = array.transfer
      return try transfer.withCoder { coder in
        // SAFETY: Bytes have no padding.
        try Element(element: unsafe bytes.span.bytes, of: transfer.dataType, with: coder)
      }
    }
  }

  /// The element at a position, as it was written last.
  ///
  /// - Throws: As ``read(at:)``.
  /// - Complexity: As that.
  public subscript(indices: Int...) -> Element {
    get throws { try read(at: indices) }
  }

  /// Stores everything that was written.
  ///
  /// - Throws: The error of a chunk that cannot be stored. It and those that were not tried stay in memory.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that were written to.
  public func flush() throws {
    try chunks.flush()
  }

  /// Stores everything that was written, and gives back the memory.
  ///
  /// The view can be used again.
  ///
  /// - Throws: As ``flush()``; the memory is then kept.
  /// - Complexity: As that.
  public func close() throws {
    try chunks.close()
  }
}

extension ZarrArray {
  /// Calls `body` with a view that sets and reads elements one at a time, and stores what it wrote.
  ///
  /// - Parameters:
  ///   - type: The type of the elements.
  ///   - memoryBudget: The bytes of elements that may be kept. There is always room for one chunk.
  ///   - body: What to do with the view.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws, after what it wrote is stored, and what storing throws.
  public func withWriteBack<Element: ZarrElement, Result>(
    as type: Element.Type, memoryBudget: Int = WriteBackView<Element>.standardMemoryBudget,
    _ body: (WriteBackView<Element>) throws -> Result
  ) throws -> Result {
    let view = try WriteBackView(self, of: type, memoryBudget: memoryBudget)
    let result: Result
    do {
      result = try body(view)
    } catch {
      // Of two errors the first one counts.
      try? view.close()
      throw error
    }
    try view.close()
    return result
  }
}
