import ArgumentParser

/// The blobs of a row: a kind that this program makes, or those that `--data` names.
enum BlobKind: String, Sendable, CaseIterable, Encodable, ExpressibleByArgument {
  /// Short text: identifiers, tags.
  case bytes16 = "16B"
  /// JSON records.
  case records126 = "126B"
  /// Text of many lengths.
  case text300 = "300B"
  /// Long text.
  case text8K = "8KB"
  /// Bytes that no compressor makes smaller.
  case random1M = "1MB"
  /// Real data.
  case data

  /// The kinds that this program makes.
  static let synthetic: [BlobKind] = [.bytes16, .records126, .text300, .text8K, .random1M]

  /// The kind in words.
  var title: String {
    switch self {
    case .bytes16: "16 B text"
    case .records126: "126 B JSON records"
    case .text300: "300 B text"
    case .text8K: "8 KB text"
    case .random1M: "1 MB incompressible"
    case .data: "the data"
    }
  }

  /// The mean size of a blob, how sizes vary and what is in it; nil for real data.
  private var synthesis: (mean: Int, distribution: Distribution, content: Content)? {
    switch self {
    case .bytes16: (16, .uniform, .text)
    case .records126: (126, .narrow, .json)
    case .text300: (300, .lognormal, .text)
    case .text8K: (8_000, .lognormal, .text)
    case .random1M: (1_000_000, .narrow, .random)
    case .data: nil
    }
  }

  /// The bytes of all blobs of a row together, before they are scaled.
  ///
  /// The smaller the blobs, the more time each byte takes, above all where each is an object.
  private var payloadByteCount: Int {
    switch self {
    case .bytes16: 8 << 20
    case .records126: 24 << 20
    case .text300, .text8K, .data: 32 << 20
    case .random1M: 64 << 20
    }
  }

  /// More chunks than this take libraries minutes that spend a millisecond on each.
  private static let mostChunks = 8192

  /// Makes the blobs of a row: enough for a few chunks a worker, and not too many chunks.
  func corpus(chunkBytes: Int, scale: Double) -> Corpus? {
    guard let synthesis else { return nil }
    let most = Self.mostChunks * max(chunkBytes, synthesis.mean)
    let byteCount = Int(Double(min(payloadByteCount, most)) * scale)
    let count = max(byteCount, 4 * chunkBytes) / synthesis.mean
    return Corpus(
      count: count, meanByteCount: synthesis.mean, distribution: synthesis.distribution,
      content: synthesis.content, seed: 7)
  }
}
