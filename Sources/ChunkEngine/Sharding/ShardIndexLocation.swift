/// Where the index of a shard is.
public enum ShardIndexLocation: String, Hashable, Sendable, CaseIterable {
  /// In front of the inner chunks.
  case start
  /// Behind the inner chunks.
  case end
}
