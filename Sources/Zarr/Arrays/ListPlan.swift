import ChunkEngine

/// The chunks that have the listed elements of an array, and where each element goes.
///
///     list                 [17, 3, 16, 3]         chunks of 8, slots in the order of the list
///     places, sorted       3 → 1, 16 → 2, 17 → 0
///     repeats              slot 3, as slot 1
///
/// Chunks are in the order of their values, so that each is fetched and decoded once.
struct ListPlan: Sendable {
  /// An element of a chunk, and where it goes.
  private struct Place {
    let index: Int
    let slot: Int
  }

  /// A chunk that has listed elements: its value, counted among those that have some, and which chunk of it.
  private struct Chunk {
    let value: Int
    let position: Int
    /// The first of its places, which go on to that of the next chunk.
    let first: Int
  }

  private let grid: ChunkGrid
  private let evenGrids: [InnerChunkGrid]
  private let innerChunkShape: [Int]?

  /// The number of elements, with those that are repeated.
  let elementCount: Int

  /// The elements that are listed more than once, but for the first time of each.
  private(set) var repeats: [RepeatedElement] = []

  private var places: [Place] = []
  private var chunks: [Chunk] = []

  /// The place of each value in the grid, one after the other.
  private var valueIndices: [Int] = []

  /// The first chunk of each piece, the number of each piece in its value, and the first piece of each value.
  private var pieces: [(chunk: Int, numberInValue: Int)] = []
  private var firstPieces: [Int] = []

  /// The number of values.
  private(set) var valueCount = 0

  /// The number of chunks.
  var chunkCount: Int { chunks.count }

  /// The number of pieces.
  var pieceCount: Int { pieces.count }

  /// Finds where the elements of a selection are.
  ///
  /// - Parameters:
  ///   - selection: The elements.
  ///   - shape: The shape of the array.
  ///   - grid: Its division into values.
  ///   - innerChunkShape: The shape of the inner chunks, or nil if each value is one chunk.
  ///   - evenGrids: The division of every value, as often as there are workers, if it is known and they do not differ.
  ///   - limits: The most elements that the reader takes memory for.
  /// - Throws: ``SelectionError``, and the engine's `ChunkError` for too many elements.
  /// - Complexity: O(*n*) where *n* is the number of elements; O(*n* log *n*) for coordinates.
  init(
    of selection: ElementSelection, shape: [Int], grid: ChunkGrid, innerChunkShape: [Int]?,
    evenGrids: [InnerChunkGrid], limits: DecodingLimits
  ) throws {
    self.grid = grid
    self.innerChunkShape = innerChunkShape
    self.evenGrids = evenGrids
    switch shape.count == 1 ? selection.alongOneDimension : selection {
    case .orthogonal(let lists):
      guard lists.count == shape.count else {
        throw SelectionError.dimensionCount(found: lists.count, expected: shape.count)
      }
      try Self.check(selection.shape(in: shape), limits)
      let lists = try lists.enumerated().map { dimension, list in
        SortedIndices(
          try list.resolved(in: shape[dimension], dimension: dimension), below: shape[dimension])
      }
      elementCount = lists.reduce(1) { $0 * $1.count }
      repeats = Self.repeats(of: lists)
      try findProduct(lists)
    case .coordinates(let lists):
      guard lists.count == shape.count else {
        throw SelectionError.dimensionCount(found: lists.count, expected: shape.count)
      }
      let count = lists.first?.count ?? 1
      try Self.check([count], limits)
      for (dimension, list) in lists.enumerated() {
        guard list.count == count else {
          throw SelectionError.coordinateCount(found: list.count, expected: count, dimension: dimension)
        }
        _ = try ElementSelection.IndexList.indices(list).resolved(in: shape[dimension], dimension: dimension)
      }
      elementCount = count
      try findCoordinates((0..<count).map { slot in (lists.map { $0[slot] }, slot) })
    case .mask(let mask):
      let count = shape.reduce(1, *)
      guard mask.count == count else {
        throw SelectionError.mask(count: mask.count, expected: count, dimension: nil)
      }
      try Self.check(selection.shape(in: shape), limits)
      let selected = mask.indices.filter { mask[$0] }
      elementCount = selected.count
      try findCoordinates(
        selected.enumerated().map { slot, position in (RowMajor.indices(at: position, in: shape), slot) })
    }
  }

  /// Checks the number of elements before memory is taken for them.
  private static func check(_ shape: [Int], _ limits: DecodingLimits) throws(ChunkError) {
    guard let count = RowMajor.count(of: shape), count <= limits.elementCountPerCall else {
      throw .callElementCountExceedsLimit(
        count: RowMajor.count(of: shape) ?? Int.max, limit: limits.elementCountPerCall)
    }
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Place>.stride)
    guard !overflow, byteCount <= limits.decodedByteCountPerCall else {
      throw .callByteCountExceedsLimit(
        byteCount: overflow ? nil : byteCount, limit: limits.decodedByteCountPerCall)
    }
  }

  /// The elements of a product of lists that repeat others.
  private static func repeats(of lists: [SortedIndices]) -> [RepeatedElement] {
    guard lists.contains(where: { !$0.repeats.isEmpty }) else { return [] }
    let shape = lists.map(\.count)
    // Where the first of equal indices is, along each dimension.
    let originals = lists.map { list in
      var originals = Array(0..<list.count)
      for element in list.repeats { originals[element.index] = element.original }
      return originals
    }
    var repeats: [RepeatedElement] = []
    Box(shape.map { 0..<$0 }).forEachPlace { indices in
      let original = zip(originals, indices).map { $0[$1] }
      guard original != indices else { return }
      repeats.append(
        RepeatedElement(
          index: RowMajor.position(of: indices, in: shape),
          original: RowMajor.position(of: original, in: shape)
        ))
    }
    return repeats
  }
}

// MARK: Finding chunks

extension ListPlan {
  /// Where the indices of a list are along a dimension: neighbours in the list that are in one chunk.
  private struct Segment {
    /// The value along the dimension, and the chunk in it.
    let value: Int
    let chunk: Int
    /// The elements of the chunk along the dimension.
    let length: Int
    /// The index of its first element.
    let start: Int
    /// Which of the sorted indices are in it.
    let range: Range<Int>
  }

  private func segments(of list: SortedIndices, along dimension: Int) -> [Segment] {
    let division = grid.dimensions[dimension]
    var segments: [Segment] = []
    var position = 0
    while position < list.entries.count {
      let value = division.chunkIndex(of: list.entries[position].index)
      let range = division.range(ofChunk: value)
      let side = innerChunkShape?[dimension] ?? range.count
      while position < list.entries.count, list.entries[position].index < range.upperBound {
        let chunk = (list.entries[position].index - range.lowerBound) / side
        let start = range.lowerBound + chunk * side
        // An inner chunk ends with its shard.
        let end = min(range.upperBound, start + side)
        let first = position
        while position < list.entries.count, list.entries[position].index < end { position += 1 }
        segments.append(
          Segment(value: value, chunk: chunk, length: end - start, start: start, range: first..<position))
      }
    }
    return segments
  }

  /// Finds the elements of a sorted list of the only dimension, in one pass that allocates nothing for a chunk.
  private mutating func findLine(_ list: SortedIndices) {
    let division = grid.dimensions[0]
    var value = 0..<0
    var chunk = 0..<0
    var side = 1
    places.reserveCapacity(list.entries.count)
    for entry in list.entries {
      if entry.index >= chunk.upperBound {
        if entry.index >= value.upperBound {
          let number = division.chunkIndex(of: entry.index)
          value = division.range(ofChunk: number)
          side = innerChunkShape?[0] ?? value.count
          valueIndices.append(number)
          _ = beginValue()
        }
        let position = (entry.index - value.lowerBound) / side
        let start = value.lowerBound + position * side
        // An inner chunk ends with its shard.
        chunk = start..<min(value.upperBound, start + side)
        chunks.append(Chunk(value: valueCount - 1, position: position, first: places.count))
      }
      places.append(Place(index: entry.index - chunk.lowerBound, slot: entry.position))
    }
  }

  /// Finds the elements of a product of lists, each of which is sorted.
  private mutating func findProduct(_ lists: [SortedIndices]) throws {
    guard elementCount > 0 else { return }
    guard lists.count != 1 else { return findLine(lists[0]) }
    let segments = lists.enumerated().map { self.segments(of: $1, along: $0) }
    places.reserveCapacity(lists.reduce(1) { $0 * $1.entries.count })
    // The segments of one value after the other, along each dimension.
    let values = segments.map { Self.grouped($0) }
    let strides = RowMajor.strides(of: lists.map(\.count))
    try Box(values.map { 0..<$0.count }).forEachPlace { numbers throws(ChunkError) in
      let ranges = zip(values, numbers).map { $0[$1] }
      let indices = zip(segments, ranges).map { $0[$1.lowerBound].value }
      let counts = try valueGrid(at: indices).counts
      valueIndices += indices
      let value = beginValue()
      Box(ranges).forEachPlace { chosen in
        let parts = zip(segments, chosen).map { $0[$1] }
        chunks.append(
          Chunk(
            value: value, position: RowMajor.position(of: parts.map(\.chunk), in: counts), first: places.count
          ))
        appendPlaces(parts, lists, strides)
      }
    }
  }

  /// Ranges of segments that are of one value.
  private static func grouped(_ segments: [Segment]) -> [Range<Int>] {
    var groups: [Range<Int>] = []
    var first = 0
    for index in segments.indices
    where index + 1 == segments.count
      || segments[index + 1].value != segments[index].value
    {
      groups.append(first..<index + 1)
      first = index + 1
    }
    return groups
  }

  /// Lists the elements of a chunk, in its order.
  private mutating func appendPlaces(_ parts: [Segment], _ lists: [SortedIndices], _ strides: [Int]) {
    guard let last = parts.last, let list = lists.last else {
      places.append(Place(index: 0, slot: 0))
      return
    }
    let chunkStrides = RowMajor.strides(of: parts.map(\.length))
    Box(parts.dropLast().map(\.range)).forEachPlace { indices in
      var (index, slot) = (0, 0)
      for dimension in indices.indices {
        let entry = lists[dimension].entries[indices[dimension]]
        index += (entry.index - parts[dimension].start) * chunkStrides[dimension]
        slot += entry.position * strides[dimension]
      }
      for entry in list.entries[last.range] {
        places.append(Place(index: index + entry.index - last.start, slot: slot + entry.position))
      }
    }
  }

  /// Finds elements by their coordinates.
  private mutating func findCoordinates(_ coordinates: [(indices: [Int], slot: Int)]) throws {
    struct Found {
      let value: [Int]
      let position: Int
      let index: Int
      let slot: Int
    }
    var found: [Found] = []
    found.reserveCapacity(coordinates.count)
    for (indices, slot) in coordinates {
      let value = zip(grid.dimensions, indices).map { $0.chunkIndex(of: $1) }
      let inner = try valueGrid(at: value)
      var (position, index) = (0, 0)
      for (dimension, place) in indices.enumerated() {
        let side = inner.chunkShape[dimension]
        let local = place - grid.dimensions[dimension].range(ofChunk: value[dimension]).lowerBound
        let chunk = local / side
        position = position * inner.counts[dimension] + chunk
        let length = min(side, inner.shardShape[dimension] - chunk * side)
        index = index * length + local - chunk * side
      }
      found.append(Found(value: value, position: position, index: index, slot: slot))
    }
    found.sort { left, right in
      for (one, other) in zip(left.value, right.value) where one != other { return one < other }
      return (left.position, left.index, left.slot) < (right.position, right.index, right.slot)
    }
    places.reserveCapacity(found.count)
    var last: Found?
    for element in found {
      let isInValue = last.map { $0.value == element.value } ?? false
      let isInChunk = isInValue && last?.position == element.position
      if isInChunk, let last, last.index == element.index {
        repeats.append(RepeatedElement(index: element.slot, original: last.slot))
        continue
      }
      if !isInValue {
        valueIndices += element.value
        _ = beginValue()
      }
      if !isInChunk {
        chunks.append(Chunk(value: valueCount - 1, position: element.position, first: places.count))
      }
      places.append(Place(index: element.index, slot: element.slot))
      last = element
    }
  }

  /// Begins with another value, which is one piece until it is divided.
  private mutating func beginValue() -> Int {
    firstPieces.append(pieces.count)
    pieces.append((chunks.count, 0))
    valueCount += 1
    return valueCount - 1
  }

  private func valueGrid(at indices: [Int], ofPiece number: Int = 0) throws(ChunkError) -> InnerChunkGrid {
    try evenGrids.isEmpty
      ? grid.chunks(ofValueAt: indices, innerChunkShape) : evenGrids[number % evenGrids.count]
  }
}

// MARK: Pieces

extension ListPlan {
  /// Divides the values into pieces of at most so many chunks.
  ///
  /// - Parameters:
  ///   - count: The chunks of a piece, at most.
  ///   - gapCount: The chunks that may be between two of a piece.
  mutating func divide(intoPiecesOf count: Int, gapsOf gapCount: Int) {
    var pieces: [(chunk: Int, numberInValue: Int)] = []
    firstPieces.removeAll(keepingCapacity: true)
    for (number, chunk) in chunks.enumerated() {
      if firstPieces.count == chunk.value {
        firstPieces.append(pieces.count)
        pieces.append((number, 0))
      } else if let last = pieces.last,
        number - last.chunk >= count
          || chunk.position - chunks[number - 1].position - 1 > gapCount
      {
        pieces.append((number, last.numberInValue + 1))
      }
    }
    self.pieces = pieces
  }

  /// The place in the grid of the value of a piece.
  func indices(ofPiece number: Int) -> [Int] {
    indices(ofValue: chunks[pieces[number].chunk].value)
  }

  private func indices(ofValue number: Int) -> [Int] {
    let count = grid.dimensions.count
    return Array(valueIndices[number * count..<(number + 1) * count])
  }

  /// One of the pieces.
  func part(_ number: Int) throws(ChunkError) -> PiecePlan.Part {
    let (first, numberInValue) = pieces[number]
    let value = chunks[first].value
    let indices = indices(ofValue: value)
    let end = number + 1 < pieces.count ? pieces[number + 1].chunk : chunks.count
    let lastPiece = value + 1 < firstPieces.count ? firstPieces[value + 1] : pieces.count
    let lastPlace = end < chunks.count ? chunks[end].first : places.count
    var list = ListedElements.Builder(
      chunkCount: end - first, elementCount: lastPlace - chunks[first].first)
    for index in first..<end {
      list.beginChunk(at: chunks[index].position)
      let endOfChunk = index + 1 < chunks.count ? chunks[index + 1].first : places.count
      for place in chunks[index].first..<endOfChunk {
        list.append(places[place].index, to: places[place].slot)
      }
    }
    let piece = Piece(try valueGrid(at: indices, ofPiece: number), list.finish())
    return PiecePlan.Part(
      number: number, valueNumber: value, numberInValue: numberInValue,
      pieceCount: lastPiece - firstPieces[value], indices: indices, whole: piece, piece: piece)
  }
}

// MARK: Sorting

/// Indices along a dimension in ascending order, each once.
struct SortedIndices: Sendable {
  /// An index, and where it is in the list.
  struct Entry: Sendable {
    let index: Int
    let position: Int
  }

  /// The number of indices, with those that are repeated.
  let count: Int

  /// The indices, ascending, and the first position of each in the list.
  private(set) var entries: [Entry] = []

  /// The positions of those that come again.
  private(set) var repeats: [RepeatedElement] = []

  /// Sorts indices that are at least 0.
  ///
  /// - Parameters:
  ///   - indices: The indices.
  ///   - bound: What is larger than all of them.
  /// - Complexity: O(*n*) where *n* is the number of indices.
  init(_ indices: [Int], below bound: Int) {
    count = indices.count
    let sorted = Self.sorted(indices, below: bound)
    entries.reserveCapacity(sorted.count)
    for entry in sorted {
      if let last = entries.last, last.index == entry.index {
        repeats.append(RepeatedElement(index: entry.position, original: last.position))
      } else {
        entries.append(entry)
      }
    }
  }

  /// The bits that are sorted at a time, and the number of indices from which that pays.
  private static let (bitCount, leastCount) = (11, 1024)

  /// The entries in ascending order, equal ones in the order of the list.
  private static func sorted(_ indices: [Int], below bound: Int) -> [Entry] {
    var entries: [Entry] = []
    entries.reserveCapacity(indices.count)
    var (isSorted, last) = (true, 0)
    for (position, index) in indices.enumerated() {
      isSorted = isSorted && index >= last
      last = index
      entries.append(Entry(index: index, position: position))
    }
    guard !isSorted else { return entries }
    guard indices.count >= leastCount else {
      return entries.sorted { ($0.index, $0.position) < ($1.index, $1.position) }
    }
    // Digit by digit, the lowest first. Each pass keeps the order of the one before.
    let mask = 1 << bitCount - 1
    var shift = 0
    var target = entries
    while shift < Int.bitWidth, bound >> shift > 0 {
      var starts = [Int](repeating: 0, count: mask + 2)
      for entry in entries { starts[entry.index >> shift & mask + 1] += 1 }
      for digit in 1...mask { starts[digit] += starts[digit - 1] }
      for entry in entries {
        let digit = entry.index >> shift & mask
        target[starts[digit]] = entry
        starts[digit] += 1
      }
      swap(&entries, &target)
      shift += bitCount
    }
    return entries
  }
}
