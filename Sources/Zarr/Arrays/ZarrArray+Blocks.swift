import ChunkEngine

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
