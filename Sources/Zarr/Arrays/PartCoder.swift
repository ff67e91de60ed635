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
    /// Memory that the caller has.
    case memory(UnsafeRawBufferPointer)
    /// There is no value.
    case missing
  }

  /// Where the value is.
  package let value: Value

  /// The number of elements of the value along each dimension.
  package let shape: [Int]

  /// The elements of the part along each dimension, counted from the first one of the value.
  package let selected: [Range<Int>]

  /// How far the next element along each dimension is among those that are written.
  package let strides: [Int]

  /// Whether what the value has besides the part goes when the part is written.
  package let isReplaced: Bool

  /// Describes a part of a value.
  package init(
    of value: Value, shape: [Int], selected: [Range<Int>], strides: [Int]? = nil, isReplaced: Bool = false
  ) {
    self.value = value
    self.shape = shape
    self.selected = selected
    self.strides = strides ?? RowMajor.strides(of: selected.map(\.count))
    self.isReplaced = isReplaced
  }

  /// Whether there is at least one element, and each of them is in the value.
  package var isInside: Bool {
    selected.count == shape.count && strides.count == shape.count
      && zip(shape, selected).allSatisfy { $1.lowerBound >= 0 && !$1.isEmpty && $1.upperBound <= $0 }
  }

  /// Whether strides count only elements that there are.
  package func isCovered(byElementsFrom first: Int, count: Int) -> Bool {
    guard first >= 0, strides.allSatisfy({ $0 >= 0 }) else { return false }
    var last = first
    for (range, stride) in zip(selected, strides) {
      let (distance, isTooFar) = (range.count - 1).multipliedReportingOverflow(by: stride)
      let (sum, overflow) = last.addingReportingOverflow(distance)
      guard !isTooFar, !overflow else { return false }
      last = sum
    }
    return last < count
  }

  fileprivate func piece(_ grid: InnerChunkGrid) -> Piece {
    // Elements beyond the part are beyond the array then, and not looked for in the value.
    let extent = isReplaced ? selected.map(\.upperBound) : shape
    return Piece(
      grid, start: shape.map { _ in 0 }, shape: extent, selection: selected, strides: strides)
  }
}

/// What went wrong with a part.
package struct PartFailure: Error {
  /// Which of the parts of the call it is.
  package let part: Int

  /// What went wrong.
  package let reason: any Error
}

/// What became of a part that was written.
package enum WrittenPart: Sendable {
  /// The value was put into its file, or its file was removed.
  case placed
  /// The new value.
  case value(SharedBytes)
  /// All elements of the value equal the fill value, so that it need not be stored.
  case empty
}

/// Decodes and encodes parts of values, wherever these are, by an array's metadata alone.
///
/// An array finds by itself what a region needs. Here a program of another language has found that, and hands over
/// all parts of a region at once. Other writers of the same values are for the caller to keep away.
package final class PartCoder: Sendable {
  /// The number of dimensions.
  package let rank: Int

  private let layout: ValueLayout
  private let fillElement: SharedBytes
  private let access: ArrayAccess
  private let readers: WorkerPool<PartReader>

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
    fillElement = try chain.layout.sharedElement(metadata.fillValue)
    self.access = access
    let (inner, limits) = (layout.chain, access.limits)
    readers = WorkerPool { PartReader(try ChunkDecoder(inner, limits: limits)) }
  }

  private func grid(of part: StoredPart) throws(ChunkError) -> InnerChunkGrid {
    try InnerChunkGrid(shardShape: part.shape, chunkShape: layout.innerChunkShape ?? part.shape)
  }

  // MARK: Values

  /// A value that is read in part, and where its chunks are.
  private struct OpenPart: Sendable {
    let value: (any StoredValue)?
    let places: ChunkPlaces

    static let missing = OpenPart(value: nil, places: .missing)
  }

  private func open(_ value: StoredPart.Value) throws -> (any StoredValue)? {
    switch value {
    case .file(let key): try Self.files.get().openValue(key)
    case .memory(let bytes): unsafe MemoryValue(bytes)
    case .missing: nil
    }
  }

  private func open(_ part: StoredPart) throws -> OpenPart {
    guard let value = try open(part.value) else { return .missing }
    let grid = try grid(of: part)
    let limit = access.limits.shardIndexByteCount
    guard let place = try layout.indexPart(grid, limit: limit) else {
      return OpenPart(value: value, places: .value)
    }
    var arena = ByteArena()
    try value.read(place.range(in: value.byteCount), into: &arena)
    let index = try layout.decodeIndex(arena.bytes, ofShardOf: value.byteCount, grid, limit: limit)
    return OpenPart(value: value, places: .index(index))
  }

  /// Opens the values of parts; those of no inner chunks are opened when they are read.
  private func open(
    _ parts: [StoredPart], _ isNeeded: @Sendable (Int) -> Bool
  ) throws(PartFailure) -> [OpenPart?] {
    guard layout.isSharded else { return [] }
    let opened = Locked<[OpenPart?]>(Array(repeating: nil, count: parts.count))
    do throws(ChunkFailure) {
      try ParallelChunks.forEachIndex(
        below: parts.count, workerCount: access.workerCount, pool: StatelessWorker.pool
      ) { number, _ in
        guard isNeeded(number) else { return }
        let value = try open(parts[number])
        opened.withLock { $0[number] = value }
      }
    } catch {
      throw PartFailure(part: error.index, reason: error.reason)
    }
    return opened.withLock { $0 }
  }

  private func read(
    _ range: Range<Int>?, of value: (any StoredValue)?, into arena: inout ByteArena
  ) throws -> Bool {
    guard let value else { return false }
    let limit = access.limits.storedByteCountPerChunk
    guard range != nil || value.byteCount <= limit else {
      throw ChunkError.storedByteCountExceedsLimit(byteCount: value.byteCount, limit: limit)
    }
    try value.read(range ?? 0..<value.byteCount, into: &arena)
    return true
  }

  /// Divides what a part has of a shard into pieces, one for a worker at a time.
  private func divide(_ piece: Piece, chunkByteCount: Int, pieceByteCount: Int) -> [Piece] {
    guard layout.isSharded else { return [piece] }
    let byteCount = max(1, chunkByteCount, piece.grid.chunkElementCount * WireForm.lengthByteCount)
    // Several for each worker, unless they are so small that waking it up takes longer.
    let shared = max(piece.chunkCount / 4 / access.workerCount, Self.smallestPieceByteCount / byteCount)
    return piece.divided(intoPiecesOf: max(1, min(shared, pieceByteCount / byteCount)))
  }

  /// The bytes that are encoded at a time, so that they stay in a core's cache.
  private static var encodedPieceByteCount: Int { 128 << 10 }

  /// The bytes that are decoded at a time: the more, the less often workers wait for the caller.
  private static var decodedPieceByteCount: Int { 512 << 10 }

  /// Pieces are made no smaller than this for there to be some for each worker.
  private static var smallestPieceByteCount: Int { 32 << 10 }
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
  ///   - parts: The parts. Those of one value follow each other, so that it is opened once.
  ///   - show: Is handed boxes of elements of the parts, in any order and without any two at a time. Its argument is
  ///     valid during the call.
  /// - Returns: For each part whether its value is missing; then none of its elements is shown.
  /// - Throws: ``PartFailure``, also with what `show` throws.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that parts touch. Memory is O(workers × chunk).
  package func read(
    _ parts: [StoredPart], _ show: (ShownElements) throws -> Void
  ) throws(PartFailure) -> [Bool] {
    let opened = try open(parts) { _ in true }
    var work: [(part: Int, piece: Piece)] = []
    var missing = Array(repeating: false, count: parts.count)
    for (number, part) in parts.enumerated() {
      do throws(ChunkError) {
        let piece = part.piece(try grid(of: part))
        guard layout.isSharded else {
          work.append((number, piece))
          continue
        }
        guard let open = opened[number], case .index(let index) = open.places else {
          missing[number] = true
          continue
        }
        let chunkByteCount = (open.value?.byteCount ?? 0) / max(1, index.count)
        let pieces = divide(
          piece, chunkByteCount: chunkByteCount, pieceByteCount: Self.decodedPieceByteCount)
        work += pieces.map { (number, $0) }
      } catch {
        throw PartFailure(part: number, reason: error)
      }
    }
    let found = Locked(missing)
    let all = work
    do {
      try CallerTurns.run(
        all.count, workerCount: access.workerCount, pool: readers, show
      ) { number, reader, show in
        let (part, piece) = all[number]
        do {
          let open =
            try opened.isEmpty
            ? OpenPart(value: self.open(parts[part].value), places: .value) : opened[part] ?? .missing
          guard open.value != nil else { return found.withLock { $0[part] = true } }
          try unsafe self.read(piece, of: open, with: reader) { piece, elements in
            try unsafe show(ShownElements(part: part, box: piece.selected, elements: elements))
          }
        } catch {
          throw PartFailure(part: part, reason: error)
        }
      }
    } catch {
      throw error as? PartFailure ?? PartFailure(part: 0, reason: error)
    }
    return found.withLock { $0 }
  }

  private func read(
    _ piece: Piece, of open: OpenPart, with reader: PartReader,
    _ show: (Piece, UnsafeBufferPointer<ElementBytes>) throws -> Void
  ) throws {
    let joining = RangeJoining.local
    try reader.decoder.find(piece, in: open.places, isShown: true)
    let byteCount = reader.decoder.fetchedByteCount(joining) ?? 0
    if piece.chunkCount == 1 || byteCount <= 4 * joining.maximumByteCount {
      try reader.decoder.fetch(joining: joining) { range, arena in
        try read(range, of: open.value, into: &arena)
      }
      let stored = try reader.decoder.show(
        fillElement: fillElement, stopsAfterRuns: piece.elementCount == 1
      ) { piece, elements in
        try unsafe show(piece, try reader.pointers(to: elements))
      }
      guard stored == nil else { return }
    }
    try piece.forEachChunk { try unsafe read($0, of: open, with: reader, show) }
  }

  /// Reads all elements of a chunk, or returns nil if it is not stored.
  private func readChunk(at position: Int, _ grid: InnerChunkGrid, of open: OpenPart) throws -> BlobView? {
    try layout.decoders.withState { worker in
      try worker.value.find(Piece(chunkAt: position, of: grid), in: open.places)
      try worker.value.fetch(joining: .local) { range, arena in
        try read(range, of: open.value, into: &arena)
      }
      return try worker.value.takeElements()
    }
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
private struct MemoryValue: StoredValue, @unchecked Sendable {
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
  /// copied as they are stored.
  ///
  /// - Parameters:
  ///   - parts: The parts, no two of them of one value.
  ///   - meanByteCount: The bytes of an element, about.
  ///   - elements: Returns those of a part, as its strides count them.
  /// - Returns: What became of each part.
  /// - Throws: ``PartFailure``. Other parts may have been written.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that parts touch.
  package func write(
    _ parts: [StoredPart], meanByteCount: Int, _ elements: @Sendable (Int) -> any BlobSource
  ) throws(PartFailure) -> [WrittenPart] {
    guard layout.isSharded else { return try writeChunks(parts, elements) }
    let old = try open(parts) { !parts[$0].isReplaced }
    var work: [(part: Int, number: Int, piece: Piece)] = []
    var begun: [ShardToWrite] = []
    for (number, part) in parts.enumerated() {
      do throws(ChunkError) {
        let piece = part.piece(try grid(of: part))
        let (byteCount, overflow) = meanByteCount.multipliedReportingOverflow(
          by: piece.grid.chunkElementCount)
        let pieces = divide(
          piece, chunkByteCount: overflow ? Int.max : byteCount, pieceByteCount: Self.encodedPieceByteCount)
        work += pieces.enumerated().map { (number, $0, $1) }
        begun.append(ShardToWrite(pieceCount: pieces.count))
      } catch {
        throw PartFailure(part: number, reason: error)
      }
    }
    let (all, shards) = (work, begun)
    let written = Locked<[WrittenPart]>(Array(repeating: .placed, count: parts.count))
    do throws(ChunkFailure) {
      try ParallelChunks.forEachIndex(
        below: all.count, workerCount: access.workerCount, pool: layout.encoders
      ) { index, worker in
        let (number, numberInShard, piece) = all[index]
        let part = parts[number]
        let kept = part.isReplaced ? nil : old[number]
        let expected = (all.count - index) / access.workerCount + 1
        let encoded = try worker.value.encode(
          piece, of: elements(number), expectedPieceCount: expected
        ) { position in
          try kept.flatMap { try readChunk(at: position, piece.grid, of: $0) }
        }
        guard let pieces = shards[number].add(encoded, at: numberInShard) else { return }
        let result = try put(pieces, of: part, piece.grid, keeping: kept)
        written.withLock { $0[number] = result }
      }
    } catch {
      throw PartFailure(part: all[error.index].part, reason: error.reason)
    }
    return written.withLock { $0 }
  }

  /// The pieces of a shard until all of them are encoded.
  private final class ShardToWrite: Sendable {
    private let state: Locked<(pieces: [EncodedPiece?], rest: Int)>

    init(pieceCount: Int) {
      state = Locked((Array(repeating: nil, count: pieceCount), pieceCount))
    }

    /// Adds a piece, and returns all of them if it is the last.
    func add(_ piece: EncodedPiece, at number: Int) -> [EncodedPiece]? {
      state.withLock { state in
        state.pieces[number] = piece
        state.rest -= 1
        return state.rest == 0 ? state.pieces.compactMap(\.self) : nil
      }
    }
  }

  /// Writes values of one chunk each.
  private func writeChunks(
    _ parts: [StoredPart], _ elements: @Sendable (Int) -> any BlobSource
  ) throws(PartFailure) -> [WrittenPart] {
    let written = Locked<[WrittenPart]>(Array(repeating: .placed, count: parts.count))
    do throws(ChunkFailure) {
      try ParallelChunks.forEachIndex(
        below: parts.count, workerCount: access.workerCount, pool: layout.encoders
      ) { number, worker in
        let part = parts[number]
        let piece = part.piece(try grid(of: part))
        let old = try part.isReplaced || piece.isWhole ? nil : open(part.value)
        _ = try worker.value.encodeValue(piece, of: elements(number)) {
          try old.flatMap { try readChunk(at: 0, piece.grid, of: OpenPart(value: $0, places: .value)) }
        } _: { encoded in
          let result: WrittenPart
          if case .file(let key) = part.value {
            try Self.put(encoded, in: key)
            result = .placed
          } else if let encoded {
            var copy = ByteArena()
            try copy.append(copying: encoded)
            result = .value(try copy.takeBytes())
          } else {
            result = .empty
          }
          written.withLock { $0[number] = result }
        }
      }
    } catch {
      throw PartFailure(part: error.index, reason: error.reason)
    }
    return written.withLock { $0 }
  }

  private static func put(_ bytes: RawSpan?, in key: StoreKey) throws {
    guard let bytes else { return try files.get().delete(key) }
    try files.get().write(key, bytes)
  }

  private func put(
    _ pieces: [EncodedPiece], of part: StoredPart, _ grid: InnerChunkGrid, keeping old: OpenPart?
  ) throws -> WrittenPart {
    let index: ShardIndex? = if case .index(let index)? = old?.places { index } else { nil }
    let shard = try layout.assemble(pieces, grid, keeping: index, access.limits)
    func read(_ range: Range<Int>, _ arena: inout ByteArena) throws {
      try old?.value?.read(range, into: &arena)
    }
    guard case .file(let key) = part.value else {
      guard let shard else { return .empty }
      var value = ByteArena()
      try value.reserve(shard.byteCount)
      try shard.write(reading: read) { try value.append(copying: $0) }
      return .value(try value.takeBytes())
    }
    guard let shard else {
      try Self.put(nil, in: key)
      return .placed
    }
    try Self.files.get().write(key, byteCount: shard.byteCount) { append in
      try shard.write(reading: read, to: append)
    }
    return .placed
  }
}
