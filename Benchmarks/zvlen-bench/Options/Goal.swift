import ArgumentParser

/// What settings are tuned for.
enum Goal: String, Sendable, CaseIterable, Codable, ExpressibleByArgument {
  /// The fastest write.
  case write
  /// The fastest read of everything.
  case read
  /// The smallest result.
  case size
  /// The fastest read of single blobs.
  case random
}
