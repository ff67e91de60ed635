/// The unit of points and spans of time, as NumPy has them.
public enum TimeUnit: String, Hashable, Sendable, CaseIterable {
  case years = "Y"
  case months = "M"
  case weeks = "W"
  case days = "D"
  case hours = "h"
  case minutes = "m"
  case seconds = "s"
  case milliseconds = "ms"
  case microseconds = "us"
  case nanoseconds = "ns"
  case picoseconds = "ps"
  case femtoseconds = "fs"
  case attoseconds = "as"
  /// No unit.
  case generic

  /// How many units one step may have.
  public static let scaleFactors = 1...Int(Int32.max)

  /// The bits of the number that stands for no time, `NaT`.
  static let notATime = UInt64(1) << 63

  /// Creates a unit from any of its spellings.
  init?(spelled name: String) {
    // The Greek letter and the sign that looks like it.
    self.init(rawValue: name == "\u{3BC}s" || name == "\u{B5}s" ? "us" : name)
  }
}
