import ArgumentParser

/// How the blobs lie in memory before they are written.
enum SourceKind: String, Sendable, CaseIterable, Encodable, ExpressibleByArgument {
  /// One buffer and offsets.
  case arena
  /// One array of bytes for each blob.
  case objects
  /// One `Data` for each blob.
  case data
  /// Blob after blob through an appender.
  case stream
}
