import ArgumentParser

/// What grows while all else stays the same.
enum GrowthAxis: String, Sendable, CaseIterable, Encodable, ExpressibleByArgument {
  /// The number of blobs of a stream.
  case blobs
  /// The number of threads.
  case workers
  /// The size of the chunks.
  case chunks
}
