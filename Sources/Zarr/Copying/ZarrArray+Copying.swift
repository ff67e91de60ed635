import ChunkEngine

extension ZarrArray {
  /// The default byte count of elements that copying and comparing keep in memory.
  public static let standardCopyMemoryBudget = 256 << 20

  /// Writes all elements of another array to this one, which has the same shape.
  ///
  /// The other array is read in blocks of whole chunks of this one. The next block is read while one is
  /// written. A shard may have several blocks, and is stored when all its inner chunks are encoded. Parts
  /// that neither array stores are skipped if their fill values mean the same.
  ///
  /// The data type can differ if nothing is lost: byte strings, text and JSON become each other, and elements
  /// of fixed size become elements of variable size, without their padding. An element that is not UTF-8 or
  /// not JSON is then a ``ZarrError/element(path:index:reason:)``, with its index in the other array in C
  /// order.
  ///
  /// - Parameters:
  ///   - source: The other array.
  ///   - memoryBudget: About how many bytes of elements may be in memory. There is always room for one chunk
  ///     of this array, or one inner chunk of a shard. The encoded chunks of a shard come in addition.
  ///   - monitor: Follows the work and can stop it.
  /// - Throws: ``ZarrError``, in particular
  ///   ``ZarrError/chunkTooLarge(path:elementCount:limit:fittingCount:)`` if the array has other chunks than
  ///   its source and one of them is too large for readers. Chunks that were done before stay written.
  /// - Complexity: O(*n*) where *n* is the size of the elements. If the chunks of both arrays have very
  ///   different shapes, chunks of the other array are read several times.
  @available(*, noasync)
  public func write(
    contentsOf source: ZarrArray, memoryBudget: Int = standardCopyMemoryBudget,
    monitor: ProgressMonitor? = nil
  ) throws(ZarrError) {
    try zarrErrors(at: location, following: monitor) { try copy(source, memoryBudget, monitor) }
  }

  private func copy(_ source: ZarrArray, _ memoryBudget: Int, _ monitor: ProgressMonitor?) throws {
    try checkWritable()
    try checkShape(of: source, canHaveElements: hasElements(for: source))
    let (own, other) = (metadata, source.metadata)
    monitor?.expect(elementCount: own.elementCount)
    let isConverted = own.dataType != other.dataType && own.dataType.layout == .variable
    // What is not stored here reads as the fill value of this array, not of the other one.
    let stored = [StoredRegions(of: source), StoredRegions(of: self)]
    let isSame = own.readsAbsentChunks(like: other)
    let part = ProgressMonitor(partOf: monitor)
    let limit = try CopiedChunkLimit(of: source, to: self)
    let copy = BlockCopy(source: source, target: self, memoryBudget: memoryBudget, limit: limit) { region in
      !isSame || stored.contains { $0.mayContain(region) }
    }
    var writer = BlockWriter(to: self, monitor: part)
    try copy.run(monitor: part) { block, elements in
      guard isConverted else { return try writer.write(elements, to: block) }
      let converted = ConvertedElements(elements, from: other.dataType, to: own.dataType)
      do {
        try writer.write(converted, to: block)
      } catch {
        guard let failure = converted.firstFailure() else { throw error }
        throw ZarrError.element(
          path: source.location, index: block.region.number(failure.index, in: shape), reason: failure.reason)
      }
    }
    try writer.finish()
    monitor?.finish()
  }

  /// Finds the first element, in C order of the chunks of this array, that another array of the same shape
  /// does not have in its place.
  ///
  /// Elements are compared by their bytes, so that numbers that are not a number are equal to themselves.
  /// JSON is compared by its values, in which objects are equal in whatever order their members are.
  ///
  /// - Parameters:
  ///   - other: The other array.
  ///   - memoryBudget: The bytes of elements of each array that may be in memory, about.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The index of the element along each dimension, or nil if all elements are equal.
  /// - Throws: ``ZarrError``
  /// - Complexity: As `write(contentsOf:memoryBudget:monitor:)`.
  @available(*, noasync)
  public func firstDifference(
    from other: ZarrArray, memoryBudget: Int = standardCopyMemoryBudget, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> [Int]? {
    try zarrErrors(at: location, following: monitor) {
      try difference(from: other, memoryBudget, monitor)
    }
  }

  private func difference(
    from other: ZarrArray, _ memoryBudget: Int, _ monitor: ProgressMonitor?
  ) throws -> [Int]? {
    try checkShape(of: other, canHaveElements: hasComparableElements(other))
    monitor?.expect(elementCount: metadata.elementCount)
    let stored = [StoredRegions(of: other), StoredRegions(of: self)]
    let isSame = metadata.hasSameFillValue(as: other.metadata)
    let types = [dataType, other.dataType]
    let part = ProgressMonitor(partOf: monitor)
    let copy = BlockCopy(source: other, target: self, memoryBudget: memoryBudget) { region in
      !isSame || stored.contains { $0.mayContain(region) }
    }
    do {
      try copy.run(monitor: part) { block, theirs in
        let own = try read(block.region, monitor: part)
        if let number = Self.firstDifference(own, theirs, types) {
          throw Difference(index: block.region.index(number))
        }
      }
    } catch let difference as Difference {
      return difference.index
    }
    monitor?.finish()
    return nil
  }

  /// Ends a comparison.
  private struct Difference: Error {
    let index: [Int]
  }

  /// Checks that elements of another array can be in this one.
  private func checkShape(of other: ZarrArray, canHaveElements: Bool) throws {
    guard shape == other.shape else {
      throw ZarrError.outOfBounds(
        path: location, region: ArrayRegion(other.shape.map { 0..<$0 }), shape: shape)
    }
    guard canHaveElements else {
      throw ZarrError.metadata(
        path: location,
        reason: MetadataError(
          code: .unsupported, field: "data_type",
          message: "elements of \(other.dataType.name) cannot become elements of \(dataType.name)"))
    }
  }

  /// Whether elements of another array can become elements of this one.
  private func hasElements(for other: ZarrArray) -> Bool {
    let blobTypes: [DataType] = [.bytes, .string, .json]
    return dataType.version3.isStored(as: other.dataType.version3)
      || blobTypes.contains(dataType) && other.dataType.isBlob
  }

  /// Whether elements of this array and another one can be the same.
  func hasComparableElements(_ other: ZarrArray) -> Bool {
    hasElements(for: other) || other.hasElements(for: self)
  }

  /// The number of the first element that differs from that of another array, each of its own data type.
  private static func firstDifference(_ left: BlobView, _ right: BlobView, _ types: [DataType]) -> Int? {
    let (left, right) = (left.blobs, right.blobs)
    let isConverted = types[0] != types[1] && types.contains(where: \.isPadded)
    var texts: [[UInt8]] = [[], []]
    for index in left.indices where !left[index].isEqual(to: right[index]) {
      if isConverted {
        for side in texts.indices {
          texts[side].removeAll(keepingCapacity: true)
          let element = side == 0 ? left[index] : right[index]
          do { try types[side].appendUnpadded(element, to: &texts[side]) } catch { return index }
        }
        if texts[0] == texts[1] { continue }
        let (own, other) = (texts[0], texts[1])
        if types.contains(.json), JSONElement.areEqual(own.rawSpan, other.rawSpan) { continue }
        return index
      }
      if types.contains(.json), JSONElement.areEqual(left[index], right[index]) { continue }
      return index
    }
    return nil
  }
}

extension ArrayRegion {
  /// The place in the array of an element that is counted in C order of the region.
  func index(_ number: Int) -> [Int] {
    var rest = number
    var index = ranges.map(\.lowerBound)
    for dimension in ranges.indices.reversed() {
      index[dimension] += rest % ranges[dimension].count
      rest /= ranges[dimension].count
    }
    return index
  }

  /// The number of an element in C order of an array, which is counted in C order of the region.
  fileprivate func number(_ number: Int, in shape: [Int]) -> Int {
    // Less than the number of elements of the array, which an integer holds.
    zip(index(number), shape).reduce(0) { $0 * $1.1 + $1.0 }
  }
}

extension ZarrArray {
  /// The mean size in bytes of elements from some chunks all over the array, without their lengths.
  ///
  /// Elements of fixed size are not looked at.
  ///
  /// - Throws: As `read(_:monitor:)`.
  /// - Complexity: O(*n*) where *n* is the size of at most 16 chunks.
  func sampledMeanByteCount() throws -> Double {
    let metadata = metadata
    if let byteCount = metadata.dataType.layout.fixedByteCount { return Double(byteCount) }
    let blocks = ChunkBlocks(metadata)
    let sampleCount = min(blocks.chunkCount, 16)
    var elementCount = 0
    var byteCount = 0
    for sample in 0..<sampleCount {
      // The product may be larger than what an `Int` holds.
      let first = blocks.chunkCount / sampleCount * sample
      let region = beginning(of: blocks.block(from: first, ofAtMost: 1).region)
      let elements = try read(region)
      elementCount += elements.count
      byteCount += try elements.byteCount(of: elements.indices)
    }
    return elementCount > 0 ? Double(byteCount) / Double(elementCount) : ChunkSize.assumedMeanByteCount
  }

  /// At most some thousand elements from the beginning of a region.
  private func beginning(of region: ArrayRegion) -> ArrayRegion {
    var rest = 4096
    var ranges = region.ranges
    for dimension in ranges.indices.reversed() {
      let count = min(ranges[dimension].count, max(1, rest))
      ranges[dimension] = ranges[dimension].lowerBound..<ranges[dimension].lowerBound + count
      rest /= max(1, count)
    }
    return ArrayRegion(ranges)
  }
}
