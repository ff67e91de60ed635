public import ChunkEngine
import Dispatch

extension ArrayOptions {
  /// Finds options that suit some elements, by trying them out in memory for about a second.
  ///
  /// ```swift
  /// let options = try ArrayOptions.tuned(for: .read, sample: records)
  /// ```
  ///
  /// The candidates are chunks of 16 KiB to 2 MiB, those below 1 MiB in shards of 64 MiB, with compressors that
  /// zarr-python and zarrs have: Zstandard at the levels 1, 3 and 9, Blosc with LZ4, and none. Each is measured
  /// once and the better ones again, on one thread, with up to 2 MiB from all over the sample. All cores are
  /// taken to be as fast as that one, and the store to be as fast as `storeSpeed` says. What differs by less
  /// than the noise, and than 3 % at any rate, counts as equal: then the smallest result wins.
  ///
  /// So it is an estimate, and on a busy machine a rougher one. `zvlen-bench tune` takes a minute for the same
  /// with more data, on files, and shows what it measured.
  ///
  /// - Parameters:
  ///   - goal: What matters most.
  ///   - sample: Elements like those that will be written, some MiB of them. From a few KiB little can be told of
  ///     how large chunks do.
  ///   - storeSpeed: How fast the store is; a solid-state drive unless it is said.
  /// - Returns: Options with sizes in bytes and codecs, all else as it is unless it is said; the usual options
  ///   if the sample is empty.
  /// - Throws: What the sample throws, and ``ZarrError/chunk(path:reason:)`` for elements that cannot be
  ///   written.
  /// - Complexity: Blocks its thread for about a second, and longer if one element has many MiB. Memory is some
  ///   times 2 MiB, or the largest element.
  public static func tuned(
    for goal: TuningGoal, sample: any BlobSource, storeSpeed: StoreSpeed = .drive
  ) throws -> ArrayOptions {
    let sample = try SampledBlobs(of: sample, byteCount: 2 << 20)
    guard sample.count > 0 else { return ArrayOptions() }
    let byteCount = try sample.byteCount(of: 0..<sample.count) + sample.count * WireForm.lengthByteCount
    let candidates = tuningCandidates(sampleByteCount: byteCount)
    let trial = try TuningTrial(sample, workerCount: 1)
    let cores = Double(ParallelChunks.defaultWorkerCount)
    let outcome = try SuccessiveHalving(for: [goal], store: storeSpeed).outcome(
      of: candidates.count, within: 1
    ) { index in
      var measurement = try trial.measure(candidates[index], in: MemoryStore())
      measurement.writeSeconds /= cores
      measurement.readSeconds /= cores
      return measurement
    }
    return outcome.best(for: goal).map { candidates[$0.candidate].options } ?? ArrayOptions()
  }

  /// Finds options that suit some elements, by trying them out in memory for about a second.
  ///
  /// The form of `tuned(for:sample:storeSpeed:)` for `async` code.
  ///
  /// - Throws: As the form that blocks.
  public static func tuned(
    for goal: TuningGoal, sample: any BlobSource, storeSpeed: StoreSpeed = .drive
  ) async throws -> ArrayOptions {
    try await run(on: DispatchQueue(label: "zarr.tuning")) {
      try tuned(for: goal, sample: sample, storeSpeed: storeSpeed)
    }
  }

  /// The settings that are tried out on a sample of so many bytes in wire form.
  ///
  /// Larger chunks than the sample are all the same to it. The usual size stands for them.
  static func tuningCandidates(sampleByteCount: Int) -> [TuningCandidate] {
    let usual = 1 << 20
    let chunkByteCounts = [16 << 10, 64 << 10, 256 << 10, usual, 2 << 20]
      .filter { $0 <= sampleByteCount || $0 == usual }
    let chains: [[CodecChain.Stage]] = [
      [.zstd(level: 1)], [.zstd(level: 3)], [.zstd(level: 9)], [.blosc(.lz4, level: 5)], [],
    ]
    return chunkByteCounts.flatMap { byteCount in
      chains.map { codecs in
        TuningCandidate(
          chunkByteCount: byteCount, shardByteCount: byteCount < usual ? 64 << 20 : nil, codecs: codecs)
      }
    }
  }
}
