public import ChunkEngine

/// How an array is worked on.
///
/// Nothing of this is stored with the array.
public struct ArrayAccess: Hashable, Sendable {
  /// The most threads that work on chunks at a time.
  public var workerCount: Int

  /// The most memory that stored data can make the reader take.
  public var limits: DecodingLimits

  /// Whether chunks are stored of which every element equals the fill value.
  public var storesFillValueChunks: Bool

  /// Whether elements of 2 GiB and more are written, which numcodecs and with it zarr-python cannot read
  /// back.
  public var allowsHugeElements: Bool

  /// The most memory that an array takes for the indices of shards that were read, so that they are not read
  /// again.
  public var shardIndexCacheByteCount: Int

  /// Creates settings.
  ///
  /// - Parameters:
  ///   - workerCount: The most threads that work on chunks at a time; one for each active core unless it is
  ///     said.
  ///   - limits: The most memory that stored data can make the reader take.
  ///   - storesFillValueChunks: Whether chunks are stored of which every element equals the fill value.
  ///   - allowsHugeElements: Whether elements of 2 GiB and more are written.
  ///   - shardIndexCacheByteCount: The most memory for the indices of shards; 32 MiB unless it is said.
  /// - Precondition: There is at least one worker.
  public init(
    workerCount: Int = ParallelChunks.defaultWorkerCount, limits: DecodingLimits = DecodingLimits(),
    storesFillValueChunks: Bool = false, allowsHugeElements: Bool = false,
    shardIndexCacheByteCount: Int = 32 << 20
  ) {
    precondition(workerCount > 0, "there must be at least one worker")
    self.workerCount = workerCount
    self.limits = limits
    self.storesFillValueChunks = storesFillValueChunks
    self.allowsHugeElements = allowsHugeElements
    self.shardIndexCacheByteCount = shardIndexCacheByteCount
  }

  /// The largest element that is written.
  var maximumElementByteCount: Int {
    allowsHugeElements ? WireForm.maximumElementByteCount : WireForm.portableElementByteCount
  }
}
