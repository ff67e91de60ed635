public import ChunkEngine

// The forms of the calls of arrays for `async` code. Each one hands the call that blocks to the executor of the array, and
// promises what that call promises. Cancelling the task ends the work soon, and then the form throws
// `ZarrError.cancelled`.

extension ZarrArray {
  /// Opens an array, as the form that blocks does.
  public static func open(
    in store: any Store, at path: String = "", access: ArrayAccess = ArrayAccess()
  ) async throws(ZarrError) -> ZarrArray {
    try await access.executor.read(in: store, at: path) { try open(in: store, at: path, access: access) }
  }

  /// Creates an array of which nothing is written yet, as the form that blocks does.
  public static func create(
    in store: any Store, at path: String = "", shape: [Int], options: ArrayOptions = ArrayOptions(),
    access: ArrayAccess = ArrayAccess()
  ) async throws(ZarrError) -> ZarrArray {
    try await access.executor.run(in: store, at: path) { _ in
      try create(in: store, at: path, shape: shape, options: options, access: access)
    }
  }

  /// Creates an array of values, as the form that blocks does.
  @discardableResult
  public static func create<Elements: Sequence & Sendable>(
    in store: any Store, at path: String = "", writing elements: Elements, shape: [Int]? = nil,
    options: ArrayOptions = ArrayOptions(), access: ArrayAccess = ArrayAccess(),
    monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> ZarrArray where Elements.Element: ZarrElement {
    try await access.executor.run(in: store, at: path, monitor) { monitor in
      try create(
        in: store, at: path, writing: elements, shape: shape, options: options, access: access,
        monitor: monitor)
    }
  }

  /// Creates an array of elements that you have as bytes, as the form that blocks does.
  @discardableResult
  public static func create(
    in store: any Store, at path: String = "", blobs: any BlobSource, shape: [Int]? = nil,
    options: ArrayOptions = ArrayOptions(), access: ArrayAccess = ArrayAccess(),
    monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> ZarrArray {
    try await access.executor.run(in: store, at: path, monitor) { monitor in
      try create(
        in: store, at: path, blobs: blobs, shape: shape, options: options, access: access, monitor: monitor)
    }
  }

  /// Gives the array another shape, as the form that blocks does.
  public func resize(to shape: [Int]) async throws(ZarrError) {
    try await run { _ in try self.resize(to: shape) }
  }

  /// Replaces the attributes, as the form that blocks does.
  public func setAttributes(_ attributes: JSONObject) async throws(ZarrError) {
    try await run { _ in try self.setAttributes(attributes) }
  }

  /// Reads the metadata again, as the form that blocks does.
  public func reload() async throws(ZarrError) {
    try await run { _ in try self.reload() }
  }

  /// Reads a chunk as the store holds it, as the form that blocks does.
  public func storedBytes(ofChunkAt indices: [Int]) async throws(ZarrError) -> [UInt8]? {
    try await run(abandons: true) { _ in try self.storedBytes(ofChunkAt: indices) }
  }

  /// Lists the chunks that are stored, as the form that blocks does.
  public func storedChunkIndices() async throws(ZarrError) -> [[Int]] {
    try await run(abandons: true) { _ in try self.storedChunkIndices() }
  }

  /// Removes a chunk if it is damaged, as the form that blocks does.
  public func removeDamage(
    ofChunkAt indices: [Int], keeping keep: @escaping @Sendable (any StoredValue) throws -> Void
  ) async throws -> [DamagedChunk] {
    try await access.executor.perform(at: location) { _ in
      try self.removeDamage(ofChunkAt: indices, keeping: keep)
    }
  }
}

extension ZarrArray {
  /// Reads the elements of a region without copying them, as the form that blocks does.
  ///
  /// A task that is cancelled goes on at once, and the reading ends when the store has answered.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the region touches.
  public func read(
    _ region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> BlobView {
    try await run(growth: 1, abandons: true, monitor) { try self.read(region, monitor: $0) }
  }

  /// Reads the elements of a region as values of a type, as the form that blocks does.
  ///
  /// A task that is cancelled goes on at once, and the reading ends when the store has answered.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the region touches.
  public func read<Element: ZarrElement>(
    _ region: ArrayRegion? = nil, as type: Element.Type, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> [Element] {
    // Values have bytes besides those that they are made of.
    try await run(growth: 2, abandons: true, monitor) { try self.read(region, as: type, monitor: $0) }
  }

  /// Reads one element, as the form that blocks does.
  public func read(at indices: [Int]) async throws(ZarrError) -> [UInt8] {
    try await run(abandons: true) { _ in try self.read(at: indices) }
  }

  /// Reads one element as a value of a type, as the form that blocks does.
  public func read<Element: ZarrElement>(
    at indices: [Int], as type: Element.Type
  ) async throws(ZarrError) -> Element {
    try await run(abandons: true) { _ in try self.read(at: indices, as: type) }
  }

  /// Shows the elements of a region to `body` chunk by chunk, as the form that blocks does.
  ///
  /// `body` runs on threads of the executor.
  public func scan(
    _ region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil,
    _ body: @escaping @Sendable (ArrayRegion, BlobSpan) throws -> Void
  ) async throws {
    try await access.executor.perform(byteCount: workingByteCount, at: location, monitor: monitor) {
      try self.scan(region, monitor: $0, body)
    }
  }

  /// Shows the elements of a region to `body` as values of a type, as the form that blocks does.
  ///
  /// `body` runs on threads of the executor.
  public func scan<Element: ZarrElement>(
    _ region: ArrayRegion? = nil, as type: Element.Type, monitor: ProgressMonitor? = nil,
    _ body: @escaping @Sendable (ArrayRegion, [Element]) throws -> Void
  ) async throws {
    try await access.executor.perform(byteCount: workingByteCount, at: location, monitor: monitor) {
      try self.scan(region, as: type, monitor: $0, body)
    }
  }

  /// Writes values to a region, as the form that blocks does.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the elements and of the chunks that they are in.
  public func write<Elements: Sequence & Sendable>(
    _ elements: Elements, to region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) where Elements.Element: ZarrElement {
    try await run(monitor) { try self.write(elements, to: region, monitor: $0) }
  }

  /// Writes one value, as the form that blocks does.
  public func write<Element: ZarrElement>(_ element: Element, at indices: [Int]) async throws(ZarrError) {
    try await run { _ in try self.write(element, at: indices) }
  }

  /// Writes elements that you have as bytes to a region, as the form that blocks does.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the elements and of the chunks that they are in.
  public func write(
    blobs: any BlobSource, to region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) {
    try await run(monitor) { try self.write(blobs: blobs, to: region, monitor: $0) }
  }

  /// Writes one element that you have as bytes, as the form that blocks does.
  public func write(blob: [UInt8], at indices: [Int]) async throws(ZarrError) {
    try await run { _ in try self.write(blob: blob, at: indices) }
  }

  /// Writes all elements of another array, as the form that blocks does.
  public func write(
    contentsOf source: ZarrArray, memoryBudget: Int = standardCopyMemoryBudget,
    monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) {
    try await run(monitor) {
      try self.write(contentsOf: source, memoryBudget: memoryBudget, monitor: $0)
    }
  }

  /// Finds the first element that differs from that of another array, as the form that blocks does.
  public func firstDifference(
    from other: ZarrArray, memoryBudget: Int = standardCopyMemoryBudget, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> [Int]? {
    try await run(monitor) {
      try self.firstDifference(from: other, memoryBudget: memoryBudget, monitor: $0)
    }
  }

  /// Runs `work` by the executor of the array.
  ///
  /// - Parameters:
  ///   - growth: How many bytes the work holds for each byte of an element that it reads.
  ///   - abandons: Whether a cancelled task goes on before the work has ended.
  ///   - monitor: The monitor of the caller.
  ///   - work: The work.
  /// - Returns: What `work` returns.
  /// - Throws: What `work` throws, as an error of the array.
  func run<Result: Sendable>(
    growth: Int = 0, abandons: Bool = false, _ monitor: ProgressMonitor? = nil,
    _ work: @escaping @Sendable (ProgressMonitor) throws -> Result
  ) async throws(ZarrError) -> Result {
    try await access.executor.run(
      byteCount: workingByteCount, at: location, monitor: monitor, growth: growth, abandons: abandons, work)
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
    valueBlocks(of: elements, as: type, monitor)
  }

  /// The elements in C order as values of a type, one after the other, in constant memory.
  ///
  ///     for try await station in array.values(as: Station.self) {
  ///       print(station.name)
  ///     }
  ///
  /// The form of `elements(_:as:)` for `async` code: blocks of elements are read as by ``blocks(of:monitor:)``.
  ///
  /// - Parameters:
  ///   - elements: The elements, counted in C order. The default is all.
  ///   - type: The type of the values.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The values. Each loop reads them anew.
  public func values<Value: ZarrElement>(
    _ elements: Range<Int>? = nil, as type: Value.Type, monitor: ProgressMonitor? = nil
  ) -> some AsyncSequence<Value, ZarrError> & Sendable {
    ValueSequence(blocks: valueBlocks(of: elements, as: type, monitor))
  }

  private func valueBlocks<Value: ZarrElement>(
    of elements: Range<Int>?, as type: Value.Type, _ monitor: ProgressMonitor?
  ) -> BlockSequence<[Value]> {
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
    var reader: BlockReader<BlobView>?

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
        return try decode(ElementBlock(block))
      } onCancel: {
        reader.cancel()
      }
    }

    mutating func next() async throws(ZarrError) -> ElementBlock<Elements>? { try await next(isolation: nil) }
  }

  func makeAsyncIterator() -> Iterator { Iterator(sequence: self) }
}

/// The elements of blocks, one after the other.
private struct ValueSequence<Value: ZarrElement>: AsyncSequence, Sendable {
  let blocks: BlockSequence<[Value]>

  struct Iterator: AsyncIteratorProtocol {
    var blocks: BlockSequence<[Value]>.Iterator
    var block: [Value] = []
    var position = 0

    mutating func next(isolation actor: isolated (any Actor)?) async throws(ZarrError) -> Value? {
      while position == block.count {
        guard let next = try await blocks.next(isolation: actor) else { return nil }
        (block, position) = (next.elements, 0)
      }
      defer { position += 1 }
      return block[position]
    }

    mutating func next() async throws(ZarrError) -> Value? { try await next(isolation: nil) }
  }

  func makeAsyncIterator() -> Iterator { Iterator(blocks: blocks.makeAsyncIterator()) }
}
