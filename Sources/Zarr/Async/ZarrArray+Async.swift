public import ChunkEngine

// Work on chunks blocks its thread, and Swift's tasks share few. Each form here hands the work to the executor of the
// array.

extension ZarrArray {
  /// Reads the elements of a region, in C order, without copying them.
  ///
  /// The form of ``read(_:monitor:)-8ycye`` for `async` code. Cancelling the task ends the work after the pieces
  /// that workers are at.
  ///
  /// - Throws: As ``read(_:monitor:)-8ycye``, and ``ZarrError/cancelled``.
  /// - Complexity: As ``read(_:monitor:)-8ycye``.
  public func read(
    _ region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> BlobView {
    try await run(growth: 1, monitor) { try self.read(region, monitor: $0) }
  }

  /// Writes elements to a region, in C order.
  ///
  /// The form of `write(blobs:to:monitor:)` for `async` code. Cancelling the task ends the work after
  /// the pieces that workers are at.
  ///
  /// - Throws: As that, and ``ZarrError/cancelled``.
  /// - Complexity: As that.
  public func write(
    blobs: any BlobSource, to region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) {
    try await run(monitor) { try self.write(blobs: blobs, to: region, monitor: $0) }
  }

  /// Shows the elements of a region to `body`, chunk by chunk, in memory that is used again for the next
  /// chunk.
  ///
  /// The form of ``scan(_:monitor:_:)-2i6du`` for `async` code. Cancelling the task ends the work after the pieces
  /// that workers are at.
  ///
  /// - Throws: As ``scan(_:monitor:_:)-2i6du``, and ``ZarrError/cancelled``.
  public func scan(
    _ region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil,
    _ body: @escaping @Sendable (ArrayRegion, BlobSpan) throws -> Void
  ) async throws {
    try await access.executor.perform(byteCount: workingByteCount, at: location, monitor: monitor) {
      try self.scan(region, monitor: $0, body)
    }
  }

  /// Reads the elements of a region, in C order, as values of a type.
  ///
  /// The form of ``read(_:as:monitor:)-8dsl9`` for `async` code. Cancelling the task ends the work after the pieces
  /// that workers are at.
  ///
  /// - Throws: As that, and ``ZarrError/cancelled``.
  /// - Complexity: As that.
  public func read<Element: ZarrElement>(
    _ region: ArrayRegion? = nil, as type: Element.Type, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> [Element] {
    // Values have bytes besides those that they are made of.
    try await run(growth: 2, monitor) { try self.read(region, as: type, monitor: $0) }
  }

  /// Writes values to a region, in C order.
  ///
  /// The form of `write(_:to:monitor:)` for `async` code. Cancelling the task ends the work
  /// after the pieces that workers are at.
  ///
  /// - Throws: As that, and ``ZarrError/cancelled``.
  /// - Complexity: As that.
  public func write<Elements: Sequence & Sendable>(
    _ elements: Elements, to region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) where Elements.Element: ZarrElement {
    try await run(monitor) { try self.write(elements, to: region, monitor: $0) }
  }

  /// Reads one element.
  ///
  /// The form of `read(at:)` for `async` code.
  ///
  /// - Throws: As that, and ``ZarrError/cancelled``.
  /// - Complexity: As that.
  public func read(at indices: [Int]) async throws(ZarrError) -> [UInt8] {
    try await run { _ in try self.read(at: indices) }
  }

  /// Runs `work` by the executor of the array.
  ///
  /// - Parameters:
  ///   - growth: How many bytes the work holds for each byte of an element that it reads.
  ///   - monitor: The monitor of the caller.
  ///   - work: The work.
  /// - Returns: What `work` returns.
  /// - Throws: What `work` throws, as an error of the array.
  func run<Result: Sendable>(
    growth: Int = 0, _ monitor: ProgressMonitor? = nil,
    _ work: @escaping @Sendable (ProgressMonitor) throws -> Result
  ) async throws(ZarrError) -> Result {
    try await access.executor.run(
      byteCount: workingByteCount, at: location, monitor: monitor, growth: growth, work)
  }

  /// The memory of the workers of a call: a stored and a decoded chunk each, as far as metadata tells.
  private var workingByteCount: Int {
    let elementByteCount = chain.layout.fixedByteCount ?? WireForm.lengthByteCount + fillElement.byteCount
    let elementCount = chunkShape.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    let (chunk, overflow) = elementByteCount.multipliedReportingOverflow(by: max(1, elementCount))
    let limit = access.limits.decodedByteCountPerChunk
    let byteCount = overflow ? limit : min(limit, max(Self.leastChunkByteCount, chunk))
    let (total, isTooLarge) = byteCount.multipliedReportingOverflow(by: 2 * access.workerCount)
    return isTooLarge ? Int.max : total
  }

  /// What a chunk of elements of any size is taken for, if not more.
  private static let leastChunkByteCount = 256 << 10
}

extension ZarrArray {
  /// The elements in C order, in blocks of some chunks, however large the array is.
  ///
  ///     for try await block in array.blocks() {
  ///       for index in block.elements.indices { … block.elements.blobs[index] … }
  ///     }
  ///
  /// The form of `forEachBlock(of:monitor:_:)` for `async` code: blocks are the same, and while you use one the next one
  /// is read. A loop that ends early ends the reading.
  ///
  /// - Parameters:
  ///   - elements: The elements to read, counted in C order. The default is the whole array.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The blocks. Each loop reads them anew.
  public func blocks(
    of elements: Range<Int>? = nil, monitor: ProgressMonitor? = nil
  ) -> some AsyncSequence<ElementBlock<BlobView>, ZarrError> & Sendable {
    BlockSequence(array: self, elements: elements, monitor: monitor) { $0 }
  }

  /// The elements in C order as values of a type, in blocks of some chunks, however large the array is.
  ///
  ///     for try await block in array.blocks(as: Station.self) {
  ///       for station in block.elements { … }
  ///     }
  ///
  /// The form of ``blocks(of:monitor:)`` for values.
  public func blocks<Value: ZarrElement>(
    of elements: Range<Int>? = nil, as type: Value.Type, monitor: ProgressMonitor? = nil
  ) -> some AsyncSequence<ElementBlock<[Value]>, ZarrError> & Sendable {
    BlockSequence(array: self, elements: elements, monitor: monitor) { block in
      try type.checkReadable(from: self.transfer.dataType)
      return try self.values(of: block)
    }
  }
}

private struct BlockSequence<Elements: RandomAccessCollection & Sendable>: AsyncSequence, Sendable {
  let array: ZarrArray
  let elements: Range<Int>?
  let monitor: ProgressMonitor?
  let decode: @Sendable (ElementBlock<BlobView>) throws -> ElementBlock<Elements>

  struct Iterator: AsyncIteratorProtocol {
    let sequence: BlockSequence
    var reader: BlockReader?

    mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(ZarrError) -> ElementBlock<Elements>? {
      let (array, decode) = (sequence.array, sequence.decode)
      if reader == nil {
        reader = try BlockReader(of: sequence.elements, in: array, monitor: sequence.monitor)
      }
      guard let reader else { return nil }
      return try await array.access.executor.run(at: array.location) { _ in
        guard let block = try reader.next() else { return nil }
        return try decode(block)
      } onCancel: {
        reader.cancel()
      }
    }

    mutating func next() async throws(ZarrError) -> ElementBlock<Elements>? { try await next(isolation: nil) }
  }

  func makeAsyncIterator() -> Iterator { Iterator(sequence: self) }
}
