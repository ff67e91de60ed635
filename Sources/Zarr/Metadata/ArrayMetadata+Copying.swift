extension ArrayMetadata {
  /// The same metadata with another name of the data type, or as it is for nil.
  func renamed(_ dataTypeName: String?) throws(MetadataError) -> ArrayMetadata {
    guard let dataTypeName else { return self }
    return try stating(
      dataType.metadata(named: dataTypeName), like: self)
  }

  /// The metadata of a copy in the words of its source, as far as they mean the same.
  ///
  /// - Parameters:
  ///   - source: The metadata of the array that is copied.
  ///   - hasOtherType: Whether the data type is another one, or is to have another name.
  /// - Returns: The metadata.
  /// - Throws: An error if they do not fit together, which they do for a copy.
  func keepingWords(
    of source: ArrayMetadata, unless hasOtherType: Bool
  ) throws(MetadataError) -> ArrayMetadata {
    guard zarrFormat == source.zarrFormat else { return self }
    guard var document = version2Document, let old = source.version2Document else {
      return try stating(hasOtherType ? statedDataType : source.statedDataType, like: source)
    }
    guard !hasOtherType else { return self }
    // Zarr v2 has structures of arrays, and fill values that are not defined.
    for name in ["dtype", "fill_value"] { document[name] = old[name] }
    return try ArrayMetadata(version2: document, attributes: attributes)
  }

  /// The same metadata with another data type as it is written, and what readers may ignore of other metadata.
  private func stating(
    _ stated: MetadataExtension, like source: ArrayMetadata
  ) throws(MetadataError) -> ArrayMetadata {
    try ArrayMetadata(
      shape: shape, dataType: dataType, statedDataType: stated, chunkGrid: chunkGrid,
      chunkKeyEncoding: chunkKeyEncoding, fillValue: fillValue, codecs: codecs, attributes: attributes,
      dimensionNames: dimensionNames, storageTransformers: source.storageTransformers,
      additionalFields: source.additionalFields)
  }
}
