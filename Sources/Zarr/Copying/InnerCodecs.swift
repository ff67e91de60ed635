import ChunkEngine

/// The codecs of the chunks of an array, of the inner ones if they are divided, by what they do.
struct InnerCodecs {
  /// The codecs in front of the one that turns elements into bytes.
  let filters: [MetadataExtension]

  /// The codec that turns elements into bytes.
  let serializer: MetadataExtension?

  /// The codecs behind it.
  let stages: [MetadataExtension]

  /// The codecs behind it, under the names that are registered for Zarr v3 where they have one.
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
