import ArgumentParser
import Zarr

/// What the elements of a new array are, as `--type` says it.
enum ElementType: String, ExpressibleByArgument, CaseIterable {
  /// Any bytes.
  case bytes
  /// Text in UTF-8.
  case string
  /// JSON values.
  case json
  /// JSON values in an array of text, which other libraries can read.
  case jsonString = "json-string"

  /// The data type in Zarr's words.
  var dataType: DataType {
    switch self {
    case .bytes: .bytes
    case .string, .jsonString: .string
    case .json: .json
    }
  }
}
