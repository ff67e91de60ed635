import ChunkEngine

/// The damaged chunks that were found in reading, whose elements were replaced by the fill value.
///
///     let report = DamageReport()
///     let array = try ZarrArray.open(in: store, access: ArrayAccess(damageReport: report))
///     let elements = try array.read()
///     for chunk in report.chunks { print(chunk) }
///
/// It serves all ways of reading: views, values, scans and blocks. Of a shard only the inner chunks are
/// replaced that are damaged. What cannot be read for another reason than damage stays an error: a store that
/// fails, memory that is missing, a call that asks for more than the limits. Writing a part of a damaged chunk
/// stays an error too, since its other elements would be lost.
///
/// A report can be used by any number of arrays and threads.
public final class DamageReport: Sendable {
  private struct Identity: Hashable {
    let path: String
    let innerChunk: Int?
  }

  private struct State {
    var chunks: [DamagedChunk] = []
    var known: Set<Identity> = []
  }

  private let state = Locked(State())

  /// Creates a report without chunks.
  public init() {}

  /// The damaged chunks, each once however often it was read, in the order in which they were found.
  public var chunks: [DamagedChunk] { state.withLock { $0.chunks } }

  /// Whether no damage was found.
  public var isEmpty: Bool { state.withLock { $0.chunks.isEmpty } }

  /// Adds a chunk, unless it is known.
  func add(_ chunk: DamagedChunk) {
    state.withLock { state in
      guard state.known.insert(Identity(path: chunk.path, innerChunk: chunk.innerChunk)).inserted else {
        return
      }
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
