import ChunkEngine

/// The damaged chunks that were found in reading, whose elements were replaced by the fill value.
///
///     let report = DamageReport()
///     let array = try ZarrArray.open(in: store, access: ArrayAccess(damageReport: report))
///     let elements = try array.read()
///     for chunk in report.chunks { print(chunk) }
///
/// All ways of reading use it: views, values, scans and blocks. In a shard, only damaged inner chunks are replaced.
/// What cannot be read for another reason may be sound, and stays an error: chunks above the limits, unknown codecs, a
/// failing store, too little memory. See ``FailureKind``. Writing a part of a damaged chunk also stays an error, since
/// its other elements would be lost.
///
/// A report can be used by any number of arrays and threads.
public final class DamageReport: Sendable {
  /// What is known of the value with a key.
  private struct Place {
    var innerChunks: Set<Int?> = []

    /// Where the last chunk of it is that is listed.
    var last = 0
  }

  private struct State {
    var chunks: [DamagedChunk] = []
    var places: [String: Place] = [:]
  }

  private let state = Locked(State())
  private let kinds: Set<FailureKind>

  /// Creates a report without chunks.
  ///
  /// - Parameter kinds: The failures to report. The default is damage only. Add others only to list all
  ///   chunks that cannot be read, and not to use the elements: sound chunks would be read as the fill value.
  public init(of kinds: Set<FailureKind> = [.damaged]) {
    self.kinds = kinds
  }

  /// The damaged chunks in the order in which they were found, each once.
  ///
  /// For the inner chunks of a shard, the first 1000 and the number of the others.
  public var chunks: [DamagedChunk] { state.withLock { $0.chunks } }

  /// Whether no damage was found.
  public var isEmpty: Bool { state.withLock { $0.chunks.isEmpty } }

  /// Whether a chunk is replaced that cannot be read for this reason.
  func takes(_ reason: any Error) -> Bool {
    switch reason {
    // They are about the call.
    case ChunkError.cancelled, ChunkError.callByteCountExceedsLimit, ChunkError.callElementCountExceedsLimit:
      false
    default: kinds.contains(FailureKind(of: reason))
    }
  }

  /// Adds a chunk, unless it is known.
  func add(_ chunk: DamagedChunk) {
    state.withLock { state in
      guard state.places[chunk.path, default: Place()].innerChunks.insert(chunk.innerChunk).inserted,
        let place = state.places[chunk.path]
      else { return }
      guard place.innerChunks.count <= DamagedChunk.maximumCountPerShard else {
        state.chunks[place.last].furtherCount += 1
        return
      }
      state.places[chunk.path]?.last = state.chunks.count
      state.chunks.append(chunk)
    }
  }
}

extension DamageReport: Hashable {
  /// Whether both are one report.
  public static func == (left: DamageReport, right: DamageReport) -> Bool { left === right }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(self))
  }
}

/// A chunk that could not be read, and whose elements were replaced by the fill value.
public struct DamagedChunk: Sendable {
  /// The key of the chunk in the store, or of the shard that it is in.
  public let key: StoreKey

  /// Where that is, for messages.
  public let path: String

  /// The place in the grid of what has the key.
  public let indices: [Int]

  /// Which of the inner chunks of a shard it is, in C order, or nil if it is all that has the key.
  public let innerChunk: Int?

  /// The elements that the chunk has inside of the array.
  public let region: ArrayRegion

  /// Why it could not be read, of which ``FailureKind`` tells damage from what may be sound.
  public let reason: any Error

  /// How many more inner chunks of the shard could not be read.
  ///
  /// At most 1000 of a shard are listed.
  public internal(set) var furtherCount = 0

  /// The most inner chunks of a shard that are listed: an index can name millions that are not there.
  static let maximumCountPerShard = 1000
}

extension DamagedChunk: CustomStringConvertible {
  /// The path and the reason, as in the error that you would get without a report.
  public var description: String {
    "\(path): \(reason)\(furtherCount > 0 ? ", and \(furtherCount) more inner chunks of the shard" : "")"
  }
}

// Reading past damage, and removing it.
extension ZarrArray {
  /// Reports a chunk that could not be read, if its elements are to be replaced.
  ///
  /// - Parameters:
  ///   - reason: Why it could not be read.
  ///   - indices: The place in the grid of what is stored under one key.
  ///   - part: The elements of the inner chunk, counted from the first one of the shard, if it is one.
  /// - Throws: `reason`, unless the report takes it.
  func replace(_ reason: any Error, chunk indices: [Int], inner part: Piece? = nil) throws {
    guard let report = access.damageReport, report.takes(reason) else { throw reason }
    report.add(damagedChunk(at: indices, inner: part, reason, metadata))
  }

  private func damagedChunk(
    at indices: [Int], inner part: Piece?, _ reason: any Error, _ metadata: ArrayMetadata
  ) -> DamagedChunk {
    let part = layout.isSharded ? part : nil
    let key = key(ofChunkAt: indices)
    return DamagedChunk(
      key: key, path: "\(store.location)/\(key)", indices: indices, innerChunk: part?.firstPosition,
      region: region(ofValueAt: indices, inner: part, metadata), reason: reason)
  }

  /// The elements of a value, or of an inner chunk of it, that are inside of the array.
  private func region(
    ofValueAt indices: [Int], inner part: Piece?, _ metadata: ArrayMetadata
  ) -> ArrayRegion {
    let chunk = part.map { $0.grid.indices(ofChunkAt: $0.firstPosition) }
    return ArrayRegion(
      indices.enumerated().map { dimension, index in
        var range = metadata.chunkGrid.dimensions[dimension].range(ofChunk: index)
        if let part, let chunk {
          let side = part.grid.chunkShape[dimension]
          let start = range.lowerBound + chunk[dimension] * side
          range = start..<(side > Int.max - start ? Int.max : start + side)
        }
        return range.clamped(to: 0..<metadata.shape[dimension])
      })
  }

  /// Removes a chunk from the store if it is damaged, or the damaged inner chunks of a shard.
  ///
  /// The chunk is read again first, and only the version that was read is removed or replaced. If another
  /// writer replaces it during the call, this begins again with the new version. Removed elements are read as
  /// the fill value after that. The other inner chunks of a shard stay as they are stored.
  ///
  /// - Parameters:
  ///   - indices: The place in the grid of the chunk or shard.
  ///   - keep: Receives the stored value before anything is removed, to keep a copy. If it throws, nothing is removed.
  /// - Returns: The removed chunks; none if nothing is damaged or stored.
  /// - Throws: ``ZarrError`` for a chunk that cannot be read for another reason than damage, and what `keep` throws.
  /// - Precondition: There is such a chunk in the grid.
  /// - Complexity: O(*n*) where *n* is the size of the chunk or shard.
  @available(*, noasync)
  public func removeDamage(
    ofChunkAt indices: [Int], keeping keep: (any StoredValue) throws -> Void
  ) throws -> [DamagedChunk] {
    try zarrOrCallerErrors(at: location) {
      try takeOutDamage(ofChunkAt: indices) { value in try CallerFailure.wrap { try keep(value) } }
    }
  }

  private func takeOutDamage(
    ofChunkAt indices: [Int], keeping keep: (any StoredValue) throws -> Void
  ) throws -> [DamagedChunk] {
    let metadata = metadata
    let part = try plan(of: region(ofValueAt: indices, inner: nil, metadata)).part(0)
    return try withLock(on: .chunk(indices)) {
      let key = key(ofChunkAt: indices)
      guard let version = try store.openValue(key) else { return [] }
      let value: OpenValue
      do {
        value = try openValue(version, at: indices, part.whole.grid)
      } catch {
        guard FailureKind(of: error) == .damaged else { throw self.error(error, chunk: indices) }
        try keep(version)
        try store.delete(key, over: .seen(version))
        return [damagedChunk(at: indices, inner: nil, error, metadata)]
      }
      do {
        return try removeChunks(of: part.whole, from: value, at: indices, metadata, keeping: keep)
      } catch {
        throw self.error(error, chunk: indices)
      }
    }
  }

  /// Takes the damaged chunks out of a value, while it is locked.
  private func removeChunks(
    of piece: Piece, from value: OpenValue, at indices: [Int], _ metadata: ArrayMetadata,
    keeping keep: (any StoredValue) throws -> Void
  ) throws -> [DamagedChunk] {
    var damaged: [DamagedChunk] = []
    var leftOut: Set<Int> = []
    try piece.forEachChunk { chunk in
      do {
        try check(chunk, of: value)
      } catch {
        // What cannot be read for another reason may be sound, and stays.
        guard FailureKind(of: error) == .damaged else {
          if piece.grid.chunkCount == 1 { throw error }
          return
        }
        leftOut.insert(chunk.firstPosition)
        if damaged.count < DamagedChunk.maximumCountPerShard {
          damaged.append(damagedChunk(at: indices, inner: chunk, error, metadata))
        } else {
          damaged[damaged.count - 1].furtherCount += 1
        }
      }
    }
    guard !damaged.isEmpty, let version = value.version else { return [] }
    try keep(version)
    // The index may also be wrong about inner chunks without an element of the array, which are never read.
    if case .index(let index) = value.places {
      for position in 0..<index.count where (try? index.range(ofChunkAt: position)) == nil {
        leftOut.insert(position)
      }
    }
    try storeValue(
      of: [], at: indices, piece.grid, keeping: value, over: .seen(version), leavingOut: leftOut)
    return damaged
  }
}
