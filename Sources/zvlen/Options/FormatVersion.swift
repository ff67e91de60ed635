import ArgumentParser
import Zarr

/// A version of the Zarr format, as `--zarr-format` says it.
enum FormatVersion: String, ExpressibleByArgument, CaseIterable {
  /// Zarr v2.
  case version2 = "2"
  /// Zarr v3.
  case version3 = "3"

  /// The version in the words of the library.
  var zarrFormat: ZarrFormat {
    switch self {
    case .version2: .version2
    case .version3: .version3
    }
  }
}
