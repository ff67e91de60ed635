public import ChunkEngine

/// What a copy of arrays and groups is like, where it is not to be as what is copied.
public struct CopyOptions: Sendable {
  /// What becomes of the shards of arrays.
  public enum Shards: Hashable, Sendable {
    /// Arrays with shards have shards of about the same shape, and others have none.
    ///
    /// Zarr v2 has no shards: there, the chunks in them are stored one by one.
    case kept
    /// No array has shards: the chunks in them are stored one by one.
    case none
    /// All arrays have shards of this size.
    case size(ChunkSize)
  }

  /// The version of the format, or nil for that of the source.
  public var zarrFormat: ZarrFormat?

  /// How large the chunks are, or nil for those of the source.
  ///
  /// A shape is for arrays with as many dimensions, and chunks of even size are for those of one dimension
  /// with elements of any size. The chunks of other arrays stay as they are, or have as many bytes.
  public var chunkSize: ChunkSize?

  /// What becomes of shards.
  public var shards: Shards

  /// The codecs after the serializer, or nil for all codecs of the source.
  ///
  /// If you set them, the other codecs are the defaults of the data type.
  public var compressors: [CodecChain.Stage]?

  /// What byte strings, text and JSON become, of variable or fixed size; nil if they do not change.
  ///
  /// Arrays of other types stay what they are if they are in a group, and are an error by themselves.
  public var dataType: DataType?

  /// The name to write for the data types that have it among their names; nil for that of the source.
  public var dataTypeName: String?

  /// Whether arrays and groups are left out, and reported, that cannot be copied.
  ///
  /// Those are arrays of pickles, nodes whose metadata is damaged or says what is not supported, arrays that
  /// the options do not fit, as the other version of Zarr, and arrays in a group with a chunk that cannot be
  /// read. Chunks that are copied without decoding need not be sound.
  public var leavesOutUnreadable: Bool

  /// Whether all elements are read again afterwards, and compared with those of the source.
  public var validates: Bool

  /// The bytes of elements that may be in memory, about.
  ///
  /// There is always room for a chunk of the new array, of shards an inner one. What a shard is encoded to
  /// comes on top.
  public var memoryBudget: Int

  /// How arrays are worked on.
  public var access: ArrayAccess

  /// Creates options.
  ///
  /// - Parameters:
  ///   - zarrFormat: The version of the format, or nil for that of the source.
  ///   - chunkSize: How large the chunks are, or nil for those of the source.
  ///   - shards: What becomes of shards.
  ///   - compressors: The codecs after the serializer, or nil for all codecs of the source.
  ///   - dataType: What byte strings, text and JSON become, or nil if they do not change.
  ///   - dataTypeName: The name to write for the data types that have it among their names.
  ///   - leavesOutUnreadable: Whether what cannot be read is left out and reported.
  ///   - validates: Whether all elements are compared afterwards.
  ///   - memoryBudget: The bytes of elements that may be in memory, about.
  ///   - access: How arrays are worked on.
  public init(
    zarrFormat: ZarrFormat? = nil, chunkSize: ChunkSize? = nil, shards: Shards = .kept,
    compressors: [CodecChain.Stage]? = nil, dataType: DataType? = nil, dataTypeName: String? = nil,
    leavesOutUnreadable: Bool = false, validates: Bool = false,
    memoryBudget: Int = ZarrArray.standardCopyMemoryBudget, access: ArrayAccess = ArrayAccess()
  ) {
    self.zarrFormat = zarrFormat
    self.chunkSize = chunkSize
    self.shards = shards
    self.compressors = compressors
    self.dataType = dataType
    self.dataTypeName = dataTypeName
    self.leavesOutUnreadable = leavesOutUnreadable
    self.validates = validates
    self.memoryBudget = memoryBudget
    self.access = access
  }
}
