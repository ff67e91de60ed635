public import ChunkEngine

/// What a new array is like.
public struct ArrayOptions: Sendable {
  /// The data type, or nil for that of the elements you write at creation; bytes if there are none.
  public var dataType: DataType?
  /// The name to write for the data type, or nil for the one that most libraries read.
  public var dataTypeName: String?
  /// How large the chunks are.
  public var chunkSize: ChunkSize
  /// How large the shards are, or nil to store chunks one by one.
  ///
  /// A shard holds chunks of ``chunkSize``, each of which can be read by itself. A size that is not a shape
  /// is rounded up to a whole number of chunks along each dimension.
  public var shardSize: ChunkSize?
  /// Where the index of a shard is.
  public var shardIndexLocation: StoredLocation
  /// The codecs before the serializer, as metadata names them, in the order in which they encode.
  public var filters: [MetadataExtension]
  /// The codec that turns elements into bytes, as metadata names it, or nil for the usual one of the data
  /// type.
  public var serializer: MetadataExtension?
  /// The codecs after the serializer, in the order in which they encode: compressors and checksums.
  ///
  /// The default compresses with Zstandard and adds a CRC-32C, so that damage to a stored chunk is an error and never
  /// another value. `[.zstd()]` leaves the checksum out.
  ///
  /// In Zarr v2, Zstandard's frames always have a checksum inside instead, which all readers take.
  public var compressors: [CodecChain.Stage]
  /// The value of elements that were never written, as bytes in memory, or nil for the default of the data
  /// type: zero, or an empty element.
  public var fillValue: [UInt8]?
  /// How chunks are named in the store.
  public var chunkKeyEncoding: ChunkKeyEncoding
  /// The attributes of the array.
  public var attributes: JSONObject
  /// The names of the dimensions, as many as there are, or nil for none.
  public var dimensionNames: [String?]?
  /// The version of the format, which all nodes of a hierarchy share.
  public var zarrFormat: ZarrFormat
  /// Whether an existing array or group is removed.
  public var overwrites: Bool

  /// Creates options.
  public init(
    dataType: DataType? = nil, dataTypeName: String? = nil, chunkSize: ChunkSize = .standard,
    shardSize: ChunkSize? = nil, shardIndexLocation: StoredLocation = .end,
    compressors: [CodecChain.Stage] = [.zstd(), .crc32c], filters: [MetadataExtension] = [],
    serializer: MetadataExtension? = nil, fillValue: [UInt8]? = nil,
    chunkKeyEncoding: ChunkKeyEncoding = ChunkKeyEncoding(), attributes: JSONObject = [:],
    dimensionNames: [String?]? = nil, zarrFormat: ZarrFormat = .version3, overwrites: Bool = false
  ) {
    self.dataType = dataType
    self.dataTypeName = dataTypeName
    self.chunkSize = chunkSize
    self.shardSize = shardSize
    self.shardIndexLocation = shardIndexLocation
    self.compressors = compressors
    self.filters = filters
    self.serializer = serializer
    self.fillValue = fillValue
    self.chunkKeyEncoding = chunkKeyEncoding
    self.attributes = attributes
    self.dimensionNames = dimensionNames
    self.zarrFormat = zarrFormat
    self.overwrites = overwrites
  }

  /// The metadata of an array of a shape.
  ///
  /// - Parameters:
  ///   - shape: The number of elements along each dimension.
  ///   - meanByteCount: The mean size of the elements in wire form, or nil if it is not known.
  ///   - stages: The codecs after the serializer, as metadata names them. The default is ``compressors``.
  /// - Returns: The metadata.
  /// - Throws: An error that says what does not fit together.
  func metadata(
    shape: [Int], meanByteCount: Double?, stages: [MetadataExtension]? = nil
  ) throws(MetadataError) -> ArrayMetadata {
    var chunkGrid = try chunkSize.chunkGrid(for: shape, meanByteCount: meanByteCount)
    let stages = if let stages { stages } else { try stageMetadata }
    if zarrFormat == .version2 {
      return try version2Metadata(shape: shape, chunkGrid: chunkGrid, stages: stages)
    }
    let dataType = (dataType ?? .bytes).version3
    var codecs = filters + [serializer ?? dataType.defaultCodec] + stages
    if let shardSize {
      guard let chunkShape = chunkGrid.regularChunkShape else {
        throw MetadataError(
          code: .unsupported, field: ChunkGrid.shapesField, message: "the chunks of a shard have one shape")
      }
      chunkGrid = try shardSize.shardGrid(
        ofChunks: chunkShape, shape: shape,
        meanByteCount: meanByteCount)
      codecs = [
        ShardingCodec.metadata(chunkShape: chunkShape, codecs: codecs, indexLocation: shardIndexLocation)
      ]
    }
    return try ArrayMetadata(
      shape: shape, dataType: dataType,
      statedDataType: dataTypeName.map(dataType.metadata(named:)),
      chunkGrid: chunkGrid, chunkKeyEncoding: chunkKeyEncoding,
      fillValue: fillValue ?? dataType.defaultFillValue, codecs: codecs, attributes: attributes,
      dimensionNames: dimensionNames)
  }

  /// The codecs after the serializer, as metadata names them.
  var stageMetadata: [MetadataExtension] {
    get throws(MetadataError) {
      var metadata: [MetadataExtension] = []
      for stage in compressors {
        guard let codec = stage.codec as? any MetadataCodec else {
          throw MetadataError(code: .unsupported, field: "codecs", message: "a codec has no name in metadata")
        }
        metadata.append(codec.metadata)
      }
      return metadata
    }
  }
}
