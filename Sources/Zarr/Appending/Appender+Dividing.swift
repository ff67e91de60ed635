package import ChunkEngine

/// Chunks that later elements would make too large.
///
/// The number of elements of a chunk is found from the first ones. Where later ones are much larger, the
/// array is divided anew as long as nobody knows of its elements:
///
///     [ a b c d e f ][ g h A · · · ]   ──▶   [ a b ][ c d ][ e f ][ g h ][ A
extension Appender {
  /// Calls `body` until no chunk is too large for what it appends.
  func dividing<Result>(
    _ state: () throws -> AppendingState, _ body: (AppendingState) throws -> Result
  ) throws -> Result {
    while true {
      let state = try state()
      guard !state.isHalfDivided else {
        throw ZarrError.notWritable(
          path: state.array.location,
          reason:
            "its elements were to be stored in smaller chunks, and that failed; it has none, append all again"
        )
      }
      do {
        return try body(state)
      } catch ZarrError.chunkTooLarge(let path, let elementCount, let limit, let fittingCount) {
        guard canDivide(state) else {
          throw ZarrError.chunkTooLarge(
            path: path, elementCount: elementCount, limit: limit, fittingCount: fittingCount)
        }
        if state.storedRowCount > 0 { try willDivide?() }
        // What was appended of the sample is stored, and the rest goes on.
        let rest = state.sample.map { $0.elements.count - $0.position } ?? 0
        let next = try state.dividing(intoChunksOf: fittingCount)
        earlierCount += state.appendedCount - rest
        next.end.hold(lock)
        phase = .writing(next)
      }
    }
  }

  private func canDivide(_ state: AppendingState) -> Bool {
    state.filledRowEnd == nil && state.array.metadata.chunkGrid.regularChunkShape?.count == 1
      && (isMeasured && state.storedRowCount == 0 || willDivide != nil)
  }

  func newChunkByteLimit(_ array: ZarrArray) -> Int {
    Self.chunkByteLimit(
      forChunksOf: evenChunkByteCount, inShards: array.layout.isSharded, memoryBudget: memoryBudget,
      array.access.limits)
  }

  /// The most bytes of a chunk of a new array, besides its largest element.
  ///
  /// As few as the memory asks for, and so many that elements may differ.
  package static func chunkByteLimit(
    forChunksOf byteCount: Int, inShards: Bool, memoryBudget: Int, _ limits: DecodingLimits
  ) -> Int {
    let most = min(limits.byteCountOfAnyChunk, 1 << 48)
    let byteCount = min(byteCount, most)
    // What is compressed of a shard is in memory, too.
    let factor = inShards ? 4 : 16
    return max(byteCount, min(most, byteCount * 4), min(most, byteCount * factor, memoryBudget / 4))
  }
}

extension ZarrArray {
  /// Divides an array of one dimension into smaller chunks, or into shards of smaller ones, where it is.
  ///
  /// From the last chunk to the first, each is read and stored under keys that are not smaller than its own,
  /// so that nothing is replaced that is still to be read.
  ///
  /// - Parameters:
  ///   - chunkLength: The elements of the new chunks.
  ///   - elementCount: The elements that are stored, also those that the shape does not cover.
  /// - Returns: The array, which has the shape that it had.
  /// - Throws: ``ZarrError`` and ``StoreError``. Chunks of both sizes are stored then.
  func divided(intoChunksOf chunkLength: Int, elementCount: Int) throws -> ZarrArray {
    let metadata: ArrayMetadata
    let source: ZarrArray
    let target: ZarrArray
    do {
      metadata = try self.metadata.divided(intoChunksOf: chunkLength)
      source = try ZarrArray(
        self.metadata.resized(to: [elementCount]), store: store, path: path, access: access)
      target = try ZarrArray(metadata.resized(to: [elementCount]), store: store, path: path, access: access)
    } catch let error as MetadataError {
      throw ZarrError.metadata(path: location, reason: error)
    }
    let (length, newLength) = (source.metadata.chunkGrid.chunkShape[0], metadata.chunkGrid.chunkShape[0])
    var carried: (any BlobSource)?
    for index in (0..<(elementCount + length - 1) / length).reversed() {
      let (start, end) = (index * length, min(elementCount, (index + 1) * length))
      // Elements in front of the first new chunk that begins here go with the chunk before.
      let first = min(end, (start + newLength - 1) / newLength * newLength)
      let carriedCount = carried?.count ?? 0
      if first < end {
        var elements: any BlobSource = try source.read([first..<end])
        let head: (any BlobSource)? = first > start ? try source.read([start..<first]) : nil
        if let carried { elements = JoinedBlobs([elements, carried]) }
        try target.write(
          elements, to: [first..<end + carriedCount], durability: .deferred, monitor: nil)
        carried = head
      } else {
        let head: any BlobSource = try source.read([start..<end])
        carried = carried.map { JoinedBlobs([head, $0]) } ?? head
      }
    }
    try NodeMetadata.array(metadata).write(to: store, at: path, access.metadataLimits)
    return try ZarrArray(metadata, store: store, path: path, access: access)
  }
}

extension ArrayMetadata {
  /// The same array of one dimension with chunks of another length; shards have as many of them as before.
  fileprivate func divided(intoChunksOf length: Int) throws(MetadataError) -> ArrayMetadata {
    if var document = version2Document {
      document["chunks"] = [.integer(length)]
      return try ArrayMetadata(version2: document, attributes: attributes)
    }
    var stored = length
    var codecs = codecs
    if let index = codecs.firstIndex(where: { $0.name == ShardingCodec.name }),
      let old = codecs[index].configuration["chunk_shape"]?.arrayValue?.first?.integerValue, old > 0
    {
      stored = max(1, chunkGrid.chunkShape[0] / old) * length
      var configuration = codecs[index].configuration
      configuration["chunk_shape"] = [.integer(length)]
      codecs[index] = MetadataExtension(name: ShardingCodec.name, configuration: configuration)
    }
    return try ArrayMetadata(
      shape: shape, dataType: dataType, statedDataType: statedDataType,
      chunkGrid: try ChunkGrid(chunkShape: [stored]), chunkKeyEncoding: chunkKeyEncoding,
      fillValue: fillValue, codecs: codecs, attributes: attributes, dimensionNames: dimensionNames,
      storageTransformers: storageTransformers, additionalFields: additionalFields)
  }
}
