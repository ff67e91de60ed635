import ChunkEngine

extension CodecContext {
  /// The codec together with what the next one gets.
  ///
  /// - Parameters:
  ///   - codec: A codec that gets elements as this context describes them.
  ///   - settings: Its settings, for errors.
  ///   - dataType: What the elements are behind the codec, or nil if they stay what they are.
  ///   - fillValue: The fill value behind the codec, or nil for what the codec makes of it.
  /// - Returns: The codec, and the context of the next one.
  /// - Throws: ``MetadataError`` if the codec cannot take chunks of this shape, or the fill value.
  func encoded(
    by codec: some ArrayToArrayCodec, _ settings: CodecSettings, as dataType: DataType? = nil,
    fillValue: [UInt8]? = nil
  ) throws(MetadataError) -> ResolvedCodec {
    do throws(ChunkError) {
      let shape = try chunkShape.map { shape throws(ChunkError) in
        try codec.encodedRepresentation(of: ChunkRepresentation(shape: shape, layout: self.dataType.layout))
          .shape
      }
      var encodedFillValue = fillValue ?? self.fillValue
      if dataType != nil, fillValue == nil { encodedFillValue = try self.encodedFillValue(by: codec) }
      return .arrayToArray(
        codec,
        CodecContext(dataType: dataType ?? self.dataType, fillValue: encodedFillValue, chunkShape: shape))
    } catch {
      throw MetadataError(code: .unexpectedValue, field: settings.field, message: error.description)
    }
  }

  /// What a codec makes of the fill value.
  private func encodedFillValue(by codec: some ArrayToArrayCodec) throws(ChunkError) -> [UInt8] {
    var arena = ByteArena()
    let chunk = try ChunkRepresentation(shape: [1], layout: dataType.layout)
    try codec.encode(unsafe fillValue.span.bytes, of: chunk, into: &arena)
    return unsafe arena.bytes.withUnsafeBytes { unsafe Array($0) }
  }
}
