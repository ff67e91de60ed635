import ZarrPlatform

/// The most memory that data which is read can make the engine take.
///
/// Sizes in stored bytes are claims. Whatever they say, no chunk takes more than this at any stage of its codecs,
/// and no call returns more. The engine checks them once a chunk, not once an element.
public struct DecodingLimits: Hashable, Sendable {
  /// The most bytes that a chunk may decode to, at any stage.
  public var decodedByteCountPerChunk: Int

  /// The most bytes that one call may return: those of all elements, and of what points to them.
  public var decodedByteCountPerCall: Int

  /// The most elements that one call may return.
  public var elementCountPerCall: Int

  /// The most times its stored size that a chunk may decode to, if that is more than
  /// ``alwaysExpandedByteCount``.
  public var expansionRatio: Int

  /// The most bytes that the index of a shard may have.
  public var shardIndexByteCount: Int

  /// Creates limits.
  ///
  /// - Parameters:
  ///   - decodedByteCountPerChunk: 1 GiB by default.
  ///   - decodedByteCountPerCall: Half of the machine's memory by default. Each element counts with its bytes, and
  ///     with 8 more if elements are of any size.
  ///   - elementCountPerCall: Any number by default, within the bytes.
  ///   - expansionRatio: 1000 by default.
  ///   - shardIndexByteCount: 128 MiB by default. Each inner chunk takes 16 bytes.
  public init(
    decodedByteCountPerChunk: Int = 1 << 30,
    decodedByteCountPerCall: Int = DecodingLimits.usualByteCountPerCall, elementCountPerCall: Int = Int.max,
    expansionRatio: Int = 1000, shardIndexByteCount: Int = 128 << 20
  ) {
    self.decodedByteCountPerChunk = max(0, decodedByteCountPerChunk)
    self.decodedByteCountPerCall = max(0, decodedByteCountPerCall)
    self.elementCountPerCall = max(0, elementCountPerCall)
    self.expansionRatio = max(1, expansionRatio)
    self.shardIndexByteCount = max(0, shardIndexByteCount)
  }

  /// The bytes that a chunk may always decode to, however few are stored: 256 MiB.
  ///
  /// Chunks that repeat one value are common, and compress to next to nothing.
  public static let alwaysExpandedByteCount = 256 << 20

  /// Half of the machine's memory.
  public static let usualByteCountPerCall = Platform.memoryByteCount.map { $0 / 2 } ?? 1 << 32

  /// The most bytes that a chunk within the limits is stored as.
  ///
  /// Compressors add little to what they cannot compress: under a sixteenth, and some bytes for headers.
  public var storedByteCountPerChunk: Int {
    sumOrMaximum(decodedByteCountPerChunk, decodedByteCountPerChunk / 16 + 4096)
  }

  /// The most bytes that a chunk may decode to however little is stored of it.
  public var byteCountOfAnyChunk: Int { decodedByteCount(ofStored: 1) }

  /// Checks that a chunk could be read again, before it is stored.
  ///
  /// - Parameters:
  ///   - byteCount: The bytes of its elements, with their lengths.
  ///   - storedByteCount: The bytes that it is encoded to.
  /// - Throws: ``ChunkError/chunkTooLarge(byteCount:limit:)`` and
  ///   ``ChunkError/expansionExceedsLimit(codec:byteCount:storedByteCount:ratio:)``
  package func check(_ byteCount: Int, isStoredIn storedByteCount: Int) throws(ChunkError) {
    guard byteCount <= decodedByteCountPerChunk else {
      throw .chunkTooLarge(byteCount: byteCount, limit: decodedByteCountPerChunk)
    }
    guard byteCount <= decodedByteCount(ofStored: storedByteCount) else {
      throw .expansionExceedsLimit(
        codec: "the chunk", byteCount: byteCount, storedByteCount: storedByteCount, ratio: expansionRatio)
    }
  }

  /// The most bytes that a chunk of which `storedByteCount` bytes are stored may decode to.
  func decodedByteCount(ofStored storedByteCount: Int) -> Int {
    let (product, overflow) = storedByteCount.multipliedReportingOverflow(by: expansionRatio)
    return min(decodedByteCountPerChunk, overflow ? Int.max : max(Self.alwaysExpandedByteCount, product))
  }

  /// Turns the error of a codec into ``ChunkError/expansionExceedsLimit(codec:byteCount:storedByteCount:ratio:)`` if
  /// the ratio set the limit.
  func explaining(_ error: ChunkError, ofStored storedByteCount: Int) -> ChunkError {
    guard case .decodedByteCountExceedsLimit(let codec, let byteCount, let limit) = error,
      limit == decodedByteCount(ofStored: storedByteCount), limit < decodedByteCountPerChunk,
      byteCount ?? 0 <= decodedByteCountPerChunk
    else { return error }
    return .expansionExceedsLimit(
      codec: codec, byteCount: byteCount, storedByteCount: storedByteCount, ratio: expansionRatio)
  }
}
