import ChunkEngine

extension ZarrArray {
  /// Copies the listed elements of an array of one dimension out of chunks that are kept, without a plan.
  ///
  /// A plan takes some microseconds a chunk, and many batches have few elements of each.
  ///
  /// - Returns: nil if that is not possible, for whatever reason.
  /// - Throws: The engine's `ChunkError` for more than the limits allow, and for a call that is cancelled.
  func keptElements(
    of selection: ElementSelection, _ cache: ChunkCache, _ monitor: ProgressMonitor?
  ) throws -> BlobView? {
    let (shape, grid) = shapeAndGrid
    guard shape.count == 1, case .orthogonal(let lists) = selection.alongOneDimension, lists.count == 1,
      case .indices(let indices) = lists[0], case .repeated(let length) = grid.dimensions[0]
    else { return nil }
    let side = layout.innerChunkShape?[0] ?? length
    // A last inner chunk that ends with its shard would not be where a division says.
    guard length.isMultiple(of: side) else { return nil }
    let builder = try BlobViewBuilder(count: indices.count, chain: layout.chain, limits: access.limits)
    let store = openingStore as? FileStore
    var found = cache.foundChunks()
    let knownCount = found.count
    var places: [ElementSources.Place] = []
    places.reserveCapacity(indices.count)
    var versions: [Int: Int] = [:]
    for index in indices {
      guard index >= 0, index < shape[0] else { return nil }
      let chunk = index / side
      let number = found.number(of: chunk) { sources, oldest in
        let (value, position) = chunk.quotientAndRemainder(dividingBy: length / side)
        if versions[value] == nil {
          let version = cache.number(ofValueAt: ValuePlace([value]), &oldest) {
            key(ofChunkAt: [value])
          } _: { key, version in
            // To ask another store takes as long as what reads many values at a time.
            store?.hasVersion(version, at: key) ?? false
          }
          versions[value] = version
        }
        // A chunk that is kept has as many elements as its shape says.
        guard let version = versions[value], let chunk = cache.chunk(at: position, of: version),
          chunk.count == side
        else { return nil }
        return sources.add(chunk)
      }
      guard let number else { return nil }
      places.append((number, index - chunk * side))
    }
    if found.count > knownCount { cache.remember(found) }
    try copy(places, from: found.sources, to: builder, monitor)
    return builder.finish()
  }

  /// Copies elements, on all workers if they have many bytes.
  private func copy(
    _ places: [ElementSources.Place], from sources: ElementSources, to builder: BlobViewBuilder,
    _ monitor: ProgressMonitor?
  ) throws {
    monitor?.expect(elementCount: places.count)
    let length = sources.elementCount(of: Self.copiedByteCount, among: places)
    do throws(ChunkFailure) {
      try ParallelChunks.forEachIndex(
        below: (places.count + length - 1) / length, workerCount: access.workerCount,
        pool: StatelessWorker.pool, following: monitor ?? .current
      ) { block, _ in
        let range = block * length..<min(places.count, (block + 1) * length)
        let byteCount = try builder.place(copiesOf: places, in: range, from: sources)
        monitor?.add(elementCount: range.count, elementByteCount: byteCount, storedByteCount: 0)
      }
    } catch {
      throw error.reason
    }
    monitor?.finish()
  }

  /// The bytes that a worker copies at a time: more than it costs to wake one, and so few that they stay in its cache.
  private static var copiedByteCount: Int { 256 << 10 }
}

/// Chunks of an array of one dimension that were found in its cache, by their places along it.
///
/// To find one in the cache takes longer than to copy some of its elements, and the next call is likely to need the same.
struct FoundChunks: Sendable {
  /// The chunks, by number.
  private(set) var sources = ElementSources()

  /// How many there are.
  private(set) var count = 0

  /// When the store was asked for the version of the value that it was asked for first.
  private(set) var oldest: ContinuousClock.Instant

  /// How often the cache had changed before the first of them was found.
  let changeCount: Int

  /// The place of a chunk and its number; free entries have a place below 0.
  ///
  /// At most half of the entries are taken.
  private var entries: [(chunk: Int, number: Int)]

  /// Begins without chunks.
  init(changeCount: Int) {
    self.changeCount = changeCount
    oldest = .now
    entries = Array(repeating: (-1, 0), count: 64)
  }

  /// The number of a chunk.
  ///
  /// - Parameters:
  ///   - chunk: Its place, at least 0.
  ///   - find: Adds a chunk that is not here yet to ``sources`` and returns its number, or returns nil. It moves
  ///     ``oldest`` back to when the store was asked.
  /// - Returns: What `find` returns, or has returned.
  @inline(__always)
  mutating func number(
    of chunk: Int, _ find: (inout ElementSources, inout ContinuousClock.Instant) -> Int?
  ) -> Int? {
    var entry = firstEntry(of: chunk)
    while entries[entry].chunk != chunk {
      guard entries[entry].chunk >= 0 else {
        guard let number = find(&sources, &oldest) else { return nil }
        entries[entry] = (chunk, number)
        count += 1
        if count * 2 > entries.count { grow() }
        return number
      }
      entry = (entry + 1) & (entries.count - 1)
    }
    return entries[entry].number
  }

  /// Where the search for a chunk begins.
  @inline(__always)
  private func firstEntry(of chunk: Int) -> Int {
    // Fibonacci hashing: neighbours go far apart.
    let hash = UInt(bitPattern: chunk) &* 0x9E37_79B9_7F4A_7C15
    return Int(bitPattern: (hash >> 32) & UInt(bitPattern: entries.count - 1))
  }

  private mutating func grow() {
    let taken = entries.filter { $0.chunk >= 0 }
    entries = Array(repeating: (-1, 0), count: entries.count * 2)
    for (chunk, number) in taken {
      var entry = firstEntry(of: chunk)
      while entries[entry].chunk >= 0 { entry = (entry + 1) & (entries.count - 1) }
      entries[entry] = (chunk, number)
    }
  }
}
