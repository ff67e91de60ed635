import ArgumentParser

/// What is done with the blobs of a row.
enum Work: String, Sendable, CaseIterable, Encodable, ExpressibleByArgument {
  /// All blobs into an empty directory.
  case write
  /// All blobs of a directory into memory.
  case read
  /// One blob at a time, of a directory that is open.
  case random
  /// The last tenth of the blobs, to the other nine.
  case append

  /// The work in words.
  var title: String {
    switch self {
    case .write: "write all"
    case .read: "read all"
    case .random: "read one at random"
    case .append: "append a tenth"
    }
  }
}
