import ArgumentParser
import CommandLineOptions

/// The flags that say which blobs are stored.
struct WorkloadOptions: ParsableArguments {
  @Option(help: "How many synthetic blobs to make.")
  var blobs = 1_000_000

  @Option(help: "The mean size of a synthetic blob, for example 300 or 4KiB.")
  var blobBytes = ByteCount.defaultBlob

  @Option(help: "How the sizes vary: \(Distribution.valueList).")
  var distribution = Distribution.lognormal

  @Option(help: "What the blobs hold: \(Content.valueList).")
  var content = Content.text

  @Option(help: "The same seed makes the same blobs.")
  var seed: UInt64 = 7

  @Option(
    help: ArgumentHelp(
      "Store real data instead: each regular file below DIR, or each line of FILE.",
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
  /// The mean size of synthetic blobs unless a flag says otherwise.
  static var defaultBlob: ByteCount { ByteCount(clamping: 300) }

  /// The size of a chunk unless a flag says otherwise.
  static var defaultChunk: ByteCount { ByteCount(clamping: 1 << 20) }
}
