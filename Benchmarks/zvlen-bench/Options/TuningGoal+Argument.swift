public import ArgumentParser
public import Zarr

extension TuningGoal: ExpressibleByArgument {
  /// What the settings for the goal give, in words.
  var title: String {
    switch self {
    case .write: "the fastest write"
    case .read: "the fastest read of everything"
    case .size: "the smallest result"
    case .random: "the fastest read of single blobs"
    }
  }
}
