import ChunkEngine

/// The damaged chunks that were found in reading, whose elements were replaced by the fill value.
///
///     let report = DamageReport()
///     let array = try ZarrArray.open(in: store, access: ArrayAccess(damageReport: report))
///     let elements = try array.read()
///     for chunk in report.chunks { print(chunk) }
///
/// It serves all ways of reading: views, values, scans and blocks. Of a shard only the inner chunks are
/// replaced that are damaged. What cannot be read for another reason than damage may be sound, and stays an
/// error: chunks above the limits, codecs that are not known, a store that fails, memory that is missing. See
/// ``FailureKind``. Writing a part of a damaged chunk stays an error too, since its other elements would be
/// lost.
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
  /// - Parameter kinds: The failures of chunks that are taken note of; only damage unless it is said. More is
  ///   for those who want to know of all chunks that cannot be read, and do not use the elements: sound ones
  ///   would be replaced.
  public init(of kinds: Set<FailureKind> = [.damaged]) {
    self.kinds = kinds
  }

  /// The damaged chunks, each once however often it was read, in the order in which they were found; of
  /// the inner chunks of a shard the first 1000, and the number of the others.
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
