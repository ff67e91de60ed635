/// Puts the dimensions of a chunk into another order.
///
/// See [transpose](https://zarr-specs.readthedocs.io/en/latest/v3/codecs/transpose/index.html): dimension `i`
/// of the
/// encoded chunk is dimension `order[i]` of the chunk. Elements of any size are moved, those in ``WireForm``
/// too.
package struct TransposeCodec: ArrayToArrayCodec, Hashable {
  package static var name: String { "transpose" }

  /// For each dimension of the encoded chunk, which dimension of the chunk it is.
  package let order: [Int]

  /// For each dimension of the chunk, which dimension of the encoded chunk it is.
  private let inverse: [Int]

  /// Creates a codec.
  ///
  /// - Precondition: `order` is a permutation of the numbers from 0 on.
  package init(order: [Int]) {
    precondition(Self.isPermutation(order), "\(order) is no permutation")
    self.order = order
    var inverse = order
    for (position, dimension) in order.enumerated() {
      inverse[dimension] = position
    }
    self.inverse = inverse
  }

  /// Whether `order` has each number from 0 on once.
  ///
  /// - Complexity: O(*n* log *n*) in the number of dimensions.
  package static func isPermutation(_ order: [Int]) -> Bool { order.sorted() == Array(order.indices) }

  package var isIdentity: Bool { order == Array(order.indices) }

  package func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation
  {
    try checkRank(of: chunk)
    return try ChunkRepresentation(shape: order.map { chunk.shape[$0] }, layout: chunk.layout)
  }

  package func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    try checkRank(of: chunk)
    try permute(source, of: chunk, order, into: &output)
  }

  package func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try checkDecodedByteCount(source.byteCount, limit: limit, codec: Self.name)
    try permute(source, of: encodedRepresentation(of: chunk), inverse, into: &output)
  }

  private func checkRank(of chunk: ChunkRepresentation) throws(ChunkError) {
    guard chunk.shape.count == order.count else {
      throw .unencodable(
        codec: Self.name, reason: "the order has \(order.count) dimensions and the chunk \(chunk.shape.count)"
      )
    }
  }

  /// Appends the elements of a chunk so that its dimensions come in another order.
  private func permute(
    _ source: RawSpan, of chunk: ChunkRepresentation, _ order: [Int], into output: inout ByteArena
  ) throws(ChunkError) {
    guard let byteCount = chunk.byteCount else {
      return try permuteWireForm(source, of: chunk, order, into: &output)
    }
    try source.checkByteCount(byteCount, codec: Self.name)
    guard byteCount > 0 else { return }
    let kernel = PermutationKernel(
      StridedWalk(permuting: chunk.shape, by: order), elementByteCount: byteCount / chunk.elementCount)
    try unsafe output.append(byteCount: byteCount, from: source) { source, target throws(ChunkError) in
      // SAFETY: Both sides have the bytes of all elements of the chunk, and there is at least one.
      unsafe kernel.run(from: source, to: target)
    }
  }

  private func permuteWireForm(
    _ source: RawSpan, of chunk: ChunkRepresentation, _ order: [Int], into output: inout ByteArena
  ) throws(ChunkError) {
    let count = chunk.elementCount
    var cursor = try WireFormCursor(source, expectedCount: count, codec: Self.name)
    // The size of the source was checked against the count, so it bounds the memory for the table.
    var table = BlobTable()
    try table.reset(count: count)
    try unsafe cursor.next(into: table.slots(0..<count))
    try cursor.finish()
    try output.append(copying: source.extracting(0..<WireForm.headerByteCount))
    guard count > 0 else { return }
    var walk = StridedWalk(permuting: chunk.shape, by: order)
    let inner = walk.dimensions.indices.last.map { walk.remove(at: $0) }
    let elements = table.blobs
    try output.appendElements(
      byteCount: source.byteCount - WireForm.headerByteCount,
      maximumElementByteCount: WireForm.maximumElementByteCount
    ) { writer throws(ChunkError) in
      while walk.next() {
        for step in 0..<(inner?.length ?? 1) {
          try writer.append(elements[walk.source + step * (inner?.sourceStride ?? 0)])
        }
      }
    }
  }
}

/// Copies elements of one size in the order of a walk.
///
/// A measured kernel, hence the pointers.
private struct PermutationKernel {
  /// A matrix to transpose: rows are neighbours in the source, columns are neighbours in the target.
  private struct Plane {
    var rowCount = 1
    var columnCount = 1
    /// From a column to the next, in the source.
    var columnStride = 0
    /// From a row to the next, in the target.
    var rowStride = 0
  }

  /// Where the matrices begin.
  private var planes: StridedWalk
  private var plane = Plane()
  private let elementByteCount: Int

  /// Prepares to copy elements of `elementByteCount` bytes.
  init(_ walk: StridedWalk, elementByteCount: Int) {
    var walk = walk
    let runLength = walk.takeRun()
    self.elementByteCount = elementByteCount * runLength
    // All strides step over whole runs.
    var dimensions = walk.dimensions.map { dimension in
      StridedWalk.Dimension(
        length: dimension.length, sourceStride: dimension.sourceStride / runLength,
        targetStride: dimension.targetStride / runLength)
    }
    if let columns = dimensions.popLast() {
      (plane.columnCount, plane.columnStride) = (columns.length, columns.sourceStride)
    }
    if let rows = dimensions.firstIndex(where: { $0.sourceStride == 1 }) {
      (plane.rowCount, plane.rowStride) = (dimensions[rows].length, dimensions[rows].targetStride)
      dimensions.remove(at: rows)
    }
    planes = StridedWalk()
    for dimension in dimensions { planes.append(dimension) }
  }

  /// Copies all elements.
  ///
  /// - Precondition: Both sides have room for the elements of the walk, and there is at least one.
  func run(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer) {
    switch elementByteCount {
    case 1: unsafe run(UInt8.self, from: source, to: target)
    case 2: unsafe run(UInt16.self, from: source, to: target)
    case 4: unsafe run(UInt32.self, from: source, to: target)
    case 8: unsafe run(UInt64.self, from: source, to: target)
    case 16: unsafe run(SIMD2<UInt64>.self, from: source, to: target)
    default:
      forEachPlane { sourceIndex, targetIndex, plane in
        for row in 0..<plane.rowCount {
          for column in 0..<plane.columnCount {
            let from = sourceIndex &+ row &+ column &* plane.columnStride
            let to = targetIndex &+ row &* plane.rowStride &+ column
            unsafe (target + to &* elementByteCount).copyMemory(
              from: source + from &* elementByteCount, byteCount: elementByteCount)
          }
        }
      }
    }
  }

  private func run<Word: BitwiseCopyable>(
    _: Word.Type, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer
  ) {
    let width = MemoryLayout<Word>.size
    // A tile has whole cache lines in memory, and few of them: a stride that is a power of two puts all of
    // them into the same set of the cache.
    let rowSide = max(8, 64 / width)
    let columnSide = 8
    forEachPlane { sourceIndex, targetIndex, plane in
      let source = unsafe source + sourceIndex &* width
      let target = unsafe target + targetIndex &* width
      for firstRow in stride(from: 0, to: plane.rowCount, by: rowSide) {
        let rows = firstRow..<min(firstRow &+ rowSide, plane.rowCount)
        for firstColumn in stride(from: 0, to: plane.columnCount, by: columnSide) {
          let columns = firstColumn..<min(firstColumn &+ columnSide, plane.columnCount)
          for row in rows {
            for column in columns {
              // SAFETY: Rows and columns are those of the walk, all of whose elements are there.
              let word = unsafe source.loadUnaligned(
                fromByteOffset: (row &+ column &* plane.columnStride) &* width, as: Word.self)
              unsafe target.storeBytes(
                of: word, toByteOffset: (row &* plane.rowStride &+ column) &* width, as: Word.self)
            }
          }
        }
      }
    }
  }

  /// Calls `body` for every matrix, with where it begins on both sides.
  private func forEachPlane(_ body: (Int, Int, Plane) -> Void) {
    var planes = planes
    while planes.next() { body(planes.source, planes.target, plane) }
  }
}
