/// How blobs lie in memory before they are written, and after they were read.
enum Layout: String, Sendable, CaseIterable, Codable {
  /// As it suits the library best: contiguous memory with offsets, Arrow's arrays, views.
  case own
  /// One object of its language for each blob.
  case objects
}
