public import ChunkEngine

extension CodecChain {
  /// Encodes a chunk of all elements of `sources` in order.
  ///
  /// - Returns: The stored bytes, or `nil` if all elements equal `fillValue`.
  public func encoded(
    _ sources: any BlobSource..., unlessAllEqual fillValue: [UInt8]? = nil,
    maximumElementByteCount: Int = WireForm.portableElementByteCount
  ) throws -> [UInt8]? {
    var encoder = try ChunkEncoder(self, maximumElementByteCount: maximumElementByteCount)
    var stored: [UInt8]?
    _ = try encoder.encode(JoinedBlobs(sources), unlessAllEqual: fillValue) { stored = Array(copying: $0) }
    return stored
  }

  /// Encodes bytes as a chunk that is already laid out.
  public func encodedAsIs(_ bytes: [UInt8]) throws -> [UInt8] {
    var encoder = try ChunkEncoder(self)
    var arena = ByteArena()
    try arena.append(copying: bytes.span.bytes)
    var stored: [UInt8] = []
    _ = try encoder.encode(&arena, unlessAllEqual: nil) { stored = Array(copying: $0) }
    return stored
  }

  /// Decodes a chunk of `count` elements.
  public func decoded(
    _ stored: [UInt8], count: Int, limits: DecodingLimits = DecodingLimits()
  ) throws -> BlobView {
    var decoder = try ChunkDecoder(self, limits: limits)
    let builder = try BlobViewBuilder(count: count, chain: self)
    let chunk = try decoder.decode { arena, _ in
      try arena.append(copying: stored.span.bytes)
      return true
    }
    if let chunk {
      let run = ElementRun(chunkIndex: 0, selectionIndex: 0, count: count)
      try builder.place(chunk, count: count, runs: [run])
    }
    return builder.finish()
  }
}

/// Returns the engine's wire form of the elements of `sources`.
public func wireForm(_ sources: any BlobSource...) throws -> [UInt8] {
  var encoder = try ChunkEncoder(CodecChain(VlenBytesCodec()))
  var bytes: [UInt8] = []
  _ = try encoder.encode(JoinedBlobs(sources)) { bytes = Array(copying: $0) }
  return bytes
}

/// Returns a view of `elements` as one chunk.
public func blobView(of elements: [[UInt8]]) throws -> BlobView {
  try CodecChain(VlenBytesCodec()).decoded(referenceWireForm(elements), count: elements.count)
}

/// Returns a batch of `elements`.
public func blobBatch(of elements: [[UInt8]]) throws -> BlobBatch {
  var builder = try BlobBatchBuilder()
  for element in elements {
    try builder.append(element.span.bytes)
  }
  return try builder.finish()
}
