import ChunkEngine

/// A stored value of which pieces are read: of an array or of a program that found it itself, in a file, in memory or in
/// a store.
///
/// A class, so that workers share it without a copy for each piece.
final class OpenValue: Sendable {
  /// Where its chunks are.
  let places: ChunkPlaces

  /// The version that was opened, or nil for the one that is there when it is read.
  let version: (any StoredValue)?

  /// Which of its chunks are read together.
  let joining: RangeJoining

  /// Where its decoded chunks are kept, or nil.
  let shelf: CachedValue?

  /// Where a value is that was not opened.
  private struct Place {
    let store: any Store
    let key: StoreKey
  }

  private let place: Place?

  /// A version, and where its chunks are.
  init(
    _ version: any StoredValue, _ places: ChunkPlaces, _ joining: RangeJoining, _ shelf: CachedValue? = nil
  ) {
    self.shelf = shelf
    self.version = version
    self.places = places
    self.joining = joining
    place = nil
  }

  /// A value that is one chunk, and is found when it is read.
  init(_ key: StoreKey, in store: any Store, _ shelf: CachedValue? = nil) {
    self.shelf = shelf
    version = nil
    places = .value
    joining = store.rangeJoining
    place = Place(store: store, key: key)
  }

  /// About how many bytes a chunk has, or nil if that is not known.
  var chunkByteCount: Int? {
    guard let version, let index else { return nil }
    return version.byteCount / index.count
  }

  /// Where inner chunks are, or nil if the value is one chunk.
  var index: ShardIndex? {
    if case .index(let index) = places { index } else { nil }
  }

  /// Appends bytes of the value to `arena`, all of them if no range is given.
  ///
  /// - Returns: Whether the value is there.
  /// - Throws: ``StoreError``, and an error for a whole value of more bytes than `limit`.
  func read(_ range: Range<Int>?, into arena: inout ByteArena, limit: Int) throws -> Bool {
    if let place {
      guard let info = try place.store.read(.all, of: place.key, ifVersion: nil, limit: limit, into: &arena)
      else {
        return false
      }
      shelf?.didRead(info)
      return true
    }
    guard let version else { return false }
    guard range != nil || version.byteCount <= limit else {
      throw ChunkError.storedByteCountExceedsLimit(byteCount: version.byteCount, limit: limit)
    }
    try version.read(range ?? 0..<version.byteCount, into: &arena)
    return true
  }

  /// Appends the whole value to `arena`, if it is a frame of raw blocks its content first, and returns whether the value
  /// is there.
  ///
  /// - Throws: As ``read(_:into:limit:)``.
  func readUnframed(
    into arena: inout ByteArena, limit: Int, trailerByteCount: Int, _ frame: inout ZstdRawFrame?
  ) throws -> Bool {
    guard let place, let store = place.store as? any UnframingStore else {
      return try read(nil, into: &arena, limit: limit)
    }
    let found = try store.readUnframed(
      place.key, trailerByteCount: trailerByteCount, limit: limit, into: &arena)
    guard let found else { return false }
    shelf?.didRead(found.info)
    frame = found.frame
    return true
  }
}

// MARK: Opening

extension ValueLayout {
  /// Opens the version of a value that is there now.
  ///
  /// - Parameters:
  ///   - key: The key of the value.
  ///   - store: The store that has it.
  ///   - openingStore: The store if it opens values.
  ///   - grid: The chunks of the value.
  ///   - indices: Its place in the grid of an array, by which its index is remembered, or nil.
  /// - Returns: The value, or nil if there is none.
  /// - Throws: ``StoreError``, and the engine's `ChunkError` for an index that is damaged or too large.
  func open(
    _ key: StoreKey, in store: any Store, _ openingStore: (any OpeningStore)?, _ grid: InnerChunkGrid,
    at indices: [Int]? = nil
  ) throws -> OpenValue? {
    if let openingStore {
      return try openingStore.openValue(key).map { try open($0, grid, store.rangeJoining, at: indices) }
    }
    guard let part = try indexPart(grid) else {
      return try store.openValue(key).map {
        OpenValue($0, .value, store.rangeJoining, shelf(ofValueAt: indices, $0.info))
      }
    }
    // The index tells the size and the version of the shard, too.
    var arena = ByteArena()
    let limit = limits.shardIndexByteCount
    guard let info = try store.read(part, of: key, ifVersion: nil, limit: limit, into: &arena) else {
      return nil
    }
    let index = try index(arena.bytes, of: info, grid, at: indices)
    return OpenValue(
      VersionedValue(store: store, key: key, info: info), .index(index), store.rangeJoining,
      shelf(ofValueAt: indices, info))
  }

  /// Where decoded chunks of a version of a value are kept, or nil.
  private func shelf(ofValueAt indices: [Int]?, _ info: ValueInfo) -> CachedValue? {
    guard let cache, let indices else { return nil }
    return CachedValue(cache, indices, info)
  }

  /// Finds where the chunks are of a value that was opened.
  ///
  /// - Throws: As ``open(_:in:_:_:at:)``.
  func open(
    _ version: any StoredValue, _ grid: InnerChunkGrid, _ joining: RangeJoining, at indices: [Int]? = nil
  ) throws -> OpenValue {
    let shelf = shelf(ofValueAt: indices, version.info)
    if isSharded, let indices, let (info, index) = rememberedIndex(ofShardAt: indices),
      info.version == version.info.settledVersion
    {
      return OpenValue(version, .index(index), joining, shelf)
    }
    guard let part = try indexPart(grid) else { return OpenValue(version, .value, joining, shelf) }
    var arena = ByteArena()
    try version.read(part.range(in: version.byteCount), into: &arena)
    let index = try index(arena.bytes, of: version.info, grid, at: indices)
    return OpenValue(version, .index(index), joining, shelf)
  }
}

extension ZarrArray {
  /// Prepares to read a value, or returns nil if it is known that there is none.
  ///
  /// What is remembered of a shard may be out of date: reading then throws ``StoreError/changed(path:)``.
  ///
  /// - Throws: ``StoreError``, and the engine's `ChunkError` for an index that is damaged or too large.
  func value(at indices: [Int], _ grid: InnerChunkGrid) throws -> OpenValue? {
    if let cache = layout.cache { return try cachedValue(at: indices, grid, cache) }
    let key = key(ofChunkAt: indices)
    // The value is its only chunk, and found with it.
    guard layout.isSharded else { return OpenValue(key, in: store) }
    guard openingStore == nil, let (info, index) = layout.rememberedIndex(ofShardAt: indices) else {
      return try layout.open(key, in: store, openingStore, grid, at: indices)
    }
    let version = VersionedValue(store: store, key: key, info: info)
    return OpenValue(version, .index(index), store.rangeJoining)
  }

  /// Prepares to read a value whose decoded chunks may be kept, and asks the store whether it is still the one that is
  /// known.
  private func cachedValue(
    at indices: [Int], _ grid: InnerChunkGrid, _ cache: ChunkCache
  ) throws -> OpenValue? {
    let key = key(ofChunkAt: indices)
    let known: (version: StoredVersion, places: ChunkPlaces)
    if layout.isSharded {
      guard let (info, index) = layout.rememberedIndex(ofShardAt: indices), let version = info.settledVersion
      else { return try openValue(at: indices, grid) }
      known = (version, .index(index))
    } else {
      // What is not kept is found with its value.
      guard let version = cache.version(at: 0, of: indices) else {
        return OpenValue(key, in: store, CachedValue(cache, indices, nil))
      }
      known = (version, .value)
    }
    func value(_ info: ValueInfo, isChecked: Bool) -> OpenValue {
      OpenValue(
        VersionedValue(store: store, key: key, info: info), known.places, store.rangeJoining,
        CachedValue(cache, indices, info, isChecked: isChecked))
    }
    if let recent = cache.recentInfo(of: indices), recent.settledVersion == known.version {
      return value(recent, isChecked: false)
    }
    // An open file tells its version, and stays what it is.
    guard openingStore == nil else { return try openValue(at: indices, grid) }
    var none = ByteArena()
    guard let found = try store.read(.range(0..<0), of: key, ifVersion: nil, limit: 0, into: &none) else {
      return nil
    }
    return found.version == known.version
      ? value(found, isChecked: true) : try openValue(at: indices, grid)
  }

  /// Opens the version of a value that is there now, or returns nil if there is none.
  ///
  /// - Throws: ``StoreError``, and the engine's `ChunkError` for an index that is damaged or too large.
  func openValue(at indices: [Int], _ grid: InnerChunkGrid) throws -> OpenValue? {
    try layout.open(key(ofChunkAt: indices), in: store, openingStore, grid, at: indices)
  }

  /// Finds where the chunks are of a value that was opened.
  ///
  /// - Throws: As ``openValue(at:_:)``.
  func openValue(_ version: any StoredValue, at indices: [Int], _ grid: InnerChunkGrid) throws -> OpenValue {
    try layout.open(version, grid, store.rangeJoining, at: indices)
  }
}

// MARK: Reading

extension ValueLayout {
  /// Reads all elements of a chunk of a value, or returns nil if it is not stored.
  ///
  /// - Throws: ``StoreError``, and the engine's `ChunkError`.
  func readChunk(at position: Int, _ grid: InnerChunkGrid, of value: OpenValue?) throws -> BlobView? {
    guard let value else { return nil }
    return try decoders.withState { worker in
      try worker.value.fetch(Piece(chunkAt: position, of: grid), of: value)
      return try worker.value.takeElements()
    }
  }
}

extension ChunkDecoder {
  /// Fetches a piece.
  ///
  /// - Parameters:
  ///   - piece: The piece.
  ///   - value: The value that it is of, or nil if there is none.
  ///   - isShown: Whether the elements are shown, and not placed in a view.
  ///   - expectedPieceCount: How many pieces, this one included, this worker is going to place.
  ///   - requests: What makes room for the bytes, if many requests are on their way.
  /// - Returns: The bytes that are counted until they are removed, or nil if the piece is so large that its
  ///   chunks have to be fetched one by one.
  /// - Throws: ``StoreError``, and the engine's `ChunkError`.
  @discardableResult
  mutating func fetch(
    _ piece: Piece, of value: OpenValue?, isShown: Bool = false, expectedPieceCount: Int = 1,
    _ requests: ManyRequests? = nil
  ) throws -> Int? {
    let joining = value?.joining ?? .local
    let most = limits.storedByteCountPerChunk
    try find(
      piece, in: value?.places ?? .missing, shelf: value?.shelf, isShown: isShown,
      expectedPieceCount: expectedPieceCount)
    let known = fetchedByteCount(joining)
    guard piece.chunkCount == 1 || known ?? 0 <= 4 * joining.maximumByteCount else { return nil }
    guard let requests else {
      var frame: ZstdRawFrame?
      let trailerByteCount = rawFrameTrailerByteCount
      try fetch(joining: joining) { range, arena in
        guard range == nil, let trailerByteCount else {
          return try value?.read(range, into: &arena, limit: most) ?? false
        }
        return try value?.readUnframed(
          into: &arena, limit: most, trailerByteCount: trailerByteCount, &frame) ?? false
      }
      didFetch(frame)
      return 0
    }
    // The size of a whole value is not known before. One that is larger than most is fetched again.
    let size = known ?? value?.version.map { min($0.byteCount, most) }
    var counted = size ?? min(most, max(1 << 16, requests.share))
    while true {
      requests.begin(counted)
      do {
        try fetch(joining: joining) { [counted] range, arena in
          try value?.read(range, into: &arena, limit: range == nil ? counted : most) ?? false
        }
        return counted
      } catch StoreError.tooLarge(_, let byteCount, let limit)
        where size == nil && limit == counted && byteCount <= most
      {
        requests.end(counted)
        counted = byteCount
      } catch {
        requests.end(counted)
        throw error
      }
    }
  }
}

/// The values that a call reads, each opened once for all workers and closed after the last of its pieces.
struct ValuesToRead: Sendable {
  typealias Opened = Result<OpenValue?, any Error>

  private let values = ValuesAtWork<Opened>()

  /// Opens a value before its pieces are known.
  func open(_ number: Int, _ open: () throws -> OpenValue?) -> Opened {
    let opened = Result { try open() }
    _ = try? values.withValue(number, begin: { opened }) { _ in }
    return opened
  }

  /// A value that has a number of pieces, which is opened if no worker did so.
  @inline(__always)
  func value(_ number: Int, of pieceCount: Int, _ open: () throws -> OpenValue?) throws -> OpenValue? {
    if pieceCount > 1 { return try values.withValue(number, begin: { Result { try open() } }) { $0 }.get() }
    // The first one may have been opened to find the size of pieces.
    if number == 0, let known = values.endPiece(0, of: 1) { return try known.get() }
    return try open()
  }

  /// Has workers read another version of a value.
  func set(_ value: OpenValue?, _ number: Int, of pieceCount: Int) {
    guard pieceCount > 1 else { return }
    _ = try? values.withValue(number, begin: { .success(value) }) { $0 = .success(value) }
  }

  /// Ends the work on a piece of a value.
  func endPiece(_ number: Int, of pieceCount: Int) {
    if pieceCount > 1 { _ = values.endPiece(number, of: pieceCount) }
  }
}

// MARK: Putting together

/// A value that is ready to be stored.
struct AssembledValue: Sendable {
  private let shard: AssembledShard

  /// The value that chunks are kept of.
  private let old: OpenValue?

  fileprivate init(_ shard: AssembledShard, keeping old: OpenValue?) throws {
    var shard = shard
    if let old, let version = old.version, !version.staysWhenReplaced {
      try shard.load { _ = try old.read($0, into: &$1, limit: Int.max) }
    }
    self.shard = shard
    self.old = old
  }

  /// The bytes of the value.
  var byteCount: Int { shard.byteCount }

  /// Hands the bytes of the value to `append`, part after part.
  func write(to append: (RawSpan) throws -> Void) throws {
    try shard.write(reading: { _ = try old?.read($0, into: &$1, limit: Int.max) }, to: append)
  }
}

extension ValueLayout {
  /// Puts a value together.
  ///
  /// - Parameters:
  ///   - pieces: Encoded chunks.
  ///   - grid: The inner chunks; nil is for a value that is one chunk.
  ///   - old: The value that inner chunks are kept of, as they are stored.
  ///   - keptCount: How many of the inner chunks of the old value are kept, the first ones in C order.
  ///   - leftOut: Inner chunks of the old value that are not kept all the same.
  /// - Returns: The value, or nil if it has no chunk.
  /// - Throws: ``StoreError``, and the engine's `ChunkError`.
  func assemble(
    _ pieces: [EncodedPiece], _ grid: InnerChunkGrid?, keeping old: OpenValue?, keptCount: Int = Int.max,
    leavingOut leftOut: Set<Int> = []
  ) throws -> AssembledValue? {
    var assembly = ShardAssembly()
    if let format = indexFormat, let grid {
      // Before memory is taken for it, and since it could not be read again.
      _ = try format.byteCount(grid, limit: limits.shardIndexByteCount)
      assembly = try ShardAssembly(
        format, grid, keeping: old?.index, keptCount: keptCount, leavingOut: leftOut)
    }
    for piece in pieces { assembly.add(piece) }
    return try assembly.finish().map { try AssembledValue($0, keeping: old) }
  }
}
