import CDeflate

/// The blobs of a row, divided into those that are written and appended, with the sums that results must
/// have.
final class ComparedCorpus {
  /// All blobs.
  let all: Corpus
  /// The first nine tenths.
  let head: Corpus
  /// The last tenth.
  let tail: Corpus
  /// The sums over all blobs.
  let sums: BlobSums

  /// Divides a corpus.
  init(_ corpus: Corpus) {
    all = corpus
    let first = corpus.count - max(1, corpus.count / 10)
    head = corpus.part(0..<first)
    tail = corpus.part(first..<corpus.count)
    sums = BlobSums(corpus, Array(0..<corpus.count))
  }

  /// Some of the blobs.
  subscript(part: CorpusPart) -> Corpus {
    switch part {
    case .all: all
    case .head: head
    }
  }
}

/// Checksums that two lists of blobs share only if they are the same.
struct BlobSums: Equatable {
  /// The number of blobs.
  let count: Int
  /// The CRC-32 of the bytes of all blobs in order.
  let bytes: UInt32
  /// The CRC-32 of all lengths, each a little-endian `Int64`.
  let lengths: UInt32

  /// Creates sums that another process computed.
  init(count: Int, bytes: UInt32, lengths: UInt32) {
    self.count = count
    self.bytes = bytes
    self.lengths = lengths
  }

  /// Sums up some blobs of a corpus.
  init(_ corpus: Corpus, _ indices: [Int]) {
    var bytes: UInt32 = 0
    var lengths: UInt32 = 0
    for index in indices {
      bytes = Self.crc32(bytes, corpus[index])
      let length = [Int64(corpus.range(of: index).count).littleEndian]
      // SAFETY: Integers have no padding.
      lengths = Self.crc32(lengths, unsafe length.span.bytes)
    }
    self.init(count: indices.count, bytes: bytes, lengths: lengths)
  }

  /// Continues a CRC-32, which is 0 before the first byte.
  private static func crc32(_ sum: UInt32, _ bytes: RawSpan) -> UInt32 {
    unsafe bytes.withUnsafeBytes { bytes in
      // The library starts a new sum if there are no bytes.
      guard unsafe !bytes.isEmpty else { return sum }
      return unsafe libdeflate_crc32(sum, bytes.baseAddress, bytes.count)
    }
  }
}
