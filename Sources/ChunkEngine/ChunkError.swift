/// The reason why a chunk could not be encoded or decoded.
///
/// Data never makes the engine trap: whatever is wrong with the elements of a chunk, or with its stored
/// bytes, is one of these cases.
@nonexhaustive
public enum ChunkError: Error, Hashable, Sendable {
  // MARK: Encoding

  /// An element is larger than the limit.
  case elementTooLarge(index: Int, byteCount: Int, limit: Int)
  /// A chunk has more elements than its header can say.
  case tooManyElements(count: Int)
  /// A chunk is larger than a codec or this machine can take.
  case chunkTooLarge(byteCount: Int, limit: Int)
  /// The offsets of contiguous elements decrease, or lie outside of their bytes.
  case invalidOffsets(index: Int)
  /// A source gave more or fewer bytes than it announced.
  case sourceChanged
  /// A source could not give an element.
  case sourceFailed(reason: String)
  /// A compression library reported an error.
  case compressionFailed(codec: String, reason: String)

  /// A codec cannot encode what it was given.
  case unencodable(codec: String, reason: String)

  // MARK: Decoding

  /// The bytes end inside of the header of `expected` bytes.
  case truncatedHeader(codec: String, byteCount: Int, expected: Int)
  /// An element claims more bytes than are left.
  case elementOverrun(index: Int, byteCount: Int, available: Int)
  /// The bytes end before the elements that the header counts.
  case truncatedElements(byteCount: Int, count: Int)
  /// The header counts other than the chunk's elements.
  case countMismatch(found: Int, expected: Int)
  /// Bytes follow what was to be decoded.
  case trailingBytes(codec: String, byteCount: Int)
  /// The decoded bytes are, or claim to be, more than the limit.
  case decodedByteCountExceedsLimit(codec: String, byteCount: Int?, limit: Int)
  /// The decoded bytes are, or claim to be, more times the stored ones than the limit.
  case expansionExceedsLimit(codec: String, byteCount: Int?, storedByteCount: Int, ratio: Int)
  /// The elements of one call have more bytes together than the limit.
  case callByteCountExceedsLimit(byteCount: Int?, limit: Int)
  /// The elements of one call are more than the limit.
  case callElementCountExceedsLimit(count: Int, limit: Int)
  /// The stored bytes are more than a chunk within the limits can have.
  case storedByteCountExceedsLimit(byteCount: Int, limit: Int)
  /// A header claims a decoded size that its bytes cannot give.
  case implausibleByteCount(codec: String, claimed: Int, encoded: Int)
  /// The decoded size is not the claimed one.
  case decodedByteCountMismatch(codec: String, claimed: Int, decoded: Int)
  /// A compression library found its input damaged.
  case decompressionFailed(codec: String, reason: String)
  /// A stored checksum is not that of the bytes.
  case checksumMismatch(codec: String, stored: UInt32, computed: UInt32)

  /// Stored bytes are not what the codec makes.
  case malformed(codec: String, reason: String)

  /// An inner chunk of a shard, which is counted in C order, is damaged.
  indirect case innerChunk(position: Int, reason: ChunkError)

  // MARK: Both

  /// A codec neither encodes nor decodes, because it would not be safe.
  case refused(codec: String, reason: String)

  /// What is stored needs what is not built in, such as a dictionary or a newer version of a format.
  case unsupported(codec: String, reason: String)

  /// An element, or a chunk of elements of one size, has other bytes than its type says.
  case byteCountMismatch(codec: String, found: Int, expected: Int)

  /// An element is not well-formed UTF-8.
  case invalidUTF8(index: Int)
  /// The system has no more memory.
  case outOfMemory(byteCount: Int)
  /// The caller asked to stop.
  case cancelled
}

extension ChunkError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .elementTooLarge(let index, let byteCount, let limit):
      "element \(index) has \(byteCount) bytes and the limit is \(limit)"
    case .tooManyElements(let count):
      "a chunk of \(count) elements is more than its header can count (4294967295)"
    case .chunkTooLarge(let byteCount, let limit):
      "a chunk of \(byteCount) bytes is above the limit of \(limit)"
    case .invalidOffsets(let index):
      "the offsets of element \(index) decrease or lie outside of the bytes"
    case .sourceChanged:
      "the source gave other than the bytes that it announced"
    case .sourceFailed(let reason):
      "the source could not give an element: \(reason)"
    case .compressionFailed(let codec, let reason):
      "\(codec) could not compress: \(reason)"
    case .unencodable(let codec, let reason):
      "\(codec) cannot encode this: \(reason)"
    case .refused(let codec, let reason):
      "\(codec) is refused: \(reason)"
    case .unsupported(let codec, let reason):
      "\(codec) data is not supported: \(reason)"
    case .malformed(let codec, let reason):
      "not valid \(codec) data: \(reason)"
    case .byteCountMismatch(let codec, let found, let expected):
      "\(codec) has \(found) bytes where \(expected) belong"
    case .innerChunk(let position, let reason):
      "inner chunk \(position): \(reason)"
    case .truncatedHeader(let codec, let byteCount, let expected):
      "\(codec) needs a header of \(expected) bytes and has \(byteCount)"
    case .elementOverrun(let index, let byteCount, let available):
      "element \(index) claims \(byteCount) bytes and \(available) are left"
    case .truncatedElements(let byteCount, let count):
      "the \(byteCount) bytes of the chunk end before its \(count) elements do"
    case .countMismatch(let found, let expected):
      "the header counts \(found) elements and the chunk has \(expected)"
    case .trailingBytes(let codec, let byteCount):
      "\(byteCount) bytes follow the end of the \(codec) data"
    case .decodedByteCountExceedsLimit(let codec, let byteCount, let limit):
      "\(codec) would decode to \(byteCount.map(String.init) ?? "more") bytes and the limit is \(limit)"
    case .expansionExceedsLimit(let codec, let byteCount, let storedByteCount, let ratio):
      "\(codec) would decode \(storedByteCount) stored bytes to \(byteCount.map(String.init) ?? "far more"), and "
        + "the limit is \(ratio) times as many"
    case .callByteCountExceedsLimit(let byteCount, let limit):
      "the elements have \(byteCount.map(String.init) ?? "more") bytes together, and the limit for one call is "
        + "\(limit)"
    case .callElementCountExceedsLimit(let count, let limit):
      "\(count) elements are asked for, and the limit for one call is \(limit)"
    case .storedByteCountExceedsLimit(let byteCount, let limit):
      "\(byteCount) stored bytes are above the limit of \(limit)"
    case .implausibleByteCount(let codec, let claimed, let encoded):
      "\(codec) claims to decode \(encoded) bytes to \(claimed), which it cannot"
    case .decodedByteCountMismatch(let codec, let claimed, let decoded):
      "\(codec) claims \(claimed) bytes and decodes to \(decoded)"
    case .decompressionFailed(let codec, let reason):
      "\(codec) could not decompress: \(reason)"
    case .checksumMismatch(let codec, let stored, let computed):
      "the \(codec) checksum is \(stored) and the bytes have \(computed)"
    case .invalidUTF8(let index):
      "element \(index) is not well-formed UTF-8"
    case .outOfMemory(let byteCount):
      "the system has no memory for \(byteCount) bytes"
    case .cancelled:
      "the work was cancelled"
    }
  }
}
