/// The blobs of a run: one buffer and offsets.
///
///     bytes    | blob 0 | blob 1 |  …  |
///     offsets  0        o1       o2    bytes.count
struct Corpus: Sendable {
  /// The blobs, one behind the other.
  let bytes: [UInt8]

  /// Where each blob begins, and the end of the last.
  let offsets: [Int64]

  /// Makes synthetic blobs.
  ///
  /// - Complexity: O(bytes); about a second for 1 GB of text.
  init(count: Int, meanByteCount: Int, distribution: Distribution, content: Content, seed: UInt64) {
    var sizes = BlobSizes(mean: meanByteCount, distribution: distribution, seed: seed)
    var offsets: [Int64] = [0]
    offsets.reserveCapacity(count + 1)
    var end: Int64 = 0
    for _ in 0..<count {
      end += Int64(sizes.next())
      offsets.append(end)
    }
    var bytes = [UInt8](repeating: 0, count: Int(end))
    var filler = BlobFiller(seed: seed)
    var output = bytes.mutableSpan
    // SAFETY: The memory is initialized, and every bit pattern is a `UInt8`.
    var rawOutput = unsafe output.mutableBytes
    for index in 0..<count {
      filler.fill(&rawOutput, Int(offsets[index])..<Int(offsets[index + 1]), with: content)
    }
    self.init(bytes: bytes, offsets: offsets)
  }

  /// Creates a corpus of blobs that exist.
  ///
  /// - Precondition: `offsets` begins with 0, does not fall, and ends with the number of bytes.
  init(bytes: [UInt8], offsets: [Int64]) {
    precondition(offsets.first == 0, "the offsets do not begin with 0")
    precondition(offsets.last == Int64(bytes.count), "the offsets do not end with the bytes")
    self.bytes = bytes
    self.offsets = offsets
  }

  /// The bytes of the blob `index`.
  subscript(index: Int) -> RawSpan {
    @_lifetime(borrow self)
    get {
      // SAFETY: Bytes have no padding, and the corpus keeps them.
      let blob = unsafe bytes.span.bytes.extracting(range(of: index))
      return unsafe _overrideLifetime(blob, borrowing: self)
    }
  }

  /// The number of blobs.
  var count: Int { offsets.count - 1 }

  /// The bytes of all blobs together.
  var byteCount: Int { bytes.count }

  /// The mean size of a blob in bytes.
  var meanByteCount: Double { count == 0 ? 0 : Double(byteCount) / Double(count) }

  /// Where the blob `index` lies in ``bytes``.
  func range(of index: Int) -> Range<Int> { Int(offsets[index])..<Int(offsets[index + 1]) }

  /// A copy of some of the blobs.
  ///
  /// - Precondition: The range is inside of the corpus.
  func part(_ range: Range<Int>) -> Corpus {
    let first = offsets[range.lowerBound]
    return Corpus(
      bytes: Array(bytes[Int(first)..<Int(offsets[range.upperBound])]),
      offsets: offsets[range.lowerBound...range.upperBound].map { $0 - first })
  }

  /// The first blobs, as many as fit in `byteCount` and at least one.
  func prefix(byteCount limit: Int) -> Corpus {
    guard byteCount > limit, count > 1 else { return self }
    var low = 1
    var high = count
    while low < high {
      let middle = (low + high + 1) / 2
      if offsets[middle] <= Int64(limit) { low = middle } else { high = middle - 1 }
    }
    return part(0..<low)
  }

  /// Blobs from 16 places all over the corpus that have about so many bytes together.
  func spread(byteCount limit: Int) -> Corpus {
    guard byteCount > limit, count > 1 else { return self }
    let runCount = min(16, count)
    var bytes: [UInt8] = []
    var offsets: [Int64] = [0]
    for run in 0..<runCount {
      let start = count / runCount * run
      let end = run == runCount - 1 ? count : start + count / runCount
      let part = part(start..<end).prefix(byteCount: limit / runCount)
      let base = Int64(bytes.count)
      bytes.append(contentsOf: part.bytes)
      offsets.append(contentsOf: part.offsets.dropFirst().map { $0 + base })
    }
    return Corpus(bytes: bytes, offsets: offsets)
  }

  /// The number of blobs whose wire form comes nearest to `byteCount` bytes, at least one and at most all.
  func blobsPerChunk(byteCount: Int) -> Int {
    let perBlob = meanByteCount + 4
    return max(1, min(count, Int(UInt32.max), Int(((Double(byteCount) - 4) / perBlob).rounded())))
  }
}
