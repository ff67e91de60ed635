import ChunkEngine

/// How large chunks and shards become.
extension ArrayCopyPlan {
  /// The chunks of an array, the inner ones if they are divided.
  static func chunkSize(of source: ZarrArray) -> ChunkSize {
    source.layout.innerChunkShape.map(ChunkSize.shape) ?? .grid(source.metadata.chunkGrid)
  }

  /// The size of chunks that is asked for, as it applies to an array; nil if its chunks stay as they are.
  static func chunkSize(of source: ZarrArray, _ options: CopyOptions) throws -> ChunkSize? {
    let metadata = source.metadata
    switch options.chunkSize {
    case nil: return nil
    case .shape(let shape)? where shape.count != metadata.shape.count: return nil
    case .grid(let grid)? where grid.dimensions.count != metadata.shape.count: return nil
    case .evenBytes(let byteCount)?:
      guard metadata.shape.count == 1, metadata.dataType.layout == .variable else {
        return .grid(try grid(ofBytes: byteCount, source))
      }
      guard metadata.elementCount > 0 else { return .evenBytes(byteCount) }
      return .grid(try ChunkGrid(dimensions: [.lengths(try evenLengths(of: source, byteCount))]))
    case .bytes(let byteCount)?: return .grid(try grid(ofBytes: byteCount, source))
    case let size?: return size
    }
  }

  /// Chunks of about as many bytes, and no larger than the array.
  private static func grid(ofBytes byteCount: Int, _ source: ZarrArray) throws -> ChunkGrid {
    let shape = source.shape
    let grid = try ChunkSize.bytes(byteCount)
      .chunkGrid(for: shape, meanByteCount: try meanByteCount(of: source))
    return try ChunkGrid(chunkShape: zip(grid.chunkShape, shape).map { min($0, max(1, $1)) })
  }

  /// The mean size of the elements in wire form, or nil if no size in bytes is asked for.
  static func meanByteCount(of source: ZarrArray, _ options: CopyOptions) throws -> Double? {
    guard case .size(.bytes) = options.shards else { return nil }
    return try meanByteCount(of: source)
  }

  private static func meanByteCount(of source: ZarrArray) throws -> Double {
    let mean = try source.sampledMeanByteCount()
    return source.dataType.layout == .variable ? mean + Double(WireForm.lengthByteCount) : mean
  }

  /// The size of the shards of the new array, or nil if it has none.
  static func shardSize(
    of source: ZarrArray, _ chunkSize: ChunkSize?, _ mean: Double?, _ format: ZarrFormat,
    _ options: CopyOptions
  ) throws -> ChunkSize? {
    let metadata = source.metadata
    switch options.shards {
    case .none: return nil
    case .size(.shape(let shape)) where shape.count != metadata.shape.count: break
    case .size(let size): return size
    case .kept: break
    }
    guard format == .version3, source.layout.isSharded else { return nil }
    guard let chunkSize else { return .grid(metadata.chunkGrid) }
    let chunks = try chunkSize.chunkGrid(for: metadata.shape, meanByteCount: mean).chunkShape
    return .shape(
      zip(metadata.chunkGrid.chunkShape, chunks).map { shard, chunk in
        // A shard of whole chunks, as many as an integer can count.
        let count = min((shard - 1) / chunk + 1, Int.max / chunk)
        return count * chunk
      })
  }

  /// The lengths of chunks that end where the next element would make them larger than `byteCount`.
  private static func evenLengths(of source: ZarrArray, _ byteCount: Int) throws -> ChunkLengths {
    var lengths = ChunkLengths()
    var count = 0
    var free = byteCount - WireForm.headerByteCount
    try source.forEachBlock { block in
      let blobs = block.elements.blobs
      for index in block.elements.indices {
        let size = blobs[index].byteCount + WireForm.lengthByteCount
        if count > 0, size > free || count == ChunkGrid.maximumElementCount {
          try lengths.append(count)
          count = 0
          free = byteCount - WireForm.headerByteCount
        }
        count += 1
        free -= size
      }
    }
    if count > 0 { try lengths.append(count) }
    return lengths
  }
}

/// The codecs of the chunks of an array, of the inner ones if they are divided, by what they do.
struct InnerCodecs {
  /// The codecs in front of the one that turns elements into bytes.
  let filters: [MetadataExtension]

  /// The codec that turns elements into bytes.
  let serializer: MetadataExtension?

  /// The codecs after it.
  let stages: [MetadataExtension]

  /// The codecs after it, under their registered names of Zarr v3 if they have one.
  let registeredStages: [MetadataExtension]

  /// Takes the codecs of an array apart.
  ///
  /// Those that are not known, and may be ignored, are left out.
  init(of array: ZarrArray) {
    let chain = array.layout.chain
    var codecs = array.metadata.codecs
    if array.layout.isSharded {
      let settings = array.metadata.codecs.first.map { CodecSettings($0, field: "") }
      codecs = (try? settings?.extensions("codecs")) ?? [array.dataType.defaultCodec]
    }
    codecs.removeAll { CodecRegistry.factory($0.name) == nil }
    let serializer = min(chain.arrayToArray.count, codecs.count)
    filters = Array(codecs[..<serializer])
    self.serializer = serializer < codecs.count ? codecs[serializer] : nil
    stages = Array(codecs.dropFirst(serializer + 1))
    registeredStages = zip(stages, chain.stages).map { stated, stage in
      let codec = (stage.codec as? any MetadataCodec)?.metadata
      // A name of another library's own is not better than the one that is there.
      return codec.flatMap { $0.name.hasPrefix("numcodecs.") ? nil : $0 } ?? stated
    }
  }
}

extension CodecChain {
  /// The codecs of a chain in one spelling, so that those that do the same are equal whatever they are
  /// called.
  ///
  /// - Parameters:
  ///   - codecs: What metadata says of each codec of the chain.
  ///   - dataType: What the elements are.
  /// - Returns: As many codecs.
  func canonicalNames(of codecs: [MetadataExtension], _ dataType: DataType) -> [MetadataExtension] {
    let all = arrayToArray.map { $0 as Any } + [arrayToBytes as Any] + stages.map(\.codec)
    return zip(codecs, all).map { stated, codec in
      if stated.name == BytesCodec.name, !dataType.scalarByteCounts.contains(where: { $0 > 1 }) {
        return MetadataExtension(name: stated.name)
      }
      // Frames with and without a checksum are read alike.
      if let codec = codec as? ZstdCodec { return ZstdCodec(level: codec.level).metadata }
      return (codec as? any MetadataCodec)?.metadata ?? stated
    }
  }
}

extension MetadataExtension {
  /// Whether a codec that changes the order of dimensions turns it round, as Fortran has it.
  var reversesDimensions: Bool {
    let order = configuration["order"]?.arrayValue?.compactMap(\.integerValue) ?? []
    return order == Array((0..<order.count).reversed())
  }
}
