import ChunkEngine

/// Values as the bytes that they are stored as.
enum EncodedElements {
  /// Encodes values.
  ///
  /// - Throws: ``ElementFailure``
  static func encode<Element: ZarrElement>(
    _ elements: [Element], as dataType: DataType
  ) throws -> any BlobSource {
    let batches = try ElementBlocks.map(count: elements.count) { range in
      var builder = try BlobBatchBuilder(count: range.count)
      var bytes: [UInt8] = []
      for index in range {
        bytes.removeAll(keepingCapacity: true)
        do throws(ElementError) {
          try elements[index].appendElement(of: dataType, to: &bytes)
        } catch {
          throw ElementFailure(index: index, reason: error)
        }
        // SAFETY: Bytes have no padding.
        try builder.append(unsafe bytes.span.bytes)
      }
      return try builder.finish()
    }
    return JoinedBlobs(batches)
  }
}
