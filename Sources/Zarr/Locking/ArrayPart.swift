/// What of an array one writer at a time may change.
enum ArrayPart: Hashable, Sendable {
  /// What is stored under the key of a chunk.
  case chunk([Int])
  /// The end, where elements are appended.
  case end
  /// The right to be the next one at the end.
  case turn
  /// The metadata.
  case metadata

  /// Whether it is a chunk.
  var isChunk: Bool { if case .chunk = self { true } else { false } }
}
