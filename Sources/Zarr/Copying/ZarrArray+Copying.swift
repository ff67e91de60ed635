import ChunkEngine

extension ZarrArray {
  /// The bytes of elements that copying and comparing have in memory, unless it is said.
  public static let standardCopyMemoryBudget = 256 << 20

  /// Writes all elements of another array to this one, which has the same shape.
  ///
  /// The other array is read in blocks of whole chunks of this one, of which the next is read while one is
  /// written. A shard may be several blocks, and is stored when the inner chunks of all of them are encoded.
  /// Parts of both arrays that are not stored are left out, if that is the same.
  ///
  /// Elements can also be of another data type if nothing is lost: byte strings, text and JSON become each
  /// other. What is not UTF-8 or not JSON then is an error.
  ///
  /// - Parameters:
  ///   - source: The other array.
  ///   - memoryBudget: The bytes of elements that may be in memory, about. There is always room for a chunk
  ///     of this array, of shards an inner one. What a shard is encoded to comes on top.
  ///   - monitor: Follows the work and can stop it.
  /// - Throws: ``ZarrError`` and ``StoreError``. Chunks that were done before stay written.
  /// - Complexity: O(*n*) where *n* is the size of the elements. If the chunks of both arrays have very
  ///   different shapes, chunks of the other array are read several times.
  public func write(
    contentsOf source: ZarrArray, memoryBudget: Int = standardCopyMemoryBudget,
    monitor: ProgressMonitor? = nil
  ) throws {
    try checkWritable()
    try checkComparable(source)
    let (own, other) = (metadata, source.metadata)
    monitor?.expect(elementCount: own.elementCount)
    let isChecked = own.dataType == .json && other.dataType != .json
    // What is not stored here reads as the fill value of this array, not of the other one.
    let stored = [StoredRegions(of: source), StoredRegions(of: self)]
    let isSame = own.readsAbsentChunks(like: other)
    let part = ProgressMonitor(partOf: monitor)
    let copy = BlockCopy(source: source, target: self, memoryBudget: memoryBudget) { region in
      !isSame || stored.contains { $0.mayContain(region) }
    }
    var writer = BlockWriter(to: self, monitor: part)
    try copy.run(monitor: part) { block, elements in
      try writer.write(isChecked ? CheckedJSON(elements) : elements, to: block)
    }
    try writer.finish()
    monitor?.finish()
  }

  /// Finds the first element, in C order of the chunks of this array, that another array of the same shape
  /// does not have in its place.
  ///
  /// Elements are compared by their bytes, so that numbers that are not a number are equal to themselves. JSON
  /// is compared by its values, in which objects are equal in whatever order their members are.
  ///
  /// - Parameters:
  ///   - other: The other array.
  ///   - memoryBudget: The bytes of elements of each array that may be in memory, about.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The index of the element along each axis, or nil if all elements are equal.
  /// - Throws: ``ZarrError`` and ``StoreError``
  /// - Complexity: As ``write(contentsOf:memoryBudget:monitor:)``.
  public func firstDifference(
    from other: ZarrArray, memoryBudget: Int = standardCopyMemoryBudget, monitor: ProgressMonitor? = nil
  ) throws -> [Int]? {
    try checkComparable(other)
    monitor?.expect(elementCount: metadata.elementCount)
    let stored = [StoredRegions(of: other), StoredRegions(of: self)]
    let isSame = metadata.fillValue == other.metadata.fillValue
    let areJSON = metadata.dataType == .json || other.metadata.dataType == .json
    let part = ProgressMonitor(partOf: monitor)
    let copy = BlockCopy(source: other, target: self, memoryBudget: memoryBudget) { region in
      !isSame || stored.contains { $0.mayContain(region) }
    }
    do {
      try copy.run(monitor: part) { block, theirs in
        let own = try read(block.region, monitor: part)
        if let number = Self.firstDifference(own, theirs, areJSON: areJSON) {
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
  private func checkComparable(_ other: ZarrArray) throws {
    guard shape == other.shape else {
      throw ZarrError.outOfBounds(
        path: location, region: ArrayRegion(other.shape.map { 0..<$0 }), shape: shape)
    }
    guard hasComparableElements(other) else {
      throw ZarrError.metadata(
        path: location,
        reason: MetadataError(
          code: .unsupported, field: "data_type",
          message: "elements of \(other.dataType.name) cannot become elements of \(dataType.name)"))
    }
  }

  /// Whether elements of another array can be elements of this one.
  func hasComparableElements(_ other: ZarrArray) -> Bool {
    let blobTypes: [DataType] = [.bytes, .string, .json]
    return dataType.version3.isStored(as: other.dataType.version3)
      || blobTypes.contains(dataType) && blobTypes.contains(other.dataType)
  }

  /// The number of the first element that differs.
  private static func firstDifference(_ left: BlobView, _ right: BlobView, areJSON: Bool) -> Int? {
    let (left, right) = (left.blobs, right.blobs)
    for index in left.indices where !left[index].isEqual(to: right[index]) {
      if areJSON, let value = try? JSONValue(element: left[index], of: .json),
        value == (try? JSONValue(element: right[index], of: .json))
      {
        continue
      }
      return index
    }
    return nil
  }
}

extension ArrayRegion {
  /// The place in the array of an element that is counted in C order of the region.
  fileprivate func index(_ number: Int) -> [Int] {
    var rest = number
    var index = ranges.map(\.lowerBound)
    for axis in ranges.indices.reversed() {
      index[axis] += rest % ranges[axis].count
      rest /= ranges[axis].count
    }
    return index
  }
}
