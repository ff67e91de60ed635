public import ChunkEngine

extension ArrayOptions {
  /// Finds options that suit your elements by trying candidates in memory for about a second.
  ///
  /// ```swift
  /// let records = (0..<10_000).map { "record \($0)" }
  /// let options = try ArrayOptions.tuned(sample: records)
  /// ```
  ///
  /// The candidates are chunks of 16 KiB to 2 MiB, the ones below 1 MiB in shards of 64 MiB, with compressors
  /// that zarr-python and zarrs read: Zstandard at levels 1, 3 and 9, Blosc with LZ4, and none, each
  /// with a CRC-32C. The search measures each once and the better ones again, on one thread, with up to 2 MiB
  /// taken from all over the sample. It assumes that every core is as fast as that one and that the store is as fast as `storeSpeed`
  /// says. Differences below 3 %, or below the noise if that is larger, count as none: the smallest result
  /// wins then.
  ///
  /// The result is an estimate, and a rougher one on a busy machine. `zvlen-bench tune` does the same in a
  /// minute with more data, on files, and shows what it measured.
  ///
  /// - Parameters:
  ///   - goal: What matters most.
  ///   - sample: Elements like those you will write, ideally some MiB. A few KiB say little about large
  ///     chunks.
  ///   - storeSpeed: The speed of the store. The default is a solid-state drive.
  /// - Returns: Options that set codecs and sizes in bytes and leave the rest at the defaults; the default
  ///   options if the sample is empty.
  /// - Throws: ``ZarrError/element(path:index:reason:)`` for a value that cannot be an element, and
  ///   ``ZarrError/chunk(path:reason:)`` for elements that cannot be written.
  /// - Complexity: Blocks its thread for about a second, and longer if one element has many MiB. Takes
  ///   several times 2 MiB of memory, or several times the largest element.
  @available(*, noasync)
  public static func tuned<Elements: Sequence>(
    for goal: TuningGoal = .balanced, sample: Elements, storeSpeed: StoreSpeed = .drive
  ) throws(ZarrError) -> ArrayOptions where Elements.Element: ZarrElement {
    try zarrErrors(at: "the sample") {
      var options = ArrayOptions()
      return try tuned(
        for: goal, blobs: options.source(of: sample, ArrayAccess()), storeSpeed: storeSpeed)
    }
  }

  /// Finds options that suit your elements, which you have as bytes, by trying candidates in memory for about a second.
  ///
  /// The form of `tuned(for:sample:storeSpeed:)` for bytes.
  ///
  /// - Throws: ``ZarrError/chunk(path:reason:)`` for elements that cannot be written.
  /// - Complexity: As that.
  @available(*, noasync)
  public static func tuned(
    for goal: TuningGoal = .balanced, blobs: any BlobSource, storeSpeed: StoreSpeed = .drive
  ) throws(ZarrError) -> ArrayOptions {
    try zarrErrors(at: "the sample") { try search(for: goal, blobs, storeSpeed) }
  }

  private static func search(
    for goal: TuningGoal, _ blobs: any BlobSource, _ storeSpeed: StoreSpeed
  ) throws -> ArrayOptions {
    let sample = try SampledBlobs(of: blobs, byteCount: 2 << 20)
    guard sample.count > 0 else { return ArrayOptions() }
    let byteCount = try sample.byteCount(of: 0..<sample.count) + sample.count * WireForm.lengthByteCount
    let candidates = tuningCandidates(sampleByteCount: byteCount)
    let trial = try TuningTrial(sample, workerCount: 1)
    let cores = Double(ArrayAccess.defaultWorkerCount)
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

  /// Finds options that suit your elements by trying candidates in memory for about a second.
  ///
  /// The form of `tuned(for:sample:storeSpeed:)` for `async` code.
  ///
  /// - Throws: As the form that blocks.
  public static func tuned<Elements: Sequence & Sendable>(
    for goal: TuningGoal = .balanced, sample: Elements, storeSpeed: StoreSpeed = .drive
  ) async throws(ZarrError) -> ArrayOptions where Elements.Element: ZarrElement {
    try await ZarrExecutor.shared.run(at: "the sample") { _ in
      try tuned(for: goal, sample: sample, storeSpeed: storeSpeed)
    }
  }

  /// Finds options that suit your elements, which you have as bytes, by trying candidates in memory for about a second.
  ///
  /// The form of `tuned(for:blobs:storeSpeed:)` for `async` code.
  ///
  /// - Throws: As the form that blocks.
  public static func tuned(
    for goal: TuningGoal = .balanced, blobs: any BlobSource, storeSpeed: StoreSpeed = .drive
  ) async throws(ZarrError) -> ArrayOptions {
    try await ZarrExecutor.shared.run(at: "the sample") { _ in
      try tuned(for: goal, blobs: blobs, storeSpeed: storeSpeed)
    }
  }

  /// The metadata of an array of a shape, whose elements are like those of a sample.
  ///
  /// - Throws: ``ZarrError/chunk(path:reason:)`` and ``ZarrError/metadata(path:reason:)`` for elements that cannot be
  ///   stored, or options that do not fit the shape.
  package func metadata(
    shape: [Int], likeThoseOf sample: any BlobSource
  ) throws(ZarrError) -> ArrayMetadata {
    try zarrErrors(at: "the sample") {
      try metadata(shape: shape, meanByteCount: ZarrArray.meanByteCount(of: sample))
    }
  }

  /// The candidates for a sample of `sampleByteCount` bytes in wire form.
  ///
  /// The sample cannot tell chunks apart that are larger than itself; the usual size stands for them.
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
          chunkByteCount: byteCount, shardByteCount: byteCount < usual ? 64 << 20 : nil,
          codecs: codecs + [.crc32c])
      }
    }
  }
}

/// What you tune the settings of an array for.
public enum TuningGoal: String, Hashable, Sendable, CaseIterable, Codable {
  /// Everything in its measure: the least product of the time to write everything, the time to read it, the size,
  /// and the fourth root of the time to read a single element.
  ///
  /// A setting that is worse by a tenth in one of the first three has to be better by a tenth in another.
  case balanced
  /// The fastest write of everything.
  case write
  /// The fastest read of everything.
  case read
  /// The smallest result.
  case size
  /// The fastest read of single elements.
  case random
}

/// The speed of the store that you tune for.
///
/// The search runs in memory, or on files that the system caches there, which is faster than most stores.
/// Without a store speed, no compression would nearly always look fastest.
public struct StoreSpeed: Hashable, Sendable {
  /// The bytes per second that the store reads or writes.
  public var bytesPerSecond: Double

  /// The time until a request gets its first byte.
  public var latency: Duration

  /// Creates a speed.
  ///
  /// - Precondition: `bytesPerSecond` is positive and `latency` is not negative.
  public init(bytesPerSecond: Double, latency: Duration) {
    precondition(bytesPerSecond > 0, "bytesPerSecond must be positive, not \(bytesPerSecond)")
    precondition(latency >= .zero, "latency must not be negative")
    self.bytesPerSecond = bytesPerSecond
    self.latency = latency
  }

  /// A store that costs no time.
  public static let memory = StoreSpeed(bytesPerSecond: .infinity, latency: .zero)

  /// A solid-state drive: 1 GB/s, and 0.1 ms for each request.
  public static let drive = StoreSpeed(bytesPerSecond: 1e9, latency: .microseconds(100))

  /// A file server or an object store: 100 MB/s, and 20 ms for each request.
  public static let network = StoreSpeed(bytesPerSecond: 100e6, latency: .milliseconds(20))

  /// The seconds that `byteCount` bytes take once the store has begun to answer.
  func transferSeconds(_ byteCount: Double) -> Double { byteCount / bytesPerSecond }

  /// The seconds of one request for `byteCount` bytes.
  func requestSeconds(_ byteCount: Double) -> Double {
    latency / .seconds(1) + transferSeconds(byteCount)
  }
}
