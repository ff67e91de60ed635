import Foundation

/// The blobs of a run: one buffer and offsets.
///
///     bytes    | blob 0 | blob 1 |  …  |
///     offsets  0        o1       o2    bytes.count
struct Corpus: Sendable {
  /// The bytes of all blobs in order.
  let bytes: [UInt8]

  /// The start of each blob, and the end of the last one.
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

  /// Creates a corpus of existing blobs.
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
  /// - Precondition: The range is within the corpus.
  func part(_ range: Range<Int>) -> Corpus {
    let first = offsets[range.lowerBound]
    return Corpus(
      bytes: Array(bytes[Int(first)..<Int(offsets[range.upperBound])]),
      offsets: offsets[range.lowerBound...range.upperBound].map { $0 - first })
  }

  /// The first blobs that fit in `byteCount`, at least one.
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

  /// Blobs from 16 places of the corpus, of about `limit` bytes in total.
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

extension Corpus {
  /// Loads real data: each regular file below a directory is a blob, or each line of a file.
  ///
  /// A final line feed begins no further line. Files are taken in the order of their paths, and symbolic
  /// links are not followed.
  ///
  /// - Throws: ``BenchmarkError`` if something cannot be read or there are no blobs.
  init(loading path: String) throws {
    do {
      try self.init(reading: path)
    } catch let error as CocoaError {
      throw BenchmarkError.noData(path: path, reason: error.localizedDescription)
    }
    guard count > 0 else { throw BenchmarkError.noData(path: path, reason: "There are no blobs.") }
  }

  private init(reading path: String) throws {
    let location = URL(fileURLWithPath: path)
    let values = try location.resourceValues(forKeys: [.isDirectoryKey])
    if values.isDirectory == true {
      try self.init(files: Self.regularFiles(below: location))
    } else {
      self.init(lines: [UInt8](try Data(contentsOf: location, options: .mappedIfSafe)))
    }
  }

  private init(files: [URL]) throws {
    var bytes: [UInt8] = []
    var offsets: [Int64] = [0]
    for file in files {
      bytes.append(contentsOf: try Data(contentsOf: file))
      offsets.append(Int64(bytes.count))
    }
    self.init(bytes: bytes, offsets: offsets)
  }

  private init(lines text: [UInt8]) {
    let lineFeed = UInt8(ascii: "\n")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var offsets: [Int64] = [0]
    var start = 0
    while start < text.count {
      let end = text[start...].firstIndex(of: lineFeed) ?? text.count
      bytes.append(contentsOf: text[start..<end])
      offsets.append(Int64(bytes.count))
      start = end + 1
    }
    self.init(bytes: bytes, offsets: offsets)
  }

  private static func regularFiles(below directory: URL) throws -> [URL] {
    let keys: Set<URLResourceKey> = [.isRegularFileKey]
    guard let files = FileManager.default.enumerator(at: directory, includingPropertiesForKeys: Array(keys))
    else { throw CocoaError(.fileReadUnknown, userInfo: [NSFilePathErrorKey: directory.path]) }
    return
      try files
      .compactMap { $0 as? URL }
      .filter { try $0.resourceValues(forKeys: keys).isRegularFile == true }
      .sorted { $0.path < $1.path }
  }
}
