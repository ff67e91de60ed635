import ChunkEngine
import Foundation
import Zarr

/// Tries settings on a corpus, better ones more often.
struct TuneSearch {
  let settings: [TuneSetting]
  let goals: [TuningGoal]
  let storeSpeed: StoreSpeed
  /// The place where the settings are tried.
  let store: StoreChoice?
  /// The seconds to spend.
  let seconds: Double

  /// Measures the settings on `corpus`.
  ///
  /// - Throws: What the store throws.
  func outcome(_ corpus: Corpus) throws -> TuningOutcome {
    let scratch = try ScratchDirectory.make(for: store)
    defer { scratch?.remove() }
    // SAFETY: Bytes have no padding.
    return try withContiguousBlobs(unsafe corpus.bytes.span.bytes, offsets: corpus.offsets.span) { blobs in
      try SuccessiveHalving(for: goals, store: storeSpeed).outcome(of: settings.count, within: seconds) {
        let setting = settings[$0]
        let trial = try TuningTrial(blobs, workerCount: setting.workers)
        guard let scratch else { return try trial.measure(setting.candidate, in: MemoryStore()) }
        let path = scratch.path + "/tune.zarr"
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try trial.measure(setting.candidate, in: FileStore(creating: path))
      }
    }
  }
}
