/// What the settings of an array are tuned for.
public enum TuningGoal: String, Hashable, Sendable, CaseIterable, Codable {
  /// The fastest write of everything.
  case write
  /// The fastest read of everything.
  case read
  /// The smallest result.
  case size
  /// The fastest read of single elements.
  case random
}
