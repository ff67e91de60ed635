import ChunkEngine

extension ZarrArray {
  /// Creates an array of which nothing is written yet.
  ///
  /// Groups above it that do not exist are created too.
  ///
  /// - Parameters:
  ///   - store: Where the array goes.
  ///   - path: The path in the store, nothing for its root.
  ///   - shape: The number of elements along each dimension.
  ///   - options: What the array is like. The sizes of its chunks and shards cannot be in bytes.
  ///   - access: How the array is worked on.
  /// - Returns: The array.
  /// - Throws: ``ZarrError/alreadyExists(path:)``, ``ZarrError/metadata(path:reason:)``, and
  ///   ``ZarrError/store(path:reason:)``.
  @available(*, noasync)
  public static func create(
    in store: any Store, at path: String = "", shape: [Int], options: ArrayOptions = ArrayOptions(),
    access: ArrayAccess = ArrayAccess()
  ) throws(ZarrError) -> ZarrArray {
    let path = try nodePath(path, in: store)
    return try zarrErrors(at: location(store, path)) {
      let array = try create(
        in: store, at: path, shape: shape, meanByteCount: nil, options: options, access: access)
      try ConsolidatedMetadata.add(path, in: store, access.metadataLimits)
      return array
    }
  }

  static func create(
    in store: any Store, at path: NodePath, writing elements: any BlobSource, shape: [Int]?,
    options: ArrayOptions, access: ArrayAccess, monitor: ProgressMonitor?
  ) throws -> ZarrArray {
    let shape = shape ?? [elements.count]
    var options = options
    let dataType = options.dataType ?? .bytes
    // A negative length is for the metadata to refuse.
    let isShape = shape.allSatisfy { $0 >= 0 }
    let expected = isShape ? ArrayMetadata.elementCount(of: shape) ?? Int.max : elements.count
    guard expected == elements.count else {
      throw ZarrError.elementCount(path: store.location, found: elements.count, expected: expected)
    }
    if case .evenBytes(let byteCount) = options.chunkSize, shape.count == 1, !shape.contains(0) {
      let lengths = try ChunkLengths(dividing: elements, intoChunksOf: byteCount)
      options.chunkSize = .grid(try ChunkGrid(dimensions: [.lengths(lengths)]))
    }
    let mean = try meanByteCount(of: elements)
    if shape.count == 1, dataType.layout == .variable {
      try options.limitChunks(of: elements, meanByteCount: mean, access.limits, location: store.location)
    }
    return try create(
      in: store, at: path, shape: shape, meanByteCount: mean, options: options, access: access
    ) { array in
      try array.write(elements, to: nil, durability: .deferred, monitor: monitor)
    }
  }

  static func create(
    in store: any Store, at path: NodePath, shape: [Int], meanByteCount: Double?, options: ArrayOptions,
    access: ArrayAccess, fillingWith fill: (ZarrArray) throws -> Void = { _ in }
  ) throws -> ZarrArray {
    let location = location(store, path)
    let metadata: ArrayMetadata
    do {
      metadata = try options.metadata(shape: shape, meanByteCount: meanByteCount)
    } catch {
      throw ZarrError.metadata(path: location, reason: error)
    }
    let array = try ZarrArray(metadata, store: store, path: path, access: access)
    try NodePlace(store: store, path: path).prepare(for: options.zarrFormat, overwrites: options.overwrites)
    // The documents make the array, and come last.
    try fill(array)
    try store.synchronize()
    try NodeMetadata.array(metadata).create(in: store, at: path, access.metadataLimits)
    return array
  }

  /// The mean size of elements in wire form, by at most some thousand of them from all over the source.
  static func meanByteCount(of elements: any BlobSource) throws(ChunkError) -> Double {
    let count = elements.count
    guard count > 0 else { return ChunkSize.assumedMeanByteCount }
    let runCount = 64
    let runLength = 64
    var sampled = 0
    var byteCount = 0
    for run in 0..<min(runCount, (count - 1) / runLength + 1) {
      let start = count <= runCount * runLength ? run * runLength : (count - runLength) / (runCount - 1) * run
      let range = start..<min(count, start + runLength)
      byteCount = sumOrMaximum(byteCount, try elements.byteCount(of: range))
      sampled += range.count
    }
    return Double(byteCount) / Double(sampled) + Double(WireForm.lengthByteCount)
  }
}

extension ArrayOptions {
  /// Has chunks of fewer elements than the mean asks for, where some elements would make them too large.
  ///
  /// - Complexity: O(*n*) where *n* is the number of chunks, and of elements in those that are too large.
  fileprivate mutating func limitChunks(
    of elements: any BlobSource, meanByteCount: Double, _ limits: DecodingLimits, location: String
  ) throws {
    guard case .bytes(let byteCount) = chunkSize else { return }
    let shape = [elements.count]
    do {
      let count = try chunkSize.chunkGrid(for: shape, meanByteCount: meanByteCount).chunkShape[0]
      let limit = Appender.chunkByteLimit(
        forChunksOf: byteCount, inShards: shardSize != nil, memoryBudget: Appender.standardMemoryBudget,
        limits)
      var fitting = count
      while fitting > 1, try !Self.fit(elements, inChunksOf: fitting, limit: limit) { fitting /= 2 }
      guard fitting < count else { return }
      let shards = try shardSize?.shardGrid(ofChunks: [count], shape: shape, meanByteCount: meanByteCount)
      if let length = shards?.regularChunkShape?[0] { shardSize = .rows(length / count * fitting) }
      chunkSize = .rows(fitting)
    } catch let error as MetadataError {
      throw ZarrError.metadata(path: location, reason: error)
    }
  }

  /// Whether no chunk has more bytes besides its largest element than the limit.
  private static func fit(
    _ elements: any BlobSource, inChunksOf count: Int, limit: Int
  ) throws(ChunkError) -> Bool {
    for start in stride(from: 0, to: elements.count, by: count) {
      let range = start..<min(elements.count, start + count)
      let byteCount = try elements.byteCount(of: range)
      guard byteCount > limit else { continue }
      var largest = 0
      for index in range { largest = max(largest, try elements.byteCount(of: index..<index + 1)) }
      guard byteCount - largest <= limit else { return false }
    }
    return true
  }
}
