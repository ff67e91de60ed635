/// Puts the axes of a chunk into another order.
///
/// See [transpose](https://zarr-specs.readthedocs.io/en/latest/v3/codecs/transpose/index.html): axis `i` of
/// the
/// encoded chunk is axis `order[i]` of the chunk. Elements of any size are moved, those in ``WireForm`` too.
public struct TransposeCodec: ArrayToArrayCodec, Hashable {
  public static var name: String { "transpose" }

  /// For each axis of the encoded chunk, which axis of the chunk it is.
  public let order: [Int]

  /// For each axis of the chunk, which axis of the encoded chunk it is.
  private let inverse: [Int]

  /// Creates a codec.
  ///
  /// - Precondition: `order` is a permutation of the numbers from 0 on.
  public init(order: [Int]) {
    precondition(Self.isPermutation(order), "\(order) is no permutation")
    self.order = order
    var inverse = order
    for (position, axis) in order.enumerated() {
      inverse[axis] = position
    }
    self.inverse = inverse
  }

  /// Whether `order` has each number from 0 on once.
  ///
  /// - Complexity: O(*n* log *n*) in the number of axes.
  public static func isPermutation(_ order: [Int]) -> Bool { order.sorted() == Array(order.indices) }

  public var keepsBytes: Bool { order == Array(order.indices) }

  public func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation {
    try checkRank(of: chunk)
    return try ChunkRepresentation(shape: order.map { chunk.shape[$0] }, layout: chunk.layout)
  }

  public func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    try checkRank(of: chunk)
    try permute(source, of: chunk, order, into: &output)
  }

  public func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try checkDecodedByteCount(source.byteCount, limit: limit, codec: Self.name)
    try permute(source, of: encodedRepresentation(of: chunk), inverse, into: &output)
  }

  private func checkRank(of chunk: ChunkRepresentation) throws(ChunkError) {
    guard chunk.shape.count == order.count else {
      throw .unencodable(
        codec: Self.name, reason: "the order has \(order.count) axes and the chunk \(chunk.shape.count)")
    }
  }

  /// Appends the elements of a chunk so that its axes come in another order.
  private func permute(
    _ source: RawSpan, of chunk: ChunkRepresentation, _ order: [Int], into output: inout ByteArena
  ) throws(ChunkError) {
    guard let byteCount = chunk.byteCount else {
      return try permuteWireForm(source, of: chunk, order, into: &output)
    }
    try source.checkByteCount(byteCount, codec: Self.name)
    guard byteCount > 0 else { return }
    let kernel = PermutationKernel(
      AxisPermutation(shape: chunk.shape, order: order), elementByteCount: byteCount / chunk.elementCount)
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
    let permutation = AxisPermutation(shape: chunk.shape, order: order)
    let elements = table.blobs
    try output.appendElements(
      byteCount: source.byteCount - WireForm.headerByteCount,
      maximumElementByteCount: WireForm.maximumElementByteCount
    ) { writer throws(ChunkError) in
      try permutation.forEachRun { start, stride, count throws(ChunkError) in
        for step in 0..<count {
          try writer.append(elements[start + step * stride])
        }
      }
    }
  }
}
