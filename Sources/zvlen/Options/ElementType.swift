import ArgumentParser
import Zarr

/// What the elements of a new array are, as `--type` says it.
enum ElementType: String, ExpressibleByArgument, CaseIterable {
  /// Any bytes.
  case bytes
  /// Text in UTF-8.
  case string

  /// The data type in Zarr's words.
  var dataType: DataType {
    switch self {
    case .bytes: .bytes
    case .string: .string
    }
  }
}
