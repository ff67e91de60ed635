import ChunkEngine

/// What an array becomes when it is copied.
struct ArrayCopyPlan {
  /// The array that is copied.
  let source: ZarrArray

  /// The metadata of the new array.
  let metadata: ArrayMetadata

  /// Whether what is stored of each chunk is the same in both arrays.
  let keepsStoredChunks: Bool

  /// Plans a copy.
  ///
  /// Some of the elements are read if a size in bytes is asked for, and all if chunks are to be of even size.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)`` for pickles, and if the array does not fit the options;
  ///   and what reading throws.
  init(of source: ZarrArray, _ options: CopyOptions) throws {
    self.source = source
    do {
      if source.readingObstacle != nil { throw CodecRegistry.pickleError }
      metadata = try Self.metadata(of: source, options)
      keepsStoredChunks = try Self.keepsStoredChunks(source, metadata)
    } catch let error as MetadataError {
      throw ZarrError.metadata(path: source.location, reason: error)
    }
  }

  private static func metadata(of source: ZarrArray, _ options: CopyOptions) throws -> ArrayMetadata {
    var old = source.metadata
    // What writers of the source are about is not in the copy.
    old.sharedWork = SharedWork()
    let format = options.zarrFormat ?? old.zarrFormat
    let dataType = Self.dataType(of: old, format, options)
    let chunkSize = try Self.chunkSize(of: source, options)
    var new = ArrayOptions(
      dataType: dataType, chunkSize: chunkSize ?? Self.chunkSize(of: source),
      fillValue: Self.fillValue(of: old, as: dataType), zarrFormat: format)
    let definesFillValue = Self.keepConventions(of: old, in: &new)
    let isRenamed = format == .version3 && options.dataTypeName.map(dataType.names.contains) ?? false
    if isRenamed { new.dataTypeName = options.dataTypeName }
    let mean = try Self.meanByteCount(of: source, options)
    new.shardSize = try Self.shardSize(of: source, chunkSize, mean, format, options)
    // The versions of zarr-python that knew structures by this name took all of them to be little-endian.
    let isEarlierStructure = isRenamed && options.dataTypeName == DataType.earlierStructureName
    let isSame =
      !isEarlierStructure && format == old.zarrFormat && dataType == old.dataType && chunkSize == nil
      && options.compressors == nil
      && options.shards == .kept
    if isSame { return try old.renamed(isRenamed ? options.dataTypeName : nil) }

    var stages: [MetadataExtension]?
    if let codecs = options.compressors {
      new.compressors = codecs
    } else {
      stages = Self.keepCodecs(of: source, in: &new)
      if isEarlierStructure { new.serializer = nil }
    }
    let made = try new.metadata(shape: old.shape, meanByteCount: mean, stages: stages)
    let copy = try made.keepingWords(of: old, unless: isRenamed || dataType != old.dataType)
    return definesFillValue ? copy : try copy.withoutFillValue()
  }

  /// What the elements become.
  private static func dataType(
    of old: ArrayMetadata, _ format: ZarrFormat, _ options: CopyOptions
  ) -> DataType {
    switch old.dataType {
    case let type where type.isBlob && options.dataType != nil: options.dataType ?? type
    // The same bytes have one name in zarr-python, which is where those of v2 come from, and one in zarrs.
    case .rawBytes(let byteCount) where format == .version3,
      .opaqueBytes(let byteCount) where format == .version3:
      [DataType.rawBytes(byteCount: byteCount), .opaqueBytes(byteCount: byteCount)]
        .first { $0.name == options.dataTypeName }
        ?? (old.zarrFormat == .version2 ? .opaqueBytes(byteCount: byteCount) : old.dataType)
    default: old.dataType
    }
  }

  /// The fill value, or nil where it cannot be one of the new type.
  private static func fillValue(of old: ArrayMetadata, as dataType: DataType) -> [UInt8]? {
    guard dataType != old.dataType else { return old.fillValue }
    var value: [UInt8] = []
    let isConverted = (try? old.dataType.appendUnpadded(old.fillValue.rawSpan, to: &value)) != nil
    if !dataType.isBlob || dataType.layout != .variable { value = old.fillValue }
    return isConverted && (try? dataType.json(ofFillValue: value)) != nil ? value : nil
  }

  /// Takes over the attributes, what they and the fill value mean, and how chunks are named.
  ///
  /// - Returns: Whether the new array has a fill value.
  private static func keepConventions(of old: ArrayMetadata, in new: inout ArrayOptions) -> Bool {
    new.attributes = old.attributes
    new.dimensionNames = old.dimensionNames
    guard new.zarrFormat != old.zarrFormat else {
      new.chunkKeyEncoding = old.chunkKeyEncoding
      return true
    }
    let conventions = ArrayConventions(of: old)
    new.attributes = conventions.attributes(in: new.zarrFormat)
    new.dimensionNames = conventions.dimensionNames(in: new.zarrFormat)
    guard new.zarrFormat == .version2, new.dataType == old.dataType else { return true }
    let fillValue = conventions.version2FillValue(for: old.fillValue)
    new.fillValue = fillValue
    return fillValue != nil
  }

  /// Takes over the codecs in front of those between bytes, and returns these.
  private static func keepCodecs(of source: ZarrArray, in new: inout ArrayOptions) -> [MetadataExtension] {
    let codecs = InnerCodecs(of: source)
    let isCrossing = new.zarrFormat != source.metadata.zarrFormat
    new.filters = codecs.filters
    // Other types have other layouts.
    new.serializer = new.dataType == source.dataType ? codecs.serializer : nil
    guard isCrossing else { return codecs.stages }
    if let serializer = new.serializer,
      !["bytes", "vlen-bytes", "vlen-utf8", "numcodecs.vlen-array"].contains(serializer.name)
    {
      new.serializer = nil
    }
    if new.zarrFormat == .version2 {
      // JSON has a codec of its own there, and an order of dimensions that is not that of Fortran is only a
      // layout.
      if new.dataType == .json { new.serializer = nil }
      new.filters.removeAll { $0.name == TransposeCodec.name && !$0.reversesDimensions }
    }
    return codecs.registeredStages
  }

  /// Whether chunks are stored with the same bytes.
  private static func keepsStoredChunks(_ source: ZarrArray, _ new: ArrayMetadata) throws -> Bool {
    let old = source.metadata
    guard try new.readsAbsentChunks(like: old) || source.hasAllChunks() else { return false }
    if old.codecs == new.codecs && old.chunkGrid == new.chunkGrid && old.dataType.isStored(as: new.dataType) {
      return true
    }
    let chain = try CodecChain(new.codecs, new.codecContext)
    return old.chunkGrid == new.chunkGrid && old.dataType.isStored(as: new.dataType)
      && source.chain.hasAll(old.codecs)
      && source.chain.canonicalNames(of: old.codecs, old.dataType)
        == chain.canonicalNames(of: new.codecs, new.dataType)
  }
}

extension ArrayMetadata {
  /// Whether every library reads the same from chunks that are not stored as it does from those of another
  /// array.
  func readsAbsentChunks(like other: ArrayMetadata) -> Bool {
    hasSameFillValue(as: other) && (definedFillValue != nil || other.definedFillValue == nil)
  }

  /// Whether the fill values are the same, without the padding if only one of them may have some.
  func hasSameFillValue(as other: ArrayMetadata) -> Bool {
    fillValue == other.fillValue
      || dataType != other.dataType && unpaddedFillValue == other.unpaddedFillValue
  }

  private var unpaddedFillValue: [UInt8] {
    var value: [UInt8] = []
    guard dataType.isPadded, (try? dataType.appendUnpadded(fillValue.rawSpan, to: &value)) != nil
    else {
      return fillValue
    }
    return value
  }
}

extension ZarrArray {
  /// Whether it is known that all chunks are stored.
  fileprivate func hasAllChunks() throws -> Bool {
    let metadata = metadata
    let count = metadata.chunkGrid.chunkCount(of: metadata.shape)
    do {
      return try storedChunkIndices().count == count
    } catch ZarrError.store(_, StoreError.notListable) {
      return false
    }
  }
}
