import ChunkEngine

/// How large the chunks of a new array are.
public enum ChunkSize: Hashable, Sendable {
  /// About this many bytes, from the mean size of the elements that you write at creation or append first.
  /// Without elements, a size of 1 KiB is assumed.
  case bytes(Int)
  /// This number of rows: indices along the first dimension. The other dimensions are not divided.
  case rows(Int)
  /// At most this many bytes, or one element. A chunk of the rectilinear grid ends where the next element
  /// would make it larger, so that chunks are even though elements are not. The array has one dimension.
  ///
  /// zarrs reads such arrays, and so does zarr-python from 3.2 on if `array.rectilinear_chunks` is set. Other
  /// libraries do not.
  case evenBytes(Int)
  /// The number of elements along each dimension.
  case shape([Int])
  /// A grid that you specify.
  case grid(ChunkGrid)

  /// The default: large enough to compress well and to need few files, and small enough for a core's cache.
  public static let standard = ChunkSize.bytes(1 << 20)

  /// The mean size in wire form that is assumed for unknown elements.
  static let assumedMeanByteCount = 1024.0

  /// Returns the division of an array into chunks.
  ///
  /// - Parameters:
  ///   - shape: The shape of the array.
  ///   - meanByteCount: The mean size of the elements in wire form, or nil if it is not known.
  /// - Returns: The grid.
  /// - Throws: ``MetadataError`` if bytes are asked for and the mean is not known, or a number is not
  ///   positive.
  func chunkGrid(for shape: [Int], meanByteCount: Double?) throws(MetadataError) -> ChunkGrid {
    switch self {
    case .shape(let chunkShape):
      return try ChunkGrid(chunkShape: chunkShape)
    case .grid(let grid):
      return grid
    case .rows(let count):
      return try ChunkGrid(chunkShape: Self.chunkShape(ofAtMost: count, shape: shape, keepsRows: true))
    case .evenBytes:
      guard shape == [0] else {
        throw MetadataError(
          code: .unexpectedValue, field: ChunkGrid.shapesField,
          message:
            "chunks of even size need one dimension and elements; write these at creation or with an appender"
        )
      }
      // Never stored, but a grid that every reader takes.
      return try ChunkGrid(dimensions: [.lengths(ChunkLengths([1]))])
    case .bytes(let byteCount):
      guard let meanByteCount else {
        throw MetadataError(
          code: .unexpectedValue, field: "chunk_grid.configuration.chunk_shape",
          message:
            "a size in bytes needs elements; give rows or a shape, or write the elements at creation or with an appender"
        )
      }
      // Chunks hold no more elements than their header can count.
      let most = min(Double(byteCount) / max(meanByteCount, 1), Double(ChunkGrid.maximumElementCount))
      return try ChunkGrid(
        chunkShape: Self.chunkShape(ofAtMost: max(1, Int(most)), shape: shape, keepsRows: false))
    }
  }

  /// The shape of chunks that have at most `count` elements, with the last dimensions as whole as can be.
  ///
  /// - Parameters:
  ///   - count: The most elements.
  ///   - shape: The shape of the array.
  ///   - keepsRows: Whether `count` is that of the first dimension alone.
  /// - Returns: The number of elements of a chunk along each dimension.
  static func chunkShape(ofAtMost count: Int, shape: [Int], keepsRows: Bool) -> [Int] {
    guard !shape.isEmpty else { return [] }
    if keepsRows {
      return [count] + shape.dropFirst().map { max(1, $0) }
    }
    var chunkShape = shape.map { _ in 1 }
    var rest = count
    for dimension in shape.indices.reversed() where rest > 0 {
      // The first dimension may be longer than the array is now, so that it can grow.
      chunkShape[dimension] = dimension == 0 ? max(1, rest) : max(1, min(rest, shape[dimension]))
      rest /= chunkShape[dimension]
    }
    return chunkShape
  }
}

extension ChunkSize {
  /// Returns the division of an array into shards.
  ///
  /// - Parameters:
  ///   - chunkShape: The number of elements of an inner chunk along each dimension.
  ///   - shape: The shape of the array.
  ///   - meanByteCount: The mean size of the elements in wire form, or nil if it is not known.
  /// - Returns: A grid of shards that are a whole number of inner chunks along each dimension.
  /// - Throws: ``MetadataError`` if bytes are asked for and the mean is not known, or a shape is not a whole
  ///   number of inner chunks.
  func shardGrid(
    ofChunks chunkShape: [Int], shape: [Int], meanByteCount: Double?
  ) throws(MetadataError) -> ChunkGrid {
    let chunkGrid = try ChunkGrid(chunkShape: chunkShape)
    try chunkGrid.checkCovers(shape)
    switch self {
    case .grid(let grid):
      guard grid.dimensions.count == chunkShape.count,
        zip(grid.dimensions, chunkShape).allSatisfy({ $0.isDivisible(by: $1) })
      else {
        throw MetadataError(
          code: .unexpectedValue, field: ChunkGrid.shapesField,
          message: "the shards do not all consist of whole chunks of \(chunkShape)")
      }
      return grid
    case .shape(let shardShape):
      let isWhole =
        shardShape.count == chunkShape.count
        && zip(shardShape, chunkShape).allSatisfy { $0 > 0 && $0.isMultiple(of: $1) }
      guard isWhole else {
        throw MetadataError(
          code: .unexpectedValue, field: ChunkGrid.shapeField,
          message: "shards of \(shardShape) do not consist of whole chunks of \(chunkShape)")
      }
      return try ChunkGrid(chunkShape: shardShape)
    case .rows(let count):
      var counts = chunkGrid.chunkCounts(of: shape).map { max(1, $0) }
      if !counts.isEmpty { counts[0] = (max(1, count) - 1) / chunkShape[0] + 1 }
      return try Self.grid(ofChunks: chunkShape, counts: counts)
    case .bytes(let byteCount):
      guard let meanByteCount else {
        throw MetadataError(
          code: .unexpectedValue, field: ChunkGrid.shapeField,
          message:
            "a size in bytes needs elements; give a count, or write the elements at creation or with an appender"
        )
      }
      let most = Double(byteCount) / (max(meanByteCount, 1) * Double(chunkGrid.elementCount))
      let count = max(1, Int(min(most.rounded(), Double(ChunkGrid.maximumElementCount))))
      return try Self.grid(
        ofChunks: chunkShape,
        counts: Self.chunkShape(ofAtMost: count, shape: chunkGrid.chunkCounts(of: shape), keepsRows: false))
    case .evenBytes:
      throw MetadataError(
        code: .unsupported, field: ChunkGrid.shapesField, message: "shards are not divided by their bytes")
    }
  }

  /// A grid of shards that have as many inner chunks along each dimension.
  private static func grid(
    ofChunks chunkShape: [Int], counts: [Int]
  ) throws(MetadataError) -> ChunkGrid {
    var shardShape: [Int] = []
    for (side, count) in zip(chunkShape, counts) {
      let (product, overflow) = side.multipliedReportingOverflow(by: count)
      guard !overflow else {
        throw MetadataError(
          code: .tooLarge, field: ChunkGrid.shapeField, message: "a shard has more than \(Int.max) elements")
      }
      shardShape.append(product)
    }
    return try ChunkGrid(chunkShape: shardShape)
  }
}

extension ChunkLengths {
  /// Divides elements into chunks of about the same number of bytes.
  ///
  /// - Parameters:
  ///   - elements: The elements.
  ///   - byteCount: The most bytes of a chunk that has more than one element, lengths included.
  /// - Throws: What `elements` throws.
  /// - Complexity: O(*n*) where *n* is the number of elements; each is measured a few times.
  init(dividing elements: any BlobSource, intoChunksOf byteCount: Int) throws {
    self.init()
    var position = 0
    var guess = 1
    while position < elements.count {
      let count = try Self.count(
        of: elements, from: position, fitting: byteCount - WireForm.headerByteCount, guess: guess)
      try append(max(1, count))
      position += max(1, count)
      guess = max(1, count)
    }
  }

  /// Returns how many elements from `start` on fit in `byteCount` bytes.
  ///
  /// Steps double as long as they fit. The one that does not is halved until the element is found.
  static func count(
    of elements: any BlobSource, from start: Int, fitting byteCount: Int, guess: Int
  ) throws(ChunkError) -> Int {
    var count = 0
    var free = byteCount
    // After the elements that may fit.
    var end = min(elements.count - start, ChunkGrid.maximumElementCount)
    var step = max(1, guess)
    while count < end {
      let tried = min(end, count + step)
      let added = try elements.byteCount(of: start + count..<start + tried)
      // No more elements than a chunk can count, so that their lengths have no more than 2³⁴ bytes.
      let (total, overflow) = added.addingReportingOverflow((tried - count) * WireForm.lengthByteCount)
      if !overflow, total <= free {
        free -= total
        count = tried
        step *= 2
      } else {
        // One less, since these do not fit.
        end = tried - 1
        step = max(1, (end - count) / 2)
      }
    }
    return count
  }
}
