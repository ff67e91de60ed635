public import ChunkEngine
import ZarrPlatform

/// How you work on an array.
///
/// These settings are not stored.
public struct ArrayAccess: Hashable, Sendable {
  /// The usual number of workers: one for each active core.
  public static let defaultWorkerCount = Platform.coreCount

  /// The most threads that work on chunks at a time.
  public var workerCount: Int

  /// The most memory that stored data can make the reader take.
  public var limits: DecodingLimits

  /// The most that the metadata of the array can make the reader take.
  public var metadataLimits: MetadataLimits

  /// Whether chunks whose elements all equal the fill value are stored.
  public var writesEmptyChunks: Bool

  /// Whether elements of 2 GiB and more are written.
  ///
  /// numcodecs, and so zarr-python, cannot read them.
  public var allowsHugeElements: Bool

  /// The most memory for indices of shards, which an array keeps so that it reads them once; 32
  /// MiB by default.
  public var shardIndexCacheByteCount: Int

  /// The most memory for decoded chunks, which an array keeps for all that read it; none by default.
  ///
  /// With it, reads decode whole chunks, and copy elements out of them. A read asks the store once a value whether that was
  /// replaced meanwhile, and then reads it anew.
  public var cacheByteCount: Int

  /// How long an array with a cache relies on what it has seen of a value, without asking the store whether it was
  /// replaced; not at all by default.
  ///
  /// Values that never change can be relied on for long. Each question is a request, which for a bucket takes as long as
  /// a read.
  public var cacheCheckInterval: Duration

  /// The most bytes on their way from and to stores that answer many requests at a time, for all calls of the
  /// process together; 256 MiB by default.
  public var byteCountInFlight: Int

  /// How the values of `Codable` types are spelled in JSON.
  public var json: JSONCoding

  /// What runs the calls of `async` code.
  public var executor: ZarrExecutor

  /// A report of damaged chunks, whose elements are then read as the fill value.
  ///
  /// If nil, a damaged chunk is an error.
  public var damageReport: DamageReport?

  /// What hears of calls when they end, or nil.
  public var observer: ArrayObserver?

  /// Creates settings.
  ///
  /// - Precondition: There is at least one worker.
  public init(
    workerCount: Int = ArrayAccess.defaultWorkerCount, limits: DecodingLimits = DecodingLimits(),
    metadataLimits: MetadataLimits = MetadataLimits(), writesEmptyChunks: Bool = false,
    allowsHugeElements: Bool = false, shardIndexCacheByteCount: Int = 32 << 20, cacheByteCount: Int = 0,
    cacheCheckInterval: Duration = .zero,
    byteCountInFlight: Int = 256 << 20, json: JSONCoding = JSONCoding(), executor: ZarrExecutor = .shared,
    damageReport: DamageReport? = nil, observer: ArrayObserver? = nil
  ) {
    precondition(workerCount > 0, "there must be at least one worker")
    self.workerCount = workerCount
    self.limits = limits
    self.metadataLimits = metadataLimits
    self.writesEmptyChunks = writesEmptyChunks
    self.allowsHugeElements = allowsHugeElements
    self.shardIndexCacheByteCount = shardIndexCacheByteCount
    self.cacheByteCount = cacheByteCount
    self.cacheCheckInterval = cacheCheckInterval
    self.byteCountInFlight = byteCountInFlight
    self.json = json
    self.damageReport = damageReport
    self.observer = observer
    self.executor = executor
  }

  /// The largest element that is written.
  var maximumElementByteCount: Int {
    allowsHugeElements ? WireForm.maximumElementByteCount : WireForm.portableElementByteCount
  }
}
