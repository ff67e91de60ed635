import ArgumentParser
import CommandLineOptions

/// The flags that choose the blobs.
struct WorkloadOptions: ParsableArguments {
  @Option(help: "The number of synthetic blobs.")
  var blobs = 1_000_000

  @Option(help: "The mean size of a synthetic blob, for example 300 or 4KiB.")
  var blobBytes = ByteCount.defaultBlob

  @Option(help: "The distribution of sizes: \(Distribution.valueList).")
  var distribution = Distribution.lognormal

  @Option(help: "The content of the blobs: \(Content.valueList).")
  var content = Content.text

  @Option(help: "The seed. The same seed makes the same blobs.")
  var seed: UInt64 = 7

  @Option(
    help: ArgumentHelp(
      "Store real data: each regular file below DIR, or each line of FILE.",
      valueName: "DIR|FILE.jsonl"))
  var data: String?

  func validate() throws {
    guard blobs > 0 else { throw ValidationError("--blobs must be above zero.") }
    // 1 TiB keeps every later sum of sizes far inside 64 bits.
    let (total, hasOverflowed) = blobs.multipliedReportingOverflow(by: blobBytes.value)
    guard !hasOverflowed, total <= 1 << 40 else {
      throw ValidationError("--blobs times --blob-bytes must be at most 1 TiB.")
    }
  }

  /// Makes or loads the blobs.
  func corpus() throws -> Corpus {
    if let data { return try Corpus(loading: data) }
    return Corpus(
      count: blobs, meanByteCount: blobBytes.value, distribution: distribution, content: content, seed: seed)
  }

  /// Makes or loads about the first `byteCount` bytes of the blobs.
  func corpus(byteCount: Int) throws -> Corpus {
    if data != nil { return try corpus().prefix(byteCount: byteCount) }
    return Corpus(
      count: min(blobs, max(1, byteCount / blobBytes.value)), meanByteCount: blobBytes.value,
      distribution: distribution, content: content, seed: seed)
  }

  /// The blobs in words.
  var summary: String {
    data ?? "\(distribution.rawValue) \(content.rawValue) blobs of \(blobBytes) bytes, seed \(seed)"
  }
}

extension CaseIterable where Self: RawRepresentable<String> {
  /// The values of a flag as its help lists them.
  static var valueList: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

extension ByteCount {
  /// The default mean size of synthetic blobs.
  static var defaultBlob: ByteCount { ByteCount(clamping: 300) }

  /// The default size of a chunk.
  static var defaultChunk: ByteCount { ByteCount(clamping: 1 << 20) }
}

/// How the sizes of synthetic blobs vary.
enum Distribution: String, Sendable, CaseIterable, Encodable, ExpressibleByArgument {
  /// Every blob has the mean size.
  case fixed
  /// Every size within a third of the mean is equally likely.
  case narrow
  /// Every size from 0 to twice the mean is equally likely.
  case uniform
  /// Many small blobs and few large ones: the logarithm of the size is normal with a deviation of 0.7.
  case lognormal
}

/// What synthetic blobs hold.
enum Content: String, Sendable, CaseIterable, Encodable, ExpressibleByArgument {
  /// Invented words, some far more frequent than others.
  case text
  /// JSON arrays of small records.
  case json
  /// Bytes that do not compress.
  case random
  /// Text, JSON or random bytes, chosen for each blob.
  case mixed
}

/// The layout of the blobs in memory before they are written.
enum SourceKind: String, Sendable, CaseIterable, Encodable, ExpressibleByArgument {
  /// One buffer and offsets.
  case arena
  /// One array of bytes for each blob.
  case objects
  /// One `Data` for each blob.
  case data
  /// One blob at a time through an appender.
  case stream
}
