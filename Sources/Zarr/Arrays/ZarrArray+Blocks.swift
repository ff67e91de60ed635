public import ChunkEngine

extension ZarrArray {
  /// Shows elements to `body` in C order, some chunks at a time, however large the array is.
  ///
  ///     try array.forEachBlock { block in
  ///       for index in block.elements.indices { … block.elements.blobs[index] … }
  ///     }
  ///
  /// `body` is called on the caller's thread. Meanwhile the workers read the next block, so that there are
  /// two in memory. Blocks have about 8 MiB, and at least a chunk for each worker; they end where chunks end
  /// if that can be. An array with several dimensions may have rows of chunks that are much larger: these are
  /// read in parts, and their chunks are decoded several times.
  ///
  /// An error of a chunk is thrown after `body` has seen the blocks before it, which end in front of that
  /// chunk where the array has one dimension. An error that `body` throws
  /// ends the work. In both cases nobody reads any more when this returns.
  ///
  /// - Parameters:
  ///   - elements: The elements to show, counted in C order; all unless it is said.
  ///   - monitor: Follows the work and can stop it.
  ///   - body: Is handed one block after the other. They have all the elements, and no others.
  /// - Throws: As ``read(_:monitor:)-8ycye``, and what `body` throws. Elements that are not inside of the
  ///   array are ``ZarrError/outOfBounds(path:region:shape:)``, which counts them in C order too.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the elements are in.
  public func forEachBlock(
    of elements: Range<Int>? = nil, monitor: ProgressMonitor? = nil, _ body: (ElementBlock) throws -> Void
  ) throws {
    let metadata = metadata
    let grid = layout.chunkGrid(metadata)
    let all = 0..<metadata.elementCount
    var rest = elements ?? all
    guard rest.lowerBound >= 0, rest.upperBound <= all.upperBound else {
      throw ZarrError.outOfBounds(path: location, region: [rest], shape: [all.upperBound])
    }
    monitor?.expect(elementCount: rest.count)
    guard !rest.isEmpty else {
      monitor?.finish()
      return
    }
    let part = ProgressMonitor(partOf: monitor)
    let regions = BlockRegions(shape: metadata.shape, grid: grid)
    var size = BlockSize(chunkElementCount: grid.elementCount, workerCount: access.workerCount)
    let smallest = 1
    /// Reads a block of about the size that is wanted, or the smallest if there is a chunk in it that cannot
    /// be read: what is in front of that chunk is shown.
    @Sendable func first(of rest: Range<Int>, wanted: Int, limit: Int) throws -> BlobView {
      do {
        return try read(regions.first(of: rest, wanted: wanted, limit: limit), monitor: part)
      } catch ZarrError.chunk where wanted > smallest {
        return try read(regions.first(of: rest, wanted: smallest, limit: limit), monitor: part)
      }
    }
    var isCutShort = false
    var wanted = size.wanted
    var block = ElementBlock(
      elements: try first(of: rest, wanted: wanted, limit: size.limit), offset: rest.lowerBound)
    while true {
      let full = regions.first(of: rest, wanted: wanted, limit: size.limit).elementCount
      isCutShort = isCutShort || block.elements.count != full
      try size.adapt(to: block.elements)
      wanted = isCutShort ? smallest : size.wanted
      rest = rest.lowerBound + block.elements.count..<rest.upperBound
      var next: ReadAhead?
      if !rest.isEmpty {
        next = ReadAhead { [rest, wanted, limit = size.limit] in
          try first(of: rest, wanted: wanted, limit: limit)
        }
      }
      do {
        if part.isCancelled { throw ZarrError.cancelled }
        try body(block)
      } catch {
        part.cancel()
        next?.drop()
        throw error
      }
      guard let next else { break }
      block = ElementBlock(elements: try next.take(), offset: rest.lowerBound)
    }
    monitor?.finish()
  }
}

/// Elements of an array that follow each other in C order.
public struct ElementBlock: Sendable {
  /// The elements.
  public let elements: BlobView

  /// Where the first of them is in the array, counted in C order.
  public let offset: Int
}

/// Cuts elements that follow each other in C order into regions, which are read one after the other.
///
/// A region has a range along one dimension, one index along each dimension before it, and all of the
/// dimensions behind it:
///
///     · · · · a a      a   the rest of a row
///     b b b b b b      b   whole rows, as many as make a region
///     b b b b b b
///     c c c · · ·      c   the beginning of a row
private struct BlockRegions {
  private let shape: [Int]
  private let grid: ChunkGrid

  /// The elements behind one index along each dimension.
  private let strides: [Int]

  /// The elements of all chunks that one index along each dimension is in, which are decoded together.
  private let chunkStrides: [Int]

  /// No region has more elements than this, so that what points to them is small too.
  static let maximumElementCount = 4 << 20

  /// Divides an array that has elements.
  init(shape: [Int], grid: ChunkGrid) {
    self.shape = shape
    self.grid = grid
    let rank = shape.count
    var strides = [Int](repeating: 1, count: rank)
    var chunkStrides = [Int](repeating: grid.elementCount, count: rank)
    for dimension in strides.indices.dropLast().reversed() {
      // Part of the number of elements, which was checked.
      strides[dimension] = strides[dimension + 1] * shape[dimension + 1]
      let columnCount = grid.dimensions[dimension + 1].chunkCount(covering: shape[dimension + 1])
      chunkStrides[dimension] = chunkStrides[dimension + 1].multipliedClamping(by: columnCount)
    }
    self.strides = strides
    self.chunkStrides = chunkStrides
  }

  /// The region that begins at an element.
  ///
  /// - Parameters:
  ///   - elements: The elements that are still to be read, at least one.
  ///   - wanted: About as many elements are decoded, if chunks are small enough for that, and as many as one
  ///     row of chunks has at least.
  ///   - limit: A row of chunks with more elements is not decoded at once but in parts. Its chunks are then
  ///     decoded again for each of their rows.
  /// - Returns: A region that ends where chunks end, if that can be.
  func first(of elements: Range<Int>, wanted: Int, limit: Int) -> ArrayRegion {
    guard !shape.isEmpty else { return ArrayRegion([]) }
    let position = elements.lowerBound
    let dimension =
      shape.indices.first { dimension in
        position % strides[dimension] == 0 && strides[dimension] <= elements.count
          && chunkStrides[dimension] <= limit
          && strides[dimension] <= Self.maximumElementCount
      } ?? shape.count - 1
    let index = position / strides[dimension] % shape[dimension]
    let rows = grid.chunkShape[dimension].multipliedClamping(by: max(1, wanted / chunkStrides[dimension]))
    // Where the chunk ends that the block would end in if it began where a chunk does.
    let chunkStart = grid.dimensions[dimension].range(
      ofChunk: grid.dimensions[dimension].chunkIndex(of: index)
    ).lowerBound
    let last = min(shape[dimension] - 1, chunkStart.addingReportingOverflow(rows - 1).partialValue)
    let end = grid.dimensions[dimension].range(
      ofChunk: grid.dimensions[dimension].chunkIndex(of: max(index, last))
    ).upperBound
    let count = min(
      end - index, Self.maximumElementCount / strides[dimension], shape[dimension] - index,
      elements.count / strides[dimension])
    return ArrayRegion(
      shape.indices.map { other in
        guard other <= dimension else { return 0..<shape[other] }
        let start = position / strides[other] % shape[other]
        return start..<start + (other == dimension ? count : 1)
      })
  }
}

extension Int {
  /// The product, or the largest number if it is larger than that.
  fileprivate func multipliedClamping(by other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? Int.max : product
  }
}

/// How many elements make a block, by those that were seen.
private struct BlockSize {
  /// Blocks grow until they have as many bytes, in wire form, and shrink where they have more.
  private static let targetByteCount = 8 << 20

  /// Rows of chunks that are this much larger than a block are still read whole.
  private static let largestRow = 16

  /// The elements of a chunk for each worker.
  private let least: Int

  /// The elements that have the size of a block, as far as is known.
  private var elementCount: Int

  init(chunkElementCount: Int, workerCount: Int) {
    let most = BlockRegions.maximumElementCount
    elementCount = min(most, chunkElementCount)
    let (product, overflow) = chunkElementCount.multipliedReportingOverflow(by: workerCount)
    least = overflow ? most : min(most, product)
  }

  /// The elements of the next block.
  var wanted: Int { max(least, elementCount) }

  /// The most elements of a row of chunks that is read whole.
  var limit: Int { max(wanted, elementCount * Self.largestRow) }

  /// Takes into account how large elements are.
  mutating func adapt(to elements: BlobView) throws {
    guard elements.count > 0 else { return }
    let byteCount = Double(try elements.byteCount(of: elements.indices))
    let mean = byteCount / Double(elements.count) + Double(WireForm.lengthByteCount)
    let ideal = Int(Double(Self.targetByteCount) / mean)
    // Step by step, since a few elements say little of the others.
    let range = max(1, elementCount / 2)...min(BlockRegions.maximumElementCount, elementCount * 2)
    elementCount = min(max(ideal, range.lowerBound), range.upperBound)
  }
}
