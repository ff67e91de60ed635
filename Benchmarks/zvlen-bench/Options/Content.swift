import ArgumentParser

/// What synthetic blobs hold.
enum Content: String, Sendable, CaseIterable, Encodable, ExpressibleByArgument {
  /// Invented words, the frequent ones far more often than the rare ones.
  case text
  /// JSON arrays of small records.
  case json
  /// Bytes that do not compress.
  case random
  /// Each blob is one of the three others.
  case mixed
}
