/// Where a checksum stands, named as in metadata.
public enum ChecksumLocation: String, Hashable, Sendable, CaseIterable {
  /// In front of the bytes.
  case start
  /// Behind the bytes.
  case end
}
