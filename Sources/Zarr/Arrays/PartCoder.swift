import ChunkEngine
import ZarrPlatform

/// A part of a stored value, which is a chunk or a shard.
package struct StoredPart: Sendable {
  /// Where the value is.
  @safe
  package enum Value: @unchecked Sendable {
    // SAFETY: Callers keep the memory unchanged until the call with the part returns.
    /// A file, by the names on the way to it from the root of the system.
    case file(StoreKey)
    /// A value of a store.
    case stored(StoreKey, in: any Store)
    /// Memory that the caller has.
    case memory(UnsafeRawBufferPointer)
    /// There is no value.
    case missing

    fileprivate func isSame(as other: Value) -> Bool {
      switch (self, other) {
      case (.file(let key), .file(let otherKey)): key == otherKey
      case (.stored(let key, let store), .stored(let otherKey, let otherStore)):
        key == otherKey && store as AnyObject === otherStore as AnyObject
      case (.memory(let bytes), .memory(let others)): unsafe bytes.baseAddress == others.baseAddress
      default: false
      }
    }
  }

  /// Where the value is.
  package let value: Value

  /// The number of elements of the value along each dimension.
  package let shape: [Int]

  /// The elements of the part along each dimension, counted from the first one of the value.
  package let selected: [Range<Int>]

  /// Which of the elements that are written is the first one of the part, and how far the next one is along each
  /// dimension.
  package let firstElement: Int
  package let strides: [Int]

  /// Whether what the value has besides the part goes when the part is written.
  package let isReplaced: Bool

  /// Describes a part of a value.
  package init(
    of value: Value, shape: [Int], selected: [Range<Int>], firstElement: Int = 0, strides: [Int]? = nil,
    isReplaced: Bool = false
  ) {
    self.value = value
    self.shape = shape
    self.selected = selected
    self.firstElement = firstElement
    self.strides = strides ?? RowMajor.strides(of: selected.map(\.count))
    self.isReplaced = isReplaced
  }

  /// Whether there is at least one element, and each of them is in the value.
  package var isInside: Bool {
    selected.count == shape.count && strides.count == shape.count
      && zip(shape, selected).allSatisfy { $1.lowerBound >= 0 && !$1.isEmpty && $1.upperBound <= $0 }
  }

  /// Whether strides count only elements that there are.
  package func isCovered(byElements count: Int) -> Bool {
    guard firstElement >= 0, strides.allSatisfy({ $0 >= 0 }) else { return false }
    var last = firstElement
    for (range, stride) in zip(selected, strides) {
      let (distance, isTooFar) = (range.count - 1).multipliedReportingOverflow(by: stride)
      let (sum, overflow) = last.addingReportingOverflow(distance)
      guard !isTooFar, !overflow else { return false }
      last = sum
    }
    return last < count
  }

  /// How many requests the store of the value wants in flight.
  fileprivate var requestConcurrency: Int {
    if case .stored(_, let store) = value { store.requestConcurrency } else { 1 }
  }

  fileprivate func piece(_ innerChunkShape: [Int]?) throws(ChunkError) -> Piece {
    // Elements beyond the part are beyond the array then, and not looked for in the value.
    let extent = isReplaced ? selected.map(\.upperBound) : shape
    return Piece(
      try InnerChunkGrid(shardShape: shape, chunkShape: innerChunkShape ?? shape),
      start: shape.map { _ in 0 },
      shape: extent, selection: selected, strides: strides, firstIndex: firstElement)
  }
}

/// What went wrong with a part.
package struct PartFailure: Error {
  /// Which of the parts of the call it is.
  package let part: Int

  /// What went wrong.
  package let reason: any Error
}

/// Decodes and encodes parts of values, wherever these are, by an array's metadata alone.
///
/// An array finds by itself what a region needs. Here a program of another language has found that, and hands over
/// all parts of a region at once. Other writers of the same values are for the caller to keep away. As many requests are
/// in flight as the stores of the parts want.
package final class PartCoder: Sendable {
  /// The number of dimensions.
  package let rank: Int

  private let layout: ValueLayout
  private let fillElement: SharedBytes
  private let readers: WorkerPool<PartReader>
  private let byteCountInFlight: Int

  /// All files.
  ///
  /// Links are followed, as other programs do.
  private static let files = Result { try FileStore(opening: "/", followsLinksOut: true, usesLocks: false) }

  /// Prepares to work on the values of an array, by the bytes of its `zarr.json`, or of its `.zarray`.
  ///
  /// - Throws: As ``init(_:access:)``.
  package convenience init(decoding document: [UInt8], access: ArrayAccess) throws {
    let fields = try MetadataFields(decoding: document, with: JSONParser())
    let isVersion2 = fields.object["zarr_format"] == 2
    try self.init(isVersion2 ? ArrayMetadata(version2: fields.object) : ArrayMetadata(fields), access: access)
  }

  /// Prepares to work on the values of an array.
  ///
  /// - Throws: ``MetadataError`` for codecs that are unknown or do not fit together, also if only writing needs them.
  package init(_ metadata: ArrayMetadata, access: ArrayAccess) throws {
    try access.metadataLimits.check(metadata.codecs)
    rank = metadata.shape.count
    let chain = try CodecChain(metadata.codecs, metadata.codecContext)
    guard !(chain.arrayToBytes is PickleCodec) else { throw CodecRegistry.pickleError }
    guard chain.hasAll(metadata.codecs) else {
      throw MetadataError(code: .unsupported, field: "codecs", message: "one of the codecs is not supported")
    }
    layout = try ValueLayout(chain, metadata, access)
    byteCountInFlight = access.byteCountInFlight
    fillElement = try chain.layout.sharedElement(metadata.fillValue)
    readers = WorkerPool { [layout] in PartReader(try ChunkDecoder(layout.chain, limits: layout.limits)) }
  }

  private func open(_ value: StoredPart.Value, _ grid: InnerChunkGrid) throws -> OpenValue? {
    switch value {
    case .file(let key):
      let files = try Self.files.get()
      return try layout.open(key, in: files, files, grid)
    case .stored(let key, let store):
      // A value that is one chunk is found when it is read.
      guard layout.isSharded else { return OpenValue(key, in: store) }
      return try layout.open(key, in: store, store as? any OpeningStore, grid)
    case .memory(let bytes): return unsafe try layout.open(BorrowedValue(bytes), grid, .local)
    case .missing: return nil
    }
  }

  /// What a call needs to have many requests on their way, or nil if each worker waits for its own.
  private func makeRequests(_ parts: [StoredPart]) -> (many: ManyRequests?, threadCount: Int) {
    let concurrency = parts.reduce(1) { max($0, $1.requestConcurrency) }
    guard concurrency > 1 else { return (nil, layout.workerCount) }
    let many = ManyRequests(
      count: concurrency, workerCount: layout.workerCount, byteCountLimit: byteCountInFlight)
    return (many, max(concurrency, layout.workerCount))
  }

  // MARK: Pieces

  /// What a worker does at a time.
  private struct Work: Sendable {
    /// Which of the parts it is of, and which of the pieces of that.
    let part: Int
    let number: Int

    /// Which of the values it is of, which several parts may have.
    let value: Int

    let piece: Piece
  }

  /// The parts of a call, which are pieces until they are divided.
  private func begin(_ parts: [StoredPart], mayShareValues: Bool = false) throws(PartFailure) -> [Work] {
    var (work, value) = ([Work](), -1)
    for (number, part) in parts.enumerated() {
      let isNext = mayShareValues && number > 0 && part.value.isSame(as: parts[number - 1].value)
      if !isNext { value += 1 }
      do throws(ChunkError) {
        let piece = try part.piece(layout.innerChunkShape)
        work.append(Work(part: number, number: 0, value: value, piece: piece))
      } catch {
        throw PartFailure(part: number, reason: error)
      }
    }
    return work
  }

  /// Divides parts of shards into pieces.
  ///
  /// - Parameters:
  ///   - work: The parts.
  ///   - size: Finds the chunks of a piece, by all chunks of the call and the elements of each.
  /// - Returns: The pieces, and how many each value has.
  /// - Throws: What `size` throws.
  private func divide(
    _ work: [Work], _ size: (_ chunkCount: Int, _ elementCount: Int) throws -> Int
  ) throws(PartFailure) -> (work: [Work], counts: [Int]) {
    var counts = Array(repeating: 0, count: (work.last?.value ?? -1) + 1)
    let chunkCount = work.reduce(0) { sumOrMaximum($0, $1.piece.chunkCount) }
    guard chunkCount > work.count else {
      for item in work { counts[item.value] += 1 }
      return (work, counts)
    }
    var divided: [Work] = []
    do {
      let size = try size(chunkCount, work[0].piece.grid.chunkElementCount)
      for item in work {
        let division = ChunkDivision(item.piece.chunks.map(\.count), intoPartsOf: size)
        counts[item.value] += division.count
        for number in 0..<division.count {
          guard let piece = division.part(number, of: item.piece) else { continue }
          divided.append(Work(part: item.part, number: number, value: item.value, piece: piece))
        }
      }
    } catch {
      throw PartFailure(part: 0, reason: error)
    }
    return (divided, counts)
  }
}

// MARK: Reading

/// Elements of a part, while they are shown.
@safe
package struct ShownElements: @unchecked Sendable {
  // SAFETY: A worker waits while the elements are shown, and nothing changes them.
  /// Which of the parts of the call they are of.
  package let part: Int

  /// Where they are in their value.
  package let box: [Range<Int>]

  /// The elements, in C order of the box.
  package let elements: UnsafeBufferPointer<ElementBytes>
}

extension PartCoder {
  /// Decodes parts on all workers, and shows their elements on the calling thread.
  ///
  /// - Parameters:
  ///   - parts: The parts. Those of one shard follow each other, so that it is opened once.
  ///   - show: Is handed boxes of elements of the parts, in any order and without any two at a time. Its argument is
  ///     valid during the call.
  /// - Returns: For each part whether its value is missing; then none of its elements is shown.
  /// - Throws: ``PartFailure``, also with what `show` throws.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that parts touch. Memory is O(workers × chunk).
  package func read(
    _ parts: [StoredPart], _ show: (ShownElements) throws -> Void
  ) throws(PartFailure) -> [Bool] {
    let values = ValuesToRead()
    let whole = try begin(parts, mayShareValues: true)
    let (work, counts) = try divide(whole) { chunkCount, elementCount in
      // The first value says how large chunks are.
      let first = values.open(0) { try open(parts[0].value, whole[0].piece.grid) }
      return layout.chunksPerPiece(
        of: chunkCount, elementCount: elementCount, byteCount: (try? first.get())?.chunkByteCount ?? 0,
        most: PieceSize.shown)
    }
    let missing = Locked(Array(repeating: false, count: parts.count))
    let (requests, threadCount) = makeRequests(parts)
    let monitor = ProgressMonitor.current
    do {
      // While the caller waits for a store, it takes nothing from the others.
      try CallerTurns.run(
        work.count, workerCount: threadCount, callerWorks: requests == nil, pool: readers, show
      ) { index, reader, isCaller, show in
        let (item, part) = (work[index], parts[work[index].part])
        do {
          defer { values.endPiece(item.value, of: counts[item.value]) }
          if monitor?.isCancelled == true { throw ChunkError.cancelled }
          let isThere = try monitor.whileCurrent {
            func open() throws -> OpenValue? { try self.open(part.value, item.piece.grid) }
            var value = try values.value(item.value, of: counts[item.value], open)
            return try unsafe self.read(
              item.piece, of: &value, with: reader, isCaller ? nil : requests, reopen: open
            ) { piece, elements in
              try unsafe show(ShownElements(part: item.part, box: piece.selected, elements: elements))
            }
          }
          if !isThere { missing.withLock { $0[item.part] = true } }
        } catch {
          throw PartFailure(part: item.part, reason: error)
        }
      }
    } catch {
      throw error as? PartFailure ?? PartFailure(part: 0, reason: error)
    }
    return missing.withLock { $0 }
  }

  /// How often a shard is opened anew that others replace while it is read.
  private static var attemptCount: Int { 5 }

  /// Reads a piece of the value that is there now, if it is not the one that was known.
  ///
  /// - Returns: Whether there is such a value.
  private func read(
    _ piece: Piece, of value: inout OpenValue?, with reader: PartReader, _ requests: ManyRequests?,
    reopen: () throws -> OpenValue?, _ show: (Piece, UnsafeBufferPointer<ElementBytes>) throws -> Void
  ) throws -> Bool {
    var attempt = 1
    while let known = value {
      do {
        return try unsafe read(piece, of: known, with: reader, requests, show)
      } catch StoreError.changed where attempt < Self.attemptCount {
        attempt += 1
        value = try reopen()
      }
    }
    return false
  }

  private func read(
    _ piece: Piece, of value: OpenValue, with reader: PartReader, _ requests: ManyRequests?,
    _ show: (Piece, UnsafeBufferPointer<ElementBytes>) throws -> Void
  ) throws -> Bool {
    if let counted = try reader.decoder.fetch(piece, of: value, isShown: true, requests) {
      defer {
        if let requests {
          reader.decoder.releaseMemory()
          requests.end(counted)
        }
      }
      guard value.version != nil || reader.decoder.hasStoredChunk else { return false }
      let stored = try requests.compute {
        try reader.decoder.show(
          fillElement: fillElement, stopsAfterRuns: piece.elementCount == 1
        ) { piece, elements in
          try unsafe show(piece, try reader.pointers(to: elements))
        }
      }
      guard stored == nil else { return true }
    }
    try piece.forEachChunk { _ = try unsafe read($0, of: value, with: reader, requests, show) }
    return true
  }
}

/// What a worker reads parts with.
private final class PartReader {
  var decoder: ChunkDecoder
  private var memory = ByteArena()

  init(_ decoder: consuming ChunkDecoder) {
    self.decoder = decoder
  }

  /// Where the bytes of each element are, until the next call.
  func pointers(to elements: BlobSpan) throws -> UnsafeBufferPointer<ElementBytes> {
    memory.removeAll()
    let stride = MemoryLayout<ElementBytes>.stride
    let (byteCount, overflow) = elements.count.multipliedReportingOverflow(by: stride)
    guard !overflow else { throw ChunkError.outOfMemory(byteCount: Int.max) }
    var pointers = unsafe UnsafeBufferPointer<ElementBytes>(start: nil, count: 0)
    try unsafe memory.appendUnsafe(addingCapacity: byteCount) { room in
      let target = unsafe room.bindMemory(to: ElementBytes.self)
      unsafe elements.copyPointers(to: target)
      unsafe pointers = UnsafeBufferPointer(target)
      return byteCount
    }
    return unsafe pointers
  }
}

/// A value in memory of the caller.
@safe
private struct BorrowedValue: StoredValue, @unchecked Sendable {
  // SAFETY: As for ``StoredPart/Value``.
  private let bytes: UnsafeRawBufferPointer

  let info: ValueInfo
  let staysWhenReplaced = true

  init(_ bytes: UnsafeRawBufferPointer) {
    unsafe self.bytes = unsafe bytes
    info = ValueInfo(byteCount: bytes.count)
  }

  func read(_ range: Range<Int>, into arena: inout ByteArena) throws {
    let range = range.clamped(to: 0..<byteCount)
    try unsafe arena.append(copying: RawSpan(_unsafeBytes: bytes).extracting(range))
  }
}

// MARK: Writing

extension PartCoder {
  /// Encodes parts on all workers, and puts the values into their files, or returns them.
  ///
  /// A file is written beside its place and then moved there. The inner chunks of a shard that do not change are
  /// copied as they are stored. A value whose elements all equal the fill value need not be stored, and is removed from
  /// its file or store.
  ///
  /// - Parameters:
  ///   - parts: The parts, no two of them of one value.
  ///   - elements: Those of all parts, as their strides count them.
  /// - Returns: The value of each part that has no place, or nil if it need not be stored.
  /// - Throws: ``PartFailure``. Other parts may have been written.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that parts touch.
  package func write(
    _ parts: [StoredPart], _ elements: any BlobSource
  ) throws(PartFailure) -> [SharedBytes?] {
    let (work, counts) = try divide(begin(parts)) {
      try layout.encodedChunksPerPiece(of: $0, elementCount: $1, like: elements)
    }
    let values = ValuesAtWork<ShardToWrite>()
    let written = Locked<[SharedBytes?]>(Array(repeating: nil, count: parts.count))
    let (requests, threadCount) = makeRequests(parts)
    do throws(ChunkFailure) {
      if let requests {
        try ParallelChunks.forEachIndex(
          below: work.count, workerCount: threadCount, pool: StatelessWorker.pool, following: .current
        ) { index, _ in
          let item = work[index]
          try send(item, of: parts[item.part], counts[item.value], elements, values, requests)
        }
        return Array(repeating: nil, count: parts.count)
      }
      try ParallelChunks.forEachIndex(
        below: work.count, workerCount: layout.workerCount, pool: layout.encoders, following: .current
      ) { index, worker in
        let (item, part) = (work[index], parts[work[index].part])
        let grid = item.piece.grid
        func open() throws -> OpenValue? { try part.isReplaced ? nil : self.open(part.value, grid) }
        worker.value.threadCount = ParallelChunks.threadCount(
          for: index, below: work.count, workerCount: layout.workerCount)
        guard layout.isSharded else {
          _ = try worker.value.encodeValue(item.piece, of: elements) {
            try layout.readChunk(at: 0, grid, of: open())
          } _: { byteCount, gather in
            let value = try put(part, byteCount: byteCount, gathering: gather)
            written.withLock { $0[item.part] = value }
          }
          return
        }
        let count = counts[item.value]
        let old = try values.withValue(
          item.value, begin: { ShardToWrite(old: try open(), pieces: Array(repeating: nil, count: count)) }
        ) { $0.old }
        let encoded = try worker.value.encode(
          item.piece, of: elements, expectedPieceCount: (work.count - index) / layout.workerCount + 1
        ) { try layout.readChunk(at: $0, grid, of: old) }
        guard let shard = values.endPiece(item.value, of: count, { $0.pieces[item.number] = encoded }) else {
          return
        }
        let assembled = try layout.assemble(shard.pieces.compactMap(\.self), grid, keeping: old)
        let value = try put(part, byteCount: assembled?.byteCount) { try assembled?.write(to: $0) }
        written.withLock { $0[item.part] = value }
      }
    } catch {
      throw PartFailure(part: work[error.index].part, reason: error.reason)
    }
    return written.withLock { $0 }
  }

  /// Encodes a piece while few others do so, and writes its value after the last one, while many others do so.
  private func send(
    _ item: Work, of part: StoredPart, _ count: Int, _ elements: any BlobSource,
    _ values: ValuesAtWork<ShardToWrite>, _ requests: ManyRequests
  ) throws {
    let grid = item.piece.grid
    let old = try values.withValue(
      item.value,
      begin: {
        ShardToWrite(
          old: part.isReplaced ? nil : try open(part.value, grid), pieces: Array(repeating: nil, count: count)
        )
      }
    ) { $0.old }
    var counted = 0
    defer { requests.end(counted) }
    let pieces = try requests.compute {
      let encoded = try layout.encoders.withState { worker in
        try worker.value.encode(item.piece, of: elements) { position in
          try requests.wait { try layout.readChunk(at: position, grid, of: old) }
        }
      }
      let ended = values.endPiece(item.value, of: count) { $0.pieces[item.number] = encoded }
      let pieces = ended?.pieces.compactMap(\.self)
      // No more is encoded than there is room for.
      if let pieces {
        counted = pieces.reduce(0) { $0 + $1.byteCount }
        requests.begin(counted)
      }
      return pieces
    }
    guard let pieces else { return }
    let assembled = try layout.assemble(pieces, grid, keeping: old)
    _ = try put(part, byteCount: assembled?.byteCount) { try assembled?.write(to: $0) }
  }

  /// A shard until all its pieces are encoded.
  private struct ShardToWrite: Sendable {
    let old: OpenValue?
    var pieces: [EncodedPiece?]
  }

  /// Puts a value into its place, or removes it if there is nothing to store, or returns the value if it has no place.
  private func put(
    _ part: StoredPart, byteCount: Int?, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws -> SharedBytes? {
    let place: (key: StoreKey, store: any Store)? =
      switch part.value {
      case .file(let key): (key, try Self.files.get())
      case .stored(let key, let store): (key, store)
      case .memory, .missing: nil
      }
    if let place {
      if let byteCount {
        try place.store.write(place.key, byteCount: byteCount, gathering: gather)
      } else {
        try place.store.delete(place.key)
      }
      return nil
    }
    guard let byteCount else { return nil }
    var value = ByteArena()
    try value.reserve(byteCount)
    try gather { try value.append(copying: $0) }
    return try value.takeBytes()
  }
}
