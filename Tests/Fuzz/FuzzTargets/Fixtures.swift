import Foundation

/// Bytes that other libraries wrote, from `Tests/Fixtures`.
enum Fixtures {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")

  /// The contents of files below a folder, chosen by the start and end of their path, shortest first.
  static func files(
    _ path: String, startingWith start: String = "", endingWith end: String, below limit: Int, count: Int
  ) throws -> [[UInt8]] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.appending(path: path).path())
      .filter { $0.hasPrefix(start) && $0.hasSuffix(end) }.sorted()
      .map { try Array(Data(contentsOf: folder.appending(path: "\(path)/\($0)"))) }
      .filter { $0.count < limit }.sorted { $0.count < $1.count }.prefix(count).map { $0 }
  }
}
